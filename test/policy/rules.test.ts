import test from "ava";
import { RULES } from "../../policy/rules/index.ts";
import { UNKNOWN } from "../../policy/seen.ts";
import { broken, judge, resource, urnOf } from "./resources.ts";

const findings = (changes: Readonly<Record<string, unknown>>) =>
  RULES.flatMap((rule) =>
    judge(rule, broken(changes)).map(
      ({ message, unknown }) => `${unknown ? "?" : "!"} ${rule.name}: ${message}`,
    ),
  );

const pod = "deployment.props.spec.template.spec";
const policy = (...statements: object[]) => JSON.stringify({ Statement: statements });
const allow = (Action: string | string[], Resource = "arn:aws:s3:::b/*") => ({
  Effect: "Allow",
  Action,
  Resource,
});

test("a good stack breaks no rule", (t) => {
  t.deepEqual(findings({}), []);
});

/** What is changed in the good stack, and everything that is then found: nothing else may be. */
const CASES: readonly (readonly [Readonly<Record<string, unknown>>, ...string[]])[] = [
  [{ "key.protect": false }, "! stateful-protected: key: add the resource option protect: true"],
  [
    { "global.props.deletionProtection": undefined, "global.props.forceDestroy": true },
    "! stateful-protected: global: set deletionProtection: true",
    "! stateful-protected: global: remove forceDestroy: it takes every member out of the global database",
  ],
  [
    { "database.props.deletionProtection": false, "database.props.skipFinalSnapshot": true },
    "! stateful-protected: database: set deletionProtection: true",
    "! stateful-protected: database: set skipFinalSnapshot: false and a finalSnapshotIdentifier",
  ],
  [
    { "table.props.deletionProtectionEnabled": undefined },
    "! stateful-protected: table: set deletionProtectionEnabled: true",
  ],
  [
    { "bucket.props.forceDestroy": true },
    "! stateful-protected: bucket: remove forceDestroy: it empties the bucket to delete it",
  ],
  [
    { "cluster.props.deletionProtection": UNKNOWN },
    "? stateful-protected: cluster: deletionProtection is known only after the update",
  ],

  [
    { "database.props.kmsKeyId": undefined, "database.props.storageEncrypted": false },
    "! encrypted-in-region: database: set kmsKeyId to the ARN of a key of its own region",
    "! encrypted-in-region: database: set storageEncrypted: true",
  ],
  [
    { "table.props.replicas.0.kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1" },
    "! encrypted-in-region: table: replicas.0.kmsKeyArn is a key of us-east-1: name one of us-west-2, where the data is",
  ],
  [
    { "instance.props.performanceInsightsKmsKeyId": "alias/mine" },
    "! encrypted-in-region: instance: performanceInsightsKmsKeyId is no ARN of a key: name a key of us-east-1",
  ],
  [
    { encryption: undefined },
    "! encrypted-in-region: bucket: add a BucketServerSideEncryptionConfiguration with a key of its own region",
  ],
  [
    { "cluster.props.encryptionConfig.provider.keyArn": UNKNOWN },
    "? encrypted-in-region: cluster: encryptionConfig.provider.keyArn is known only after the update",
  ],

  [{ "database.props.backupRetentionPeriod": 7 }, "! backed-up: database: set backupRetentionPeriod: 35"],
  [
    { "table.props.pointInTimeRecovery": undefined, "table.props.replicas.0.pointInTimeRecovery": false },
    "! backed-up: table: set pointInTimeRecovery: { enabled: true }",
    "! backed-up: table: set pointInTimeRecovery: true for the replica in us-west-2",
  ],
  [{ versioning: undefined }, "! backed-up: bucket: add a BucketVersioning with status Enabled"],
  [
    { "versioning.props.versioningConfiguration.status": "Suspended" },
    "! backed-up: versioning: set versioningConfiguration: { status: Enabled }",
  ],

  [
    { "table.props.replicas": [] },
    "! replicated: table: add a replica with consistencyMode STRONG in the other region",
  ],
  [
    { "table.props.globalTableWitness.regionName": "us-west-2" },
    "! replicated: table: its table, replica and witness are in us-east-1, us-west-2, us-west-2: they must be in three different regions",
  ],
  [
    { "database.props.sourceRegion": "us-east-1", "instance.props.clusterIdentifier": "another" },
    "! replicated: database: its sourceRegion is its own (us-east-1): name the primary's region",
    "! replicated: database: add an instance: a secondary without one cannot be promoted",
  ],
  [
    { "database.props.globalClusterIdentifier": undefined },
    "! replicated: database: set globalClusterIdentifier: without it the other region has no copy",
  ],

  [{ "record.props.ttl": 60 }, "! short-ttl: record: set ttl to 20 seconds or less (dns.ttlSeconds)"],
  [
    { "proxy.props.proxied": false },
    "! short-ttl: proxy: set proxied: true: an answer that is not proxied stays cached too long",
  ],
  [
    { "check.props.type": "CLOUDWATCH_METRIC", "check.props.invertHealthcheck": true },
    "! health-from-outside: check: check the endpoint itself (type HTTPS): an alarm or a calculated check depends on the region that fails",
    "! health-from-outside: check: remove invertHealthcheck: silence must mean unhealthy",
  ],
  [
    { "check.props.disabled": true },
    "! health-from-outside: check: remove disabled: a check that is off is healthy",
  ],
  [
    { "alias.props.aliases.0.evaluateTargetHealth": false },
    "! health-from-outside: alias: set healthCheckId, or evaluateTargetHealth: true on its alias",
  ],
  [
    { "pool.props.monitor": undefined },
    "! health-from-outside: pool: set monitor: a pool without one counts as healthy",
  ],
  [
    { "listener.props.protocol": "TCP", "listener.props.sslPolicy": undefined },
    "! tls-forced: listener: set protocol: TLS (HTTPS on an application load balancer)",
    "! tls-forced: listener: set sslPolicy to an ELBSecurityPolicy-TLS13-1-… policy",
  ],
  [
    { "parameters.props.parameters": [{ name: "rds.force_ssl", value: "0" }] },
    '! tls-forced: parameters: add the parameter rds.force_ssl with value "1"',
  ],

  [
    { "instance.props.publiclyAccessible": true },
    "! private-database: instance: set publiclyAccessible: false",
  ],
  [{ "block.props.ignorePublicAcls": undefined }, "! private-buckets: block: set ignorePublicAcls: true"],
  [
    { block: undefined },
    "! private-buckets: bucket: add a BucketPublicAccessBlock with all four settings true",
  ],
  [
    { "bucketPolicy.props.policy": policy({ ...allow("s3:GetObject"), Principal: { AWS: "*" } }) },
    "! private-buckets: bucketPolicy: its policy lets everybody in: name the principals",
  ],
  [
    { "cluster.props.vpcConfig": { endpointPrivateAccess: false, publicAccessCidrs: ["0.0.0.0/0"] } },
    "! cluster-endpoint: cluster: set vpcConfig.endpointPrivateAccess: true",
    "! cluster-endpoint: cluster: list the ranges that may reach its API in vpcConfig.publicAccessCidrs, or set endpointPublicAccess: false",
  ],
  [
    { "group.props.ingress": [{ fromPort: 22, ipv6CidrBlocks: ["::/0"] }] },
    "! one-door: group: it lets 0.0.0.0/0 or ::/0 in and belongs to no load balancer: name the security group that may come in",
  ],
  [
    {
      open: resource(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "open",
        { cidrIpv4: "0.0.0.0/0", fromPort: 5432 },
        { needs: { securityGroupId: [urnOf("aws:ec2/securityGroup:SecurityGroup", "group")] } },
      ),
    },
    "! one-door: open: it lets 0.0.0.0/0 or ::/0 in and belongs to no load balancer: name the security group that may come in",
  ],

  [
    { "rolePolicy.props.policy": policy(allow("s3:*"), allow("rds:FailoverGlobalCluster", "*")) },
    "! no-wildcard-iam: rolePolicy: its policy allows s3:*: name the actions that it needs",
    "! no-wildcard-iam: rolePolicy: its policy allows rds:FailoverGlobalCluster on every resource: name the resources",
  ],
  [
    {
      "rolePolicy.props.policy": policy({ Effect: "Allow", NotAction: "iam:*", Resource: "arn:aws:s3:::b" }),
    },
    "! no-wildcard-iam: rolePolicy: its policy allows all but what NotAction or NotResource names: name what it may do",
  ],
  [
    { "role.props.assumeRolePolicy": policy({ Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" }) },
    "! no-wildcard-iam: role: its assumeRolePolicy lets everybody in: name the principals",
  ],
  [
    {
      attached: resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "attached", {
        policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
      }),
    },
    "! no-wildcard-iam: attached: it attaches AdministratorAccess: attach a policy that names its actions",
  ],
  [
    { "rolePolicy.props.policy": UNKNOWN },
    "? no-wildcard-iam: rolePolicy: policy is known only after the update",
  ],
  [{ "rolePolicy.props.policy": "{" }, "! no-wildcard-iam: rolePolicy: its policy is no policy document"],

  [
    { [`${pod}.topologySpreadConstraints`]: [], [`${pod}.tolerations.0.tolerationSeconds`]: 300 },
    "! zones-and-budgets: deployment: add a topologySpreadConstraint over topology.kubernetes.io/zone",
    "! zones-and-budgets: deployment: tolerate node.kubernetes.io/unreachable for at most 30 s: the default is 300",
  ],
  [
    { "budget.props.spec.selector.matchLabels": { app: "another" } },
    "! zones-and-budgets: deployment: add a PodDisruptionBudget whose selector matches its pods",
  ],
  [
    { "budget.props.spec.maxUnavailable": 0 },
    "! zones-and-budgets: budget: allow one pod to be moved (maxUnavailable: 1): no node could be drained",
  ],
  [
    {
      [`${pod}.containers.0.image`]: "exchange/workload:latest",
      [`${pod}.containers.0.resources`]: {},
      [`${pod}.securityContext.runAsNonRoot`]: false,
    },
    "! hardened-pods: deployment: set securityContext.runAsNonRoot: true",
    "! hardened-pods: deployment: give container gateway a CPU request",
    "! hardened-pods: deployment: give container gateway a memory request",
    "! hardened-pods: deployment: give container gateway its image by digest (@sha256:…)",
  ],

  [
    { "table.ignoreChanges": ["replicas"] },
    "! no-blind-spots: table: remove replicas from ignoreChanges: nothing else owns it, so it would drift unseen",
  ],
  [
    { "database.ignoreChanges": ["databaseName", "kmsKeyId"] },
    "! no-blind-spots: database: remove kmsKeyId from ignoreChanges: nothing else owns it, so it would drift unseen",
    "! no-blind-spots: database: add replicationSourceIdentifier to ignoreChanges: a failover changes it",
    "! no-blind-spots: database: add globalClusterIdentifier to ignoreChanges: a failover changes it",
  ],
];

for (const [changes, ...expected] of CASES) {
  test(`found when ${Object.keys(changes).join(" and ")} changes: ${expected[0]}`, (t) => {
    t.deepEqual(findings(changes), expected);
  });
}

test("every rule has a case that breaks it", (t) => {
  const caught = new Set(
    CASES.flatMap(([, ...expected]) => expected.map((line) => line.slice(2).split(":")[0])),
  );
  t.deepEqual([...caught].sort(), RULES.map(({ name }) => name).sort());
});

test("a key that is made in the same deployment is judged by where it comes from", (t) => {
  const from = (name: string) => ({ needs: { kmsKeyId: [urnOf("aws:kms/key:Key", name)] } });
  const unmade = { "database.props.kmsKeyId": UNKNOWN };
  t.deepEqual(findings({ ...unmade, "database.needs": from("key").needs }), []);
  const abroad = resource("aws:kms/key:Key", "abroad", {}, { protect: true, region: "us-west-2" });
  t.deepEqual(findings({ ...unmade, abroad, "database.needs": from("abroad").needs }), [
    "! encrypted-in-region: database: kmsKeyId is a key of us-west-2: name one of us-east-1, where the data is",
  ]);
});
