import test, { type ExecutionContext } from "ava";
import { AwsCalls } from "../../../../automation/adapters/aws-call.ts";
import { Endpoints } from "../../../../automation/adapters/endpoints.ts";
import type { StateResource } from "../../../../automation/adapters/state.ts";
import {
  certificateOf,
  databaseLag,
  imagePresence,
  keyStates,
  lastRestoreTests,
  newestBackups,
  quotas,
} from "../../../../automation/check/gather/resources.ts";
import { type Answered, type Asked, serve } from "../../adapters/server.ts";

const resource = (type: string, given: Partial<StateResource>): StateResource => ({
  ...{ urn: `urn::${type}::x`, type, inputs: {}, outputs: {}, protect: false },
  ...given,
});
const DIGEST = `sha256:${"a".repeat(64)}`;
const IMAGE = `123456789012.dkr.ecr.us-west-2.amazonaws.com/exchange/workload@${DIGEST}`;
const deployment = (image: string) =>
  resource("kubernetes:apps/v1:Deployment", {
    inputs: { spec: { template: { spec: { containers: [{ name: "main", image }] } } } },
  });

async function asking(
  t: ExecutionContext,
  resources: readonly StateResource[],
  answer: (request: Asked) => Answered,
) {
  const server = await serve(t, answer);
  const credentials = async () => ({ accessKeyId: "AKID", secretAccessKey: "secret" });
  const calls = new AwsCalls(new Endpoints(["us-west-2"]), credentials, `http://127.0.0.1:${server.port}`);
  return { asked: { calls, region: "us-west-2" as const, resources }, server };
}

test("an image is there when the registry of the region describes its digest", async (t) => {
  const { asked, server } = await asking(t, [deployment(IMAGE), deployment(IMAGE)], () => ({
    body: { imageDetails: [{}] },
  }));
  t.deepEqual(await imagePresence(asked), [{ image: IMAGE, present: true }]);
  t.is(server.asked.length, 1, "one image is asked for once");
  t.deepEqual(JSON.parse(server.asked[0]?.body ?? ""), {
    registryId: "123456789012",
    repositoryName: "exchange/workload",
    imageIds: [{ imageDigest: DIGEST }],
  });
});

test("an image that is not found is absent; one that cannot be asked for is unknown", async (t) => {
  const absent = await asking(t, [deployment(IMAGE)], () => ({
    status: 400,
    body: { __type: "ImageNotFoundException", message: "not there" },
  }));
  t.deepEqual(await imagePresence(absent.asked), [{ image: IMAGE, present: false }]);
  const denied = await asking(t, [deployment(IMAGE)], () => ({
    status: 400,
    body: { __type: "AccessDeniedException", message: "no" },
  }));
  t.deepEqual(await imagePresence(denied.asked), [
    { image: IMAGE, present: { unknown: "ecr in us-west-2: 400 no" } },
  ]);
  const elsewhere = IMAGE.replace("us-west-2", "us-east-1");
  const other = await asking(t, [deployment(elsewhere)], () => ({}));
  t.deepEqual(await imagePresence(other.asked), [
    { image: elsewhere, present: { unknown: `${elsewhere} is not in the registry of us-west-2` } },
  ]);
});

test("keys are asked for by their id, replicas too", async (t) => {
  const keys = [
    resource("aws:kms/key:Key", { id: "key-1" }),
    resource("aws:kms/replicaKey:ReplicaKey", { id: "mrk-2" }),
  ];
  const { asked } = await asking(t, keys, ({ body }) => ({
    body: { KeyMetadata: { KeyState: body.includes("mrk-2") ? "PendingDeletion" : "Enabled" } },
  }));
  t.deepEqual(await keyStates(asked), [
    { id: "key-1", state: "Enabled" },
    { id: "mrk-2", state: "PendingDeletion" },
  ]);
});

