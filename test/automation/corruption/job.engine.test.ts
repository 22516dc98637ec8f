/** The Job that `dr replay --job` prints, applied to the sandbox's cluster: its pods against a real PostgreSQL. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import anyTest, { type ExecutionContext, type TestFn } from "ava";
import { readQuarantine } from "../../../automation/corruption/index.ts";
import { environmentOf, type RegionEnvironment } from "../../../components/environment.ts";
import { fence, openDynamoJournal, openWriter, readValid } from "../../../journal/index.ts";
import { PROJECTION_LOCK, Projection } from "../../../replay/index.ts";
import { url } from "../../../sandbox/addresses.ts";
import { SUPERUSER } from "../../../sandbox/aurora/postgres.ts";
import type { Properties } from "../../../sandbox/cloud/behaviour.ts";
import { ImageRegistry } from "../../../sandbox/compute/images.ts";
import type { Pod } from "../../../sandbox/compute/pod.ts";
import { INTERNET } from "../../../sandbox/faults.ts";
import { workloadImage } from "../../../sandbox/image.ts";
import type { State } from "../../../workload/engine/state.ts";
import { APPLICATION } from "../../../workload/projector/application.ts";
import { spec } from "../../components/spec.ts";
import { bytesOf, createDatabase, market, replayInto } from "../../replay/fixtures.ts";
import { JOURNAL } from "../../sandbox/aws/fixtures.ts";
import { REGIONS, until, ZONES } from "../../sandbox/compute/fixture.ts";
import { startRegion } from "../../sandbox/region.ts";
import { place } from "../../workload/engine/run.ts";
import {
  type Databases,
  linesOf,
  linesOfState,
  openDatabases,
  openShard,
} from "../../workload/projector/database.ts";
import { projectWith } from "../commands/outputs.ts";

const MAIN = path.join(import.meta.dirname, "../../../automation/main.ts");
const REGION = "us-west-2" as const;
const SHARDS = [0, 1, 2];
const JOBS = "/apis/batch/v1/namespaces/exchange/jobs";
const run = promisify(execFile);

interface JobObject {
  readonly metadata: { readonly name: string };
  readonly spec: Properties;
  readonly status?: Properties & { readonly conditions?: readonly Properties[] };
}
interface World {
  readonly databases: Databases;
  readonly region: Awaited<ReturnType<typeof startParked>>;
  /** What the shards' engines hold. */
  readonly states: readonly State[];
}
const test = anyTest.serial as TestFn<World>;

const environment: RegionEnvironment = {
  ...{ region: REGION, primaryRegion: REGIONS.primary, journalTable: JOURNAL.name, shards: SHARDS.length },
  ...{ window: 16, checkpointBucket: "checkpoints", archiveBucket: "archive", archiveRetentionDays: 1 },
  ...{ peerName: "peer", listenerPort: 8443 },
  database: { host: "nowhere", port: 1, name: "exchange", user: SUPERUSER, owner: undefined },
};

/** A region whose projector is parked, with a journal and an archive. */
async function startParked(teardown: ExecutionContext["teardown"]) {
  const zones = [ZONES[0].replace(REGIONS.primary, REGION)];
  const { addresses, compute, directory, edges, deploy } = await startRegion(
    { teardown },
    {
      ...{ region: REGION, zones, bucket: "archive" },
      doors: [{ place: INTERNET, host: "127.0.0.1", port: 0 }],
      images: new ImageRegistry([workloadImage("sha256:0")]),
    },
  );
  const endpoint = url(edges.address(INTERNET));
  const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret" };
  const client = new DynamoDBClient({ region: REGION, endpoint, credentials });
  teardown(() => client.destroy());
  const projector = { name: "projector", service: "projector", shard: undefined, spec: spec() };
  const variables = environmentOf({
    ...{ region: environment, port: 8080, shard: undefined, standby: false, grants: ["database"] },
    ...{ calls: [], own: {} },
  });
  await deploy(projector, 0, variables);
  return {
    endpoint,
    api: url(addresses.kubernetesApi(REGION)),
    cluster: compute.cluster(REGION),
    store: openDynamoJournal({ client, table: JOURNAL.name, primary: REGIONS.primary }),
    logOf: (pod: Pod) => readFileSync(path.join(directory, REGION, `${pod.birth.name}.log`), "utf8"),
  };
}

