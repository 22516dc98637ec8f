/**
 * The pack over the real program of both stacks, started by the real engine through its own executable. That the program
 * as it is deploys under it, and then breaks no rule, is in `review/workflows.engine.test.ts`.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ResourceTransformation, runtime } from "@pulumi/pulumi";
import test from "ava";
import { checkPolicies, checkStack, withPolicyPack } from "../../../automation/adapters/policy.ts";
import { PreviewError, PulumiStack } from "../../../automation/adapters/pulumi.ts";
import { engine } from "../../../automation/engine.ts";
import type { StackName } from "../../../components/model.ts";
import { PAIR_RULES } from "../../../policy/pair.ts";
import { RULES } from "../../../policy/rules/index.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { Providers } from "../../../sandbox/providers/providers.ts";
import { PROJECT } from "../../../stacks/config.ts";
import program from "../../../stacks/index.ts";
import { hosted } from "../../stacks/hosted.ts";
import { rawConfig } from "../../stacks/stackFile.ts";

const directory = await mkdtemp(path.join(tmpdir(), "policy-"));
const providers = await Providers.start({
  faults: new Faults(),
  regions: { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" },
  accountId: "123456789012",
  invocations: {
    "aws:dynamodb/getTableItem:getTableItem": async () => {
      throw new Error("reading DynamoDB Table Item (t|region|0): empty result");
    },
  },
});
test.before(async () => {
  await mkdir(path.join(directory, "state"));
  await writeFile(path.join(directory, "Pulumi.yaml"), `name: ${PROJECT}\nruntime: nodejs\n`);
  for (const stack of ["prod", "dr"] as const) {
    const config = JSON.stringify({ config: await rawConfig(stack) });
    await writeFile(path.join(directory, `Pulumi.${stack}.yaml`), config);
  }
});
test.after.always(async () => {
  await providers.close();
  await rm(directory, { recursive: true });
});

const signal = new AbortController().signal;
const context = { signal, say: () => {} };
const open = (name: StackName, run: () => Promise<unknown> = program): PulumiStack =>
  new PulumiStack(name, {
    projectDirectory: directory,
    projectName: PROJECT,
    environment: withPolicyPack({
      ...process.env,
      PULUMI_BACKEND_URL: `file://${directory}/state`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
    }),
    command: () => engine(),
    program: async () => run,
    started: async () => {},
    savesOnce: false,
  });

type Break = (props: Record<string, unknown>, name: string) => Record<string, unknown>;
/** Type → what is done to it: together they break every rule once or more. */
const SABOTAGE: Readonly<Record<string, Break>> = {
  "aws:rds/cluster:Cluster": (props) => ({ ...props, backupRetentionPeriod: 7, deletionProtection: false }),
  "aws:rds/clusterInstance:ClusterInstance": (props, name) => ({
    ...props,
    publiclyAccessible: true,
    instanceClass: name === "database-0" ? "db.r6g.large" : props["instanceClass"],
  }),
  "aws:dynamodb/table:Table": (props) => ({ ...props, replicas: [] }),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (props) => ({
    ...props,
    rules: [
      {
        applyServerSideEncryptionByDefault: {
          sseAlgorithm: "aws:kms",
          kmsMasterKeyId: "arn:aws:kms:eu-west-1:123456789012:key/1",
        },
      },
    ],
  }),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (props) => ({ ...props, blockPublicAcls: false }),
  "aws:eks/cluster:Cluster": (props) => ({
    ...props,
    vpcConfig: { ...(props["vpcConfig"] as object), publicAccessCidrs: ["0.0.0.0/0"] },
  }),
  "aws:ec2/securityGroup:SecurityGroup": (props, name) =>
    name === "database"
      ? { ...props, ingress: [{ protocol: "tcp", fromPort: 5432, toPort: 5432, cidrBlocks: ["0.0.0.0/0"] }] }
      : props,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (props) => ({
    ...props,
    policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
  }),
  "aws:lb/listener:Listener": (props) => ({ ...props, sslPolicy: "ELBSecurityPolicy-2016-08" }),
  "aws:route53/healthCheck:HealthCheck": (props) => ({ ...props, disabled: true }),
  "aws:route53/record:Record": (props) => (props["ttl"] === undefined ? props : { ...props, ttl: 60 }),
  "kubernetes:policy/v1:PodDisruptionBudget": (props) => ({
    ...props,
    spec: { ...(props["spec"] as object), maxUnavailable: 0 },
  }),
  "kubernetes:apps/v1:Deployment": (props) => {
    const spec = props["spec"] as { template: { spec: object } };
    const pod = { ...spec.template.spec, securityContext: {} };
    return { ...props, spec: { ...spec, template: { ...spec.template, spec: pod } } };
  },
};
const sabotage: ResourceTransformation = ({ type, name, props, opts }) => ({
  props: SABOTAGE[type]?.(props as Record<string, unknown>, name) ?? props,
  opts: type === "aws:dynamodb/tableItem:TableItem" ? { ...opts, ignoreChanges: ["item"] } : opts,
});
const sabotaged = async () => {
  runtime.registerStackTransformation(sabotage);
  return await program();
};

test.serial("each rule finds what breaks it in the real program", async (t) => {
  const stacks = { prod: open("prod", sabotaged), dr: open("dr", sabotaged) };
  await stacks.prod.create();
  await stacks.dr.create();
  const found = await hosted(() => checkPolicies(stacks, context));
  const violated = found.filter(({ outcome }) => outcome === "violation").map(({ rule }) => rule);
  const expected = [...RULES, ...PAIR_RULES]
    .map(({ name }) => name)
    .filter((name) => name !== "copy-elsewhere");
  t.deepEqual([...new Set(violated)].sort(), expected.sort());
  // Nothing is deployed: documents with ARNs in them, and the global database's id, are known to nobody yet.
  const unknown = found.filter(({ outcome }) => outcome === "unknown").map(({ rule }) => rule);
  t.deepEqual([...new Set(unknown)], ["no-wildcard-iam", "copy-elsewhere"]);
  t.deepEqual(
    found.find(({ rule, stack }) => rule === "cluster-endpoint" && stack === "dr"),
    {
      stack: "dr",
      rule: "cluster-endpoint",
      message:
        "cluster: list the ranges that may reach its API in vpcConfig.publicAccessCidrs, or set endpointPublicAccess: false",
      resource:
        "urn:pulumi:dr::trading-platform::trading-platform:components:Cluster$aws:eks/cluster:Cluster::cluster",
      outcome: "violation",
    },
  );
});

test.serial("a preview that fails for another reason is no finding", async (t) => {
  const broken = open("dr", async () => {
    throw new Error("no such program");
  });
  await t.throwsAsync(
    hosted(() => checkStack("dr", broken, signal)),
    { instanceOf: PreviewError, message: /no such program/ },
  );
});