test("a certificate's end is in milliseconds; one that is not issued has none", async (t) => {
  const arn = "arn:aws:acm:us-west-2:1:certificate/c";
  const resources = [resource("aws:acm/certificate:Certificate", { id: arn })];
  const issued = await asking(t, resources, () => ({
    body: { Certificate: { Status: "ISSUED", NotAfter: 1_800_000_000 } },
  }));
  t.deepEqual(await certificateOf(issued.asked), { status: "ISSUED", expiresAt: 1_800_000_000_000 });
  t.deepEqual(JSON.parse(issued.server.asked[0]?.body ?? ""), { CertificateArn: arn });
  const pending = await asking(t, resources, () => ({
    body: { Certificate: { Status: "PENDING_VALIDATION" } },
  }));
  t.deepEqual(await certificateOf(pending.asked), { status: "PENDING_VALIDATION", expiresAt: null });
  const none = await asking(t, [], () => ({}));
  await t.throwsAsync(certificateOf(none.asked), { message: "the stack has no certificate" });
});

test("quotas are compared with all nodes at their most, and with the addresses of the state", async (t) => {
  const group = (maxSize: number) =>
    resource("aws:eks/nodeGroup:NodeGroup", {
      inputs: { instanceTypes: ["m7g.xlarge"], scalingConfig: { maxSize } },
    });
  const eip = resource("aws:ec2/eip:Eip", {});
  const { asked } = await asking(t, [group(6), group(6), group(6), eip, eip], ({ body }) => ({
    body: { Quota: { Value: body.includes("L-1216C47A") ? 64 : 5 } },
  }));
  t.deepEqual(await quotas(asked), [
    { title: "vCPUs of running on-demand instances", limit: 64, needed: 72 },
    { title: "Elastic IPs", limit: 5, needed: 2 },
  ]);
});

test("a quota that nobody asked to raise has AWS' default; a size or a quota that is not known is said so", async (t) => {
  const group = (type: string) =>
    resource("aws:eks/nodeGroup:NodeGroup", {
      inputs: { instanceTypes: [type], scalingConfig: { maxSize: 1 } },
    });
  const nowhere = { status: 400, body: { __type: "NoSuchResourceException", message: "no" } };
  const plain = await asking(t, [group("m7g.large")], ({ headers }) =>
    String(headers["x-amz-target"]).endsWith(".GetServiceQuota")
      ? nowhere
      : { body: { Quota: { Value: 5 } } },
  );
  t.deepEqual(await quotas(plain.asked), [
    { title: "vCPUs of running on-demand instances", limit: 5, needed: 2 },
    { title: "Elastic IPs", limit: 5, needed: 0 },
  ]);
  const metal = await asking(t, [group("m7g.metal")], () => ({ body: {} }));
  await t.throwsAsync(quotas(metal.asked), { message: "how many vCPUs m7g.metal has is not known here" });
  const none = await asking(t, [], () => nowhere);
  await t.throwsAsync(quotas(none.asked), { message: "the quota L-1216C47A has no value in us-west-2" });
});

const DATABASE = "arn:aws:rds:us-west-2:123456789012:cluster:exchange-us-west-2";
const TABLE = "arn:aws:dynamodb:us-west-2:123456789012:table/exchange-journal";
const vault = resource("aws:backup/vault:Vault", { outputs: { name: "exchange" } });
const selection = resource("aws:backup/selection:Selection", { inputs: { resources: [DATABASE, TABLE] } });

