import test from "ava";
import { UNKNOWN, type Values } from "../../../../sandbox/providers/protocol/value.ts";
import { Calls } from "../calls.ts";

const NODES = "aws:eks/nodeGroup:NodeGroup";
const VPC = "aws:ec2/vpc:Vpc";
const GROUP = "aws:ec2/securityGroup:SecurityGroup";
const EKS = "aws:eks/cluster:Cluster";
const DATABASE = "aws:rds/cluster:Cluster";

const changes = (
  type: string,
  olds: Values,
  news: Values,
  ignoreChanges: string[] = [],
  oldInputs: Values = olds,
) =>
  new Calls()
    .diff(type, olds, news, ignoreChanges, oldInputs)
    .changes.map(({ path, kind, replaces }) => `${replaces ? "replace" : "change"}: ${kind} ${path}`);

test("the state's outputs count, not the last inputs: drift shows", (t) => {
  const inputs = { cidrBlock: "10.0.0.0/16", tags: { tier: "a" } };
  const drifted = { ...inputs, tags: { tier: "by hand", extra: "x" } };

  t.deepEqual(changes(VPC, drifted, inputs, [], inputs), [
    "change: delete tags.extra",
    "change: update tags.tier",
  ]);
});

test("an optional property that the program stops giving is taken away", (t) => {
  t.deepEqual(changes(VPC, { cidrBlock: "10.0.0.0/16", tags: { a: "b" } }, { cidrBlock: "10.0.0.0/16" }), [
    "change: delete tags",
  ]);
});

test("one that the cloud fills in stays as it is", (t) => {
  t.deepEqual(
    changes(VPC, { enableDnsHostnames: true, instanceTenancy: "default" }, { instanceTenancy: "default" }),
    [],
  );
});

test("absent and empty are the same, as to Terraform", (t) => {
  t.deepEqual(changes(GROUP, { revokeRulesOnDelete: false, ingress: [] }, { ingress: [] }), []);
  t.deepEqual(changes(GROUP, {}, { revokeRulesOnDelete: false, tags: {} }), []);
});

test("the order of ids says nothing, the order of rules does", (t) => {
  const nodes = (...subnetIds: string[]) => ({ clusterName: "c", subnetIds });
  t.deepEqual(changes(NODES, nodes("subnet-a", "subnet-b"), nodes("subnet-b", "subnet-a")), []);
  t.deepEqual(changes(NODES, nodes("subnet-a"), nodes("subnet-b")), ["replace: update subnetIds[0]"]);
});

test("a record's name is the same with its final dot and in capitals", (t) => {
  const record = (name: string) => ({ zoneId: "Z1", name, type: "A" });
  const type = "aws:route53/record:Record";

  t.deepEqual(changes(type, record("_x.example.com"), record("_X.example.com.")), []);
  t.deepEqual(changes(type, record("_x.example.com"), record("_y.example.com.")), ["replace: update name"]);
});

test("policies compare as what they say", (t) => {
  const role = (assumeRolePolicy: string) => ({ assumeRolePolicy });
  const type = "aws:iam/role:Role";

  t.deepEqual(changes(type, role('{"a":[1],"b":2}'), role('{ "b": 2, "a": [1] }')), []);
  t.deepEqual(changes(type, role('{"a":[1],"b":2}'), role('{"a":[2],"b":2}')), [
    "change: update assumeRolePolicy",
  ]);
});

test("an element added by hand shows, though the program never named it", (t) => {
  const rule = { fromPort: 443, toPort: 443, protocol: "tcp", cidrBlocks: ["10.0.0.0/16"] };
  const open = { fromPort: 22, toPort: 22, protocol: "tcp", cidrBlocks: ["0.0.0.0/0"] };

  t.deepEqual(changes(GROUP, { ingress: [rule, open] }, { ingress: [rule] }, [], { ingress: [rule] }), [
    "change: delete ingress[1]",
  ]);
});

test("parts of a structure that the cloud fills in are no change", (t) => {
  const asked = { vpcConfig: { subnetIds: ["subnet-a"] }, roleArn: "r" };
  const state = {
    ...asked,
    vpcConfig: { ...asked.vpcConfig, clusterSecurityGroupId: "sg-1", vpcId: "vpc-1" },
  };

  t.deepEqual(changes(EKS, state, asked, [], asked), []);
});

test("a part may replace where the whole does not, and the other way round", (t) => {
  const template = (id: string, version: string) => ({ launchTemplate: { id, version } });
  t.deepEqual(changes(NODES, template("lt-1", "1"), template("lt-1", "2")), [
    "change: update launchTemplate.version",
  ]);
  t.deepEqual(changes(NODES, template("lt-1", "1"), template("lt-2", "1")), [
    "replace: update launchTemplate.id",
  ]);
  const access = (bootstrapClusterCreatorAdminPermissions: boolean, authenticationMode: string) => ({
    accessConfig: { bootstrapClusterCreatorAdminPermissions, authenticationMode },
  });
  t.deepEqual(changes(EKS, access(true, "API"), access(false, "CONFIG_MAP")), [
    "change: update accessConfig.authenticationMode",
    "replace: update accessConfig.bootstrapClusterCreatorAdminPermissions",
  ]);
});

test("what is not known yet counts as changed, and replaces when the property does", (t) => {
  t.deepEqual(changes(EKS, { roleArn: "r", version: "1.34" }, { roleArn: UNKNOWN, version: "1.34" }), [
    "replace: update roleArn",
  ]);
});

test("a failover's changes to a database are ignored, and without that they promote, detach and replace", (t) => {
  const asked = {
    engine: "aurora-postgresql",
    engineVersion: "17.4",
    globalClusterIdentifier: "exchange",
    databaseName: "exchange",
  };
  const afterwards = {
    engine: "aurora-postgresql",
    engineVersion: "17.5",
    globalClusterIdentifier: "",
    databaseName: "other",
    replicationSourceIdentifier: "arn:primary",
  };
  const guarded = ["replicationSourceIdentifier", "globalClusterIdentifier", "databaseName", "engineVersion"];

  t.deepEqual(changes(DATABASE, afterwards, asked, guarded, asked), []);
  t.deepEqual(changes(DATABASE, afterwards, asked, [], asked), [
    "replace: update databaseName",
    "change: update engineVersion",
    "change: update globalClusterIdentifier",
    "change: delete replicationSourceIdentifier",
  ]);
});

test("properties that would replace and did not change are stable", (t) => {
  const { stables } = new Calls().diff(VPC, { cidrBlock: "10.0.0.0/16" }, { cidrBlock: "10.1.0.0/16" });

  t.false(stables.includes("cidrBlock"));
  t.true(stables.includes("ipv4IpamPoolId"));
});
