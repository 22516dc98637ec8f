/** What a region's own systems say, in their wire formats: a fact that is read wrongly makes every check of it worthless. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { RDSClient } from "@aws-sdk/client-rds";
import { S3Client } from "@aws-sdk/client-s3";
import test, { type ExecutionContext } from "ava";
import type { RegionClients } from "../../../../automation/adapters/aws.ts";
import {
  archivedAt,
  checkpointAge,
  databaseCluster,
  databaseMembers,
  journalTable,
  silenceSeconds,
} from "../../../../automation/check/gather/region.ts";
import { type Asked, serve } from "../../adapters/server.ts";
import { outputsOf } from "../../commands/outputs.ts";

const OUTPUTS = outputsOf("dr");

async function asking(t: ExecutionContext, answer: (request: Asked) => unknown) {
  const server = await serve(t, (request) => ({ body: answer(request) }));
  const config = {
    region: "us-west-2",
    endpoint: `http://127.0.0.1:${server.port}`,
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
  };
  const clients: RegionClients = {
    dynamodb: new DynamoDBClient(config),
    rds: new RDSClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
    credentials: async () => config.credentials,
  };
  return { clients, server };
}

test("replicas and the witness of the journal, whether or not the one that is asked names itself", async (t) => {
  const Table = {
    TableStatus: "ACTIVE",
    Replicas: [{ RegionName: "us-east-1", ReplicaStatus: "UPDATING" }],
    GlobalTableWitnesses: [{ RegionName: "us-east-2", WitnessStatus: "CREATING" }],
  };
  const { clients } = await asking(t, () => ({ Table }));
  t.deepEqual(await journalTable(clients, OUTPUTS), [
    { region: "us-west-2", status: "ACTIVE" },
    { region: "us-east-1", status: "UPDATING" },
    { region: "us-east-2", status: "CREATING" },
  ]);
});

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeGlobalClusters.html */
const rds = (operation: string, result: string): string =>
  `<${operation}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><${operation}Result>${result}</${operation}Result></${operation}Response>`;
const member = (region: string, isWriter: boolean, more = "") =>
  `<GlobalClusterMember><DBClusterArn>arn:aws:rds:${region}:123456789012:cluster:exchange-${region}</DBClusterArn><IsWriter>${isWriter}</IsWriter>${more}</GlobalClusterMember>`;

test("who writes, and how the other follows", async (t) => {
  const members = `${member("us-east-1", true)}${member("us-west-2", false, "<SynchronizationStatus>pending-resync</SynchronizationStatus>")}`;
  const { clients, server } = await asking(t, () =>
    rds(
      "DescribeGlobalClusters",
      `<GlobalClusters><GlobalClusterMember><GlobalClusterMembers>${members}</GlobalClusterMembers></GlobalClusterMember></GlobalClusters>`,
    ),
  );
  t.deepEqual(await databaseMembers(clients, OUTPUTS), [
    { region: "us-east-1", isWriter: true, synchronization: null },
    { region: "us-west-2", isWriter: false, synchronization: "pending-resync" },
  ]);
  t.regex(server.asked[0]?.body ?? "", /GlobalClusterIdentifier=exchange/);
});

test("a cluster with what it runs on and its backups; one that RDS says little of is not guessed", async (t) => {
  const described = (cluster: string, instances: string) => (request: Asked) =>
    request.body.includes("Action=DescribeDBInstances")
      ? rds("DescribeDBInstances", `<DBInstances>${instances}</DBInstances>`)
      : rds("DescribeDBClusters", `<DBClusters>${cluster}</DBClusters>`);
  const instance = (of: string, size: string) =>
    `<DBInstance><DBClusterIdentifier>${of}</DBClusterIdentifier><DBInstanceClass>${size}</DBInstanceClass></DBInstance>`;
  const full = await asking(
    t,
    described(
      "<DBCluster><Status>modifying</Status><EngineVersion>17.4</EngineVersion><BackupRetentionPeriod>1</BackupRetentionPeriod><LatestRestorableTime>2026-11-26T06:00:00Z</LatestRestorableTime></DBCluster>",
      `${instance("exchange-us-west-2", "db.r7g.medium")}${instance("another", "db.r7g.large")}`,
    ),
  );
  t.deepEqual(await databaseCluster(full.clients, OUTPUTS), {
    ...{ status: "modifying", engineVersion: "17.4", instances: 1, classes: ["db.r7g.medium"] },
    ...{ backupRetentionDays: 1, latestRestorableAt: Date.parse("2026-11-26T06:00:00Z") },
  });
  const bare = await asking(t, described("<DBCluster></DBCluster>", ""));
  t.deepEqual(await databaseCluster(bare.clients, OUTPUTS), {
    ...{ status: null, engineVersion: null, instances: 0, classes: [] },
    ...{ backupRetentionDays: null, latestRestorableAt: null },
  });
  const none = await asking(t, described("", ""));
  await t.throwsAsync(databaseCluster(none.clients, OUTPUTS), {
    message: "there is no cluster exchange-us-west-2",
  });
});

test("the shard that is longest without a record counts", (t) => {
  const head = (shard: number, seq: number, ts: number) => ({ shard, epoch: 1, seq, hash: "", ts });
  t.is(silenceSeconds([head(0, 5, 9_000), head(1, 7, 2_500), head(2, 0, 0)] as never, 10_000), 7.5);
  t.is(silenceSeconds([head(0, 0, 0)] as never, 10_000), null);
});

const listed = (...keys: readonly string[]) =>
  `<ListBucketResult>${keys.map((key) => `<Contents><Key>${key}</Key><LastModified>2026-11-26T06:0${key.at(-1)}:00Z</LastModified></Contents>`).join("")}</ListBucketResult>`;
const truncated = (...keys: readonly string[]) =>
  listed(...keys).replace("<ListBucketResult>", "<ListBucketResult><IsTruncated>true</IsTruncated>");
const HEAD = { shard: 1, epoch: 3, seq: 900, hash: "", ts: 0 } as never;

test("a checkpoint's key says what it covers; without one all is tail", async (t) => {
  const down = (value: number) => String(Number.MAX_SAFE_INTEGER - value).padStart(16, "0");
  const { clients, server } = await asking(t, () => listed(`checkpoints/1/${down(3)}/${down(860)}/2`));
  t.deepEqual(await checkpointAge(clients, "checkpoints", HEAD), {
    at: Date.parse("2026-11-26T06:02:00Z"),
    tailRecords: 40,
  });
  t.is(new URL(server.asked[0]?.url ?? "", "http://s3").searchParams.get("prefix"), "checkpoints/1/");
  const none = await asking(t, () => listed());
  t.deepEqual(await checkpointAge(none.clients, "checkpoints", HEAD), { at: null, tailRecords: 900 });
});

test("the archive is as old as the newest head in it, however many there are since the epoch before", async (t) => {
  const { clients, server } = await asking(t, ({ url }) =>
    url.includes(encodeURIComponent("heads/1/a/4"))
      ? listed("heads/1/a/7")
      : truncated("heads/1/a/1", "heads/1/a/4"),
  );
  t.is(await archivedAt(clients, "archive", HEAD), Date.parse("2026-11-26T06:07:00Z"));
  const [first, second] = server.asked.map(({ url }) => new URL(url, "http://s3").searchParams);
  t.is(first?.get("start-after"), `heads/1/${"2".padStart(16, "0")}/${"0".repeat(16)}`);
  t.is(second?.get("start-after"), "heads/1/a/4");
  const none = await asking(t, () => listed());
  t.is(await archivedAt(none.clients, "archive", HEAD), null);
});
