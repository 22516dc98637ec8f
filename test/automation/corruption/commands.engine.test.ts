/** `dr replay`, `validate` and `corruption find` as processes: over dynalite, an S3 of the test's own, and a real PostgreSQL. */
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DeleteItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import anyTest, { type ExecutionContext, type TestFn } from "ava";
import { toAttributes } from "../../../journal/attributes.ts";
import { type JournalRecord, openArchive, readValid } from "../../../journal/index.ts";
import { SUPERUSER } from "../../../sandbox/aurora/postgres.ts";
import { bytesOf, createDatabase, random, replayInto, writeMarket } from "../../replay/fixtures.ts";
import { type Cloud, openCloud, TABLE } from "../../workload/processes/cloud.ts";
import { type Databases, openDatabases } from "../../workload/projector/database.ts";
import { projectWith } from "../commands/outputs.ts";

const MAIN = path.join(import.meta.dirname, "../../../automation/main.ts");
const SHARDS = [0, 1];

interface World {
  readonly cloud: Cloud;
  readonly databases: Databases;
}
const test = anyTest.serial as TestFn<World>;

test.before(async (t) => {
  const [cloud, databases] = await Promise.all([openCloud(), openDatabases()]);
  Object.assign(t.context, { cloud, databases });
  await writeMarket(cloud.store, SHARDS.length, 41);
  const archive = openArchive({
    put: async (key, body) => void cloud.objects.set(`archive/${key}`, { body, headers: {} }),
    get: async () => undefined,
    list: async () => [],
  });
  for (const shard of SHARDS) {
    const records = (await Array.fromAsync(readValid(cloud.store, shard))).map(({ record }) => record);
    const last = records.at(-1);
    await archive.saveSegment(shard, records);
    if (last !== undefined) await archive.saveHead(last);
  }
});
test.after.always(async (t) => {
  await t.context.databases?.close();
  await t.context.cloud?.close();
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function dr(
  t: ExecutionContext<World>,
  args: readonly string[],
  killAfterMilliseconds?: number,
): Promise<Ended> {
  const directory = await projectWith(t, ["prod", "dr"]);
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: tmpdir(),
    env: {
      ...{ PATH: process.env["PATH"], HOME: tmpdir(), DR_PROJECT_DIR: directory },
      PULUMI_BACKEND_URL: `file://${directory}/state`,
      ...t.context.cloud.environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  if (killAfterMilliseconds !== undefined) {
    await sleep(killAfterMilliseconds);
    child.kill("SIGKILL");
  }
  return { code: await ended, stdout, stderr };
}

const urlOf = ({ databases }: World, database: string): string => {
  const { host, port } = databases.primary.address;
  return `postgres://${SUPERUSER}@${host}:${port}/${database}`;
};

/** Puts an edited record in another's place, for as long as the test runs. */
async function tamper(
  t: ExecutionContext<World>,
  record: JournalRecord,
  edit: Partial<JournalRecord>,
): Promise<void> {
  const { client } = t.context.cloud;
  const key = { pk: { S: `${record.shard}#${record.epoch}` }, sk: { N: String(record.seq) } };
  const put = (item: JournalRecord) =>
    client.send(new PutItemCommand({ TableName: TABLE, Item: { ...key, ...toAttributes(item) } }));
  t.teardown(() => put(record));
  await client.send(new DeleteItemCommand({ TableName: TABLE, Key: key }));
  await put({ ...record, ...edit });
}

async function recordAt({ cloud }: World, shard: number, seq: number): Promise<JournalRecord> {
  for await (const { record } of readValid(cloud.store, shard)) if (record.seq === seq) return record;
  throw new Error(`no record ${seq}`);
}

test("killed like a process is, the same command goes on, and the database is valid then", async (t) => {
  const { cloud, databases } = t.context;
  const { primary } = databases;
  const [whole, database] = [await createDatabase(primary), await createDatabase(primary)];
  const { events } = await replayInto(primary, whole, cloud.store, { shards: SHARDS });
  const draw = random(5);
  const replay = [
    "replay",
    "--region",
    "us-east-1",
    "--database",
    urlOf(t.context, database),
    "--batch",
    "3",
  ];
  for (let kill = 0; kill < 3; kill++) await dr(t, replay, 500 + draw(900));
  const done = await dr(t, [...replay, "--json"]);
  t.is(done.code, 0, done.stderr);
  const result = JSON.parse(done.stdout.trimEnd().split("\n").at(-1) ?? "");
  t.like(result, { type: "done", acknowledgedAfterCut: 0 });
  t.true(result.events <= events);
  t.is(await bytesOf(primary, database), await bytesOf(primary, whole));

  const valid = await dr(t, [
    "validate",
    "--region",
    "us-east-1",
    "--database",
    urlOf(t.context, database),
    "--no-engines",
  ]);
  t.is(valid.code, 0, valid.stderr);
  t.regex(
    valid.stdout,
    /^shard 0 at 2\.\d+: valid\n {2}chain {4}holds over \d+ records; 1 archived head\(s\) agree\n/,
  );

  await primary.session(
    (client) => client.query("UPDATE orders SET price = 7 WHERE client = 'late1'"),
    database,
  );
  const find = ["corruption", "find", "--region", "us-east-1", "--database", urlOf(t.context, database)];
  const differs = await dr(t, [...find, "--differs"]);
  t.regex(
    differs.stdout,
    /^shard 1, at 20\d\d-[^ ]+Z: orders late1\|GOLD:late \(record 2\.\d+\): price is 7, the journal says 1\n$/,
  );
  t.is(
    (
      await dr(t, [
        "validate",
        "--region",
        "us-east-1",
        "--database",
        urlOf(t.context, database),
        "--no-engines",
      ])
    ).code,
    17,
  );
});

test("the first bad event is found by a question, in a scratch database that is gone afterwards", async (t) => {
  const predicate = "SELECT client, price FROM orders WHERE client = 'late0'";
  const server = urlOf(t.context, "postgres");
  const found = await dr(t, [
    "corruption",
    "find",
    "--region",
    "us-east-1",
    "--predicate",
    predicate,
    "--scratch",
    server,
  ]);
  t.is(found.code, 0, found.stderr);
  t.regex(found.stdout, /^shard 0, record 2\.\d+, event 0, at 20\d\d-/);
  t.regex(found.stdout, /"client":"late0"/);
});

test("a chain that is broken is refused with nothing written, found by the archive, and replayed up to there", async (t) => {
  const { databases } = t.context;
  const database = await createDatabase(databases.primary);
  const record = await recordAt(t.context, 1, 3);
  await tamper(t, record, { body: record.body.replace("GOLD", "IRON") });
  const replay = ["replay", "--region", "us-east-1", "--database", urlOf(t.context, database)];
  const refused = await dr(t, replay);
  t.is(refused.code, 10, refused.stderr);
  t.regex(
    refused.stderr,
    /\ndr: shard 1, epoch 1, seq 3: the record does not hash to its hash: stop and compare with the archive\. Nothing was written\. `dr corruption find --tampered` names the record; --quarantine-from SHARD:1:3 replays what is before it\n$/,
  );
  await databases.primary.session(async (client) => {
    t.is((await client.query("SELECT FROM watermark WHERE seq > 0")).rowCount, 0);
  }, database);
  const tampered = await dr(t, ["corruption", "find", "--region", "us-east-1", "--tampered", "--json"]);
  t.like(JSON.parse(tampered.stdout).found[0], { shard: 1, archived: { seq: 3, body: record.body } });
  const partly = await dr(t, [...replay, "--quarantine-from", "1:1:3"]);
  t.is(partly.code, 0, partly.stderr);
  t.regex(partly.stderr, /\n\d+ acknowledged command\(s\) set aside in .*\.dr\/quarantine-\w+\.ndjson\n/);
  t.regex(partly.stdout, /^shard 1: from the beginning to 1\.2, 2 records, /m);
});

test("somebody else's database is refused with exit code 10", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  await primary.session((client) => client.query("CREATE TABLE invoices (id int)"), database);
  const refused = await dr(t, ["replay", "--region", "us-east-1", "--database", urlOf(t.context, database)]);
  t.is(refused.code, 10);
  t.is(
    refused.stderr.split("\n").at(-2),
    `dr: database ${database} has the tables invoices but no watermark: it is no projection of this journal; name an empty database or a restored one`,
  );
});