test("the newest complete backup of each resource counts; of restores, the last that a testing plan ended of each kind", async (t) => {
  const CreatedBy = { RestoreTestingPlanArn: "arn:plan" };
  const { asked, server } = await asking(t, [vault, selection], ({ url }) => ({
    body: url.startsWith("/restore-jobs/")
      ? {
          RestoreJobs: [
            {
              CreationDate: 900,
              CompletionDate: 1_740.5,
              Status: "COMPLETED",
              ResourceType: "Aurora",
              CreatedBy,
            },
            { CreationDate: 910, Status: "FAILED", ResourceType: "DynamoDB", CreatedBy },
            { CreationDate: 930, Status: "RUNNING", ResourceType: "Aurora", CreatedBy },
            { CreationDate: 950, Status: "FAILED", ResourceType: "Aurora" },
          ],
        }
      : {
          RecoveryPoints: [
            { CreationDate: 100.5, Status: "COMPLETED", ResourceArn: DATABASE },
            { CreationDate: 300, Status: "PARTIAL", ResourceArn: DATABASE },
            { CreationDate: 400, Status: "COMPLETED", ResourceArn: "arn:aws:rds:us-east-1:copied" },
          ],
        },
  }));
  t.deepEqual(await newestBackups(asked), [
    { resource: DATABASE, at: 100_500 },
    { resource: TABLE, at: null },
  ]);
  t.deepEqual(await lastRestoreTests(asked), [
    { kind: "DynamoDB", at: 910_000, status: "FAILED", seconds: null },
    { kind: "Aurora", at: 900_000, status: "COMPLETED", seconds: 840.5 },
  ]);
  t.deepEqual(
    server.asked.map(({ method, url }) => `${method} ${url}`),
    ["GET /backup-vaults/exchange/recovery-points/?maxResults=1000", "GET /restore-jobs/?maxResults=1000"],
  );
});

test("the newest backup and the last restore test may be on the last page", async (t) => {
  const CreatedBy = { RestoreTestingPlanArn: "arn:plan" };
  const point = (CreationDate: number) => ({ CreationDate, Status: "COMPLETED", ResourceArn: DATABASE });
  const job = (CreationDate: number, Status: string) => ({
    ...{ CreationDate, Status, ResourceType: "Aurora", CreatedBy },
  });
  const { asked } = await asking(t, [vault, selection], ({ url }) => {
    const isLast = url.endsWith("&nextToken=a%2Bb");
    return {
      body: url.startsWith("/restore-jobs/")
        ? {
            RestoreJobs: [isLast ? job(20, "FAILED") : job(10, "COMPLETED")],
            NextToken: isLast ? null : "a+b",
          }
        : { RecoveryPoints: [point(isLast ? 20 : 10)], NextToken: isLast ? null : "a+b" },
    };
  });
  t.is((await newestBackups(asked))[0]?.at, 20_000);
  t.deepEqual(await lastRestoreTests(asked), [
    { kind: "Aurora", at: 20_000, status: "FAILED", seconds: null },
  ]);
});

test("an empty vault and no test are answers, no vault and no plan are not", async (t) => {
  const empty = await asking(t, [vault, selection], () => ({ body: {} }));
  t.deepEqual(
    (await newestBackups(empty.asked)).map(({ at }) => at),
    [null, null],
  );
  t.deepEqual(await lastRestoreTests(empty.asked), []);
  const none = await asking(t, [], () => ({ body: {} }));
  await t.throwsAsync(newestBackups(none.asked), { message: "the stack has no backup vault" });
  const planless = await asking(t, [vault], () => ({ body: {} }));
  await t.throwsAsync(newestBackups(planless.asked), {
    message: "the stack's backup plan selects nothing",
  });
});

test("the replication lag is the newest minute's, in seconds; none is unknown", async (t) => {
  const { asked, server } = await asking(t, [], () => ({
    body: { MetricDataResults: [{ Id: "lag", Values: [420, 9_000] }] },
  }));
  t.is(await databaseLag(asked, "exchange-us-west-2", 1_800_000_000_500), 0.42);
  t.like(JSON.parse(server.asked[0]?.body ?? ""), { StartTime: 1_799_999_400, EndTime: 1_800_000_001 });
  const silent = await asking(t, [], () => ({ body: { MetricDataResults: [{ Id: "lag", Values: [] }] } }));
  await t.throwsAsync(databaseLag(silent.asked, "x", 0), {
    message: "CloudWatch has no replication lag of the last ten minutes",
  });
});