test.before(async (t) => {
  const teardowns: (() => unknown)[] = [];
  const region = await startParked((work) => void teardowns.unshift(work));
  const databases = await openDatabases();
  const close = async () => {
    for (const work of teardowns) await work();
    await databases.close();
  };
  const states = await Promise.all(
    SHARDS.map(async (shard) => {
      const { send, state, writer } = await openShard(region.store, shard);
      await send([place("GOLD:first", "buy", 1, 1, `first${shard}`)]);
      // One that trades, then whatever comes.
      await send([
        place("GOLD:buy", "buy", 100, 5, `ann${shard}`),
        place("GOLD:sell", "sell", 100, 5, `bob${shard}`),
      ]);
      const all = market(shard, 41 + shard, 3);
      for (let from = 0; from < all.length; from += 3) await send(all.slice(from, from + 3));
      writer.close();
      const next = await openWriter({ store: region.store, shard, region: "us-east-1", writer: "next" });
      next.close();
      return state;
    }),
  );
  Object.assign(t.context, { region, databases, states, close });
});
test.after.always(async (t) => {
  await (t.context as World & { close?: () => Promise<void> }).close?.();
});

async function dr(t: ExecutionContext<World>, args: readonly string[]) {
  const { endpoint, api } = t.context.region;
  const cluster = { name: "exchange", endpoint: api, certificateAuthority: "" };
  const change = { shards: SHARDS.length, journalTable: JOURNAL.name, cluster };
  const directory = await projectWith(t, ["prod", "dr"], change);
  const env = {
    ...{ PATH: process.env["PATH"], HOME: tmpdir(), DR_PROJECT_DIR: directory },
    ...{ PULUMI_BACKEND_URL: `file://${directory}/state`, AWS_ENDPOINT_URL: endpoint },
    ...{ AWS_ACCESS_KEY_ID: "AKIATEST", AWS_SECRET_ACCESS_KEY: "secret" },
  };
  return await run(process.execPath, [MAIN, ...args], { cwd: tmpdir(), env }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
}

const urlOf = ({ databases }: World, database: string): string => {
  const { host, port } = databases.primary.address;
  return `postgres://${host}:${port}/${database}`;
};

/** What `dr replay --job` prints. */
async function printed(t: ExecutionContext<World>, database: string): Promise<JobObject> {
  const args = ["replay", "--job", "--region", REGION, "--database", database, "--batch", "1"];
  const { stdout, stderr } = await dr(t, args);
  t.is(stderr, "");
  return JSON.parse(stdout) as JobObject;
}

async function call(t: ExecutionContext<World>, method: string, at: string, body?: object) {
  const response = await fetch(`${t.context.region.api}${at}`, {
    ...{ method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) },
    headers: { authorization: "Bearer any", connection: "close", "content-type": "application/json" },
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) throw new Error(`${method} ${at}: ${response.status} ${await response.text()}`);
  return (await response.json()) as JobObject;
}

async function apply(t: ExecutionContext<World>, job: JobObject) {
  const { name } = job.metadata;
  await call(t, "POST", `${JOBS}?fieldManager=kubectl-create`, job);
  const { cluster } = t.context.region;
  const pods = () => cluster.pods.all.filter(({ birth }) => birth.owner === name);
  t.teardown(async () => {
    await call(t, "DELETE", `${JOBS}/${name}`, { propagationPolicy: "Background" });
    await until("no pods of it", () => pods().length === 0);
  });
  return {
    pods,
    end: () =>
      until(`the end of ${name}`, async () => {
        const { status } = await call(t, "GET", `${JOBS}/${name}`);
        return status?.conditions !== undefined && status;
      }),
  };
}

const indexOf = ({ birth }: Pod) => birth.completion?.index;

test("the Job replays every shard, one pod killed and one told to stop in the middle, and ends as Complete", async (t) => {
  const { databases, region, states } = t.context;
  const { primary } = databases;
  const [whole, database] = [await createDatabase(primary), await createDatabase(primary)];
  await replayInto(primary, whole, region.store, { shards: SHARDS });
  const job = await printed(t, urlOf(t.context, database));
  await primary.session(async (client) => {
    await new Projection(client, APPLICATION).createSchema();
    // The second record of each shard waits to learn whether its order is there already.
    await client.query("BEGIN");
    await client.query(
      `INSERT INTO orders SELECT 'ann' || shard, 'GOLD:buy', shard, '', '', 0, 0, 0, 'open', 0, 0
       FROM unnest($1::integer[]) AS shard`,
      [SHARDS],
    );
    const { pods, end } = await apply(t, job);
    await until("all pods to wait", async () => {
      const waiting = await primary.query(
        "SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'transactionid'",
        [database],
      );
      return waiting.length === SHARDS.length;
    });
    t.is((await client.query("SELECT FROM watermark WHERE seq > 0")).rowCount, SHARDS.length);
    const [kept, killed, stopped] = SHARDS.map((shard) => pods().find((pod) => indexOf(pod) === shard));
    killed?.child?.kill("SIGKILL");
    stopped?.child?.kill("SIGTERM");
    await until("its failure", () => killed?.outcome === "Failed");
    // Progress is told once a second.
    await sleep(1_000);
    await client.query("ROLLBACK");
    t.like(await end(), {
      ...{ active: 0, succeeded: 3, failed: 2, completedIndexes: "0-2", failedIndexes: "" },
      conditions: { 0: { type: "Complete", status: "True" } },
    });
    t.deepEqual(
      [killed, stopped].map((pod) => pod?.state.kind === "ended" && pod.state.exitCode),
      [137, 143],
    );
    const outcomes = pods().map((pod) => `${indexOf(pod)} ${pod.outcome}`);
    t.deepEqual(outcomes.sort(), ["0 Succeeded", "1 Failed", "1 Succeeded", "2 Failed", "2 Succeeded"]);
    if (kept === undefined) return t.fail();
    const lines = region.logOf(kept).trimEnd().split("\n");
    const logged = lines.map((line) => JSON.parse(line) as Properties);
    t.like(logged.at(-1), { event: "replayed", program: "replay", region: REGION });
    const progress = logged.find(({ event, phase }) => event === "progress" && phase === "apply");
    t.like(progress, { shard: 0 });
    for (const figure of ["events", "total", "eventsPerSecond", "etaSeconds"] as const) {
      t.is(typeof progress?.[figure], "number", figure);
    }
  }, database);
  t.is(await bytesOf(primary, database), await bytesOf(primary, whole));
  for (const [shard, state] of states.entries()) {
    t.deepEqual(await linesOf(primary, database, shard), linesOfState(state));
  }
});

test("sabotage: pods that do not reach the database end the Job as Failed", async (t) => {
  const job = await printed(t, "postgres://127.0.0.1:9/nowhere");
  const { end, pods } = await apply(t, { ...job, spec: { ...job.spec, backoffLimitPerIndex: 1 } });
  t.like(await end(), {
    ...{ active: 0, succeeded: 0, failed: 6, completedIndexes: "", failedIndexes: "0-2" },
    conditions: { length: 1, 0: { type: "Failed", reason: "FailedIndexes" } },
  });
  for (const pod of pods()) t.regex(t.context.region.logOf(pod), /^fatal: Error: connect ECONNREFUSED/m);
});

test("a pod refuses what the command here refuses, in the same words, writes nothing, and no other tries", async (t) => {
  const { databases, region } = t.context;
  const database = await createDatabase(databases.primary);
  const address = urlOf(t.context, database);
  const refusal = `a projector is at work in database ${database}: stop it first, or let it catch up by itself`;
  await databases.primary.session(async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [PROJECTION_LOCK]);
    const job = await printed(t, address);
    const here = ["replay", "--region", REGION, "--database", address.replace("//", `//${SUPERUSER}@`)];
    const [{ stderr }, { end, pods }] = await Promise.all([dr(t, here), apply(t, job)]);
    t.is(stderr.trimEnd().split("\n").at(-1), `dr: ${refusal}`);
    t.like(await end(), { failed: 3, failedIndexes: "0-2", conditions: { 0: { type: "Failed" } } });
    t.is(pods().length, 3);
    for (const pod of pods()) t.is(region.logOf(pod), `fatal: TargetError: ${refusal}\n`);
    t.is((await client.query("SELECT FROM pg_class WHERE relname = 'watermark'")).rowCount, 0);
  }, database);
});

test("what came after a cut is set aside before the Job is printed", async (t) => {
  const { store } = t.context.region;
  const after: string[] = [];
  for await (const { record } of readValid(store, 0)) after.push(`${record.epoch}.${record.seq}`);
  const [first, ...cut] = after;
  await fence(store, 0, {
    ...{ region: REGIONS.primary, generation: 0, sealer: "run-1", reason: "cut" },
    cut: { epoch: 1, seq: Number(first?.split(".")[1]), index: null },
  });
  const directory = mkdtempSync(path.join(tmpdir(), "replay-job-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, "quarantine.ndjson");
  const { stdout, stderr } = await dr(t, ["replay", "--job", "--region", REGION, "--quarantine", file]);
  t.is((JSON.parse(stdout) as { kind: string }).kind, "Job");
  const quarantined = await readQuarantine(file);
  t.is(stderr, `${quarantined.length} acknowledged command(s) set aside in ${file}\n`);
  t.deepEqual([...new Set(quarantined.map(({ epoch, seq }) => `${epoch}.${seq}`))], cut);
});
