/**
 * Replay into PostgreSQL against a bare COPY of the same rows, and hash verification: `npm run bench -- replay`.
 *
 * Both fill the same tables with the same keys on the same server in the same run; the rows of the COPY are those that
 * the replay made, in the log's order, read from a file. The replay reads the log from files too, and does all that an
 * operator's does: the verification before anything is written is in its time. `--events N` (default 5,000,000),
 * `--shards N` (default 1, then 4).
 */
import { execFile } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { WATERMARK_TABLE } from "../replay/index.ts";
import { SUPERUSER } from "../sandbox/aurora/postgres.ts";
import { openDatabases } from "../test/workload/projector/database.ts";
import { SCHEMA } from "../workload/projector/schema.ts";
import { writeLog } from "./support/write-log.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "5000000" },
    shards: { type: "string", multiple: true, default: ["1", "4"] },
    batch: { type: "string" },
  },
});
const EVENTS = Number(values.events);
const OBJECTIVES = { ratio: 0.5, megabytes: 512, verifiedPerSecond: 1_000_000 };
/** A server that is restored into has more memory than the sandbox's: both contenders get it. */
const SERVER = { shared_buffers: "1GB", max_wal_size: "8GB", checkpoint_timeout: "30min" };

interface Result {
  readonly events: number;
  /** Of the process itself. */
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}
interface Verified extends Result {
  readonly seconds: number;
}
interface ReplayResult extends Result {
  readonly verifySeconds: number;
  readonly applySeconds: number;
}

const root = await mkdtemp(path.join(process.env["BENCH_DIRECTORY"] ?? tmpdir(), "bench-replay-"));
const databases = await openDatabases(SERVER);
const { primary } = databases;
try {
  for (const shards of values.shards.map(Number)) {
    const log = path.join(root, `log-${shards}`);
    await mkdir(log);
    await writeLog(log, shards, EVENTS);
    const bytes = (await Promise.all(files(log, shards).map((file) => stat(file)))).reduce(
      (sum, { size }) => sum + size,
      0,
    );
    say(`${count(EVENTS)} events, ${shards} shard(s), a log of ${(bytes / 1e9).toFixed(2)} GB`);

    const verified = await inProcess<Verified>([log, "", String(shards)]);
    const verifiedPerSecond = verified.events / verified.cpuSeconds;
    verdict(
      `  verification  ${count(verifiedPerSecond)} events/s of one core's time, ${count(verified.events / verified.seconds)}/s by the clock`,
      verifiedPerSecond >= OBJECTIVES.verifiedPerSecond,
    );

    const database = `replayed_${shards}`;
    await primary.query(`CREATE DATABASE ${database}`);
    const { host, port } = primary.address;
    const url = `postgres://${SUPERUSER}@${host}:${port}/${database}`;
    await primary.query("CHECKPOINT");
    const idle = await serverCpuSeconds();
    const done = await inProcess<ReplayResult>([
      log,
      url,
      String(shards),
      ...(values.batch ? [values.batch] : []),
    ]);
    const replaySeconds = done.verifySeconds + done.applySeconds;
    say(
      `  replay        ${replaySeconds.toFixed(1)} s (${done.verifySeconds.toFixed(1)} s of it verification), ${count(done.events / replaySeconds)} events/s`,
    );
    verdict(
      `  memory        ${Math.round(done.peakMegabytes)} MB at its peak`,
      done.peakMegabytes < OBJECTIVES.megabytes,
    );

    const replayCpu = done.cpuSeconds + (await serverCpuSeconds()) - idle;
    const { rows, seconds, cpuSeconds } = await bareCopy(database, shards);
    say(
      `  bare COPY     ${seconds.toFixed(1)} s for the same ${count(rows)} rows, ${count(rows / seconds)} rows/s`,
    );
    const ratio = seconds / replaySeconds;
    verdict(`  ratio         ${ratio.toFixed(2)} of the COPY's rate`, ratio >= OBJECTIVES.ratio);
    // What others do on the machine at the same time spoils clocks, CPU time less.
    say(
      `  CPU           ${replayCpu.toFixed(1)} s for the replay (${done.cpuSeconds.toFixed(1)} s of it ours), ${cpuSeconds.toFixed(1)} s for the COPY, clients included`,
    );
    await primary.query(`DROP DATABASE ${database}`);
    await rm(log, { recursive: true });
  }
} finally {
  await databases.close();
  await rm(root, { recursive: true, force: true });
}

/** The rows of each shard by a session of its own, all at once, into an empty database. */
async function bareCopy(
  source: string,
  shards: number,
): Promise<{ rows: number; seconds: number; cpuSeconds: number }> {
  const tables = ["orders", "trades"] as const;
  const dumps = Array.from({ length: shards }, (_, shard) =>
    tables.map((table) => ({ table, shard, file: path.join(root, `${table}-${shard}.copy`) })),
  );
  let rows = 0;
  await primary.session(async (client) => {
    for (const { table, shard, file } of dumps.flat()) {
      const query = client.query(
        copyTo(`COPY (SELECT * FROM ${table} WHERE shard = ${shard} ORDER BY epoch, seq) TO STDOUT`),
      );
      await pipeline(query, createWriteStream(file));
      rows += query.rowCount;
    }
  }, source);
  const target = `copied_${shards}`;
  await primary.query(`CREATE DATABASE ${target}`);
  await primary.session((client) => client.query(`${WATERMARK_TABLE}${SCHEMA}`), target);
  await primary.query("CHECKPOINT");
  const idle = await serverCpuSeconds();
  const own = process.cpuUsage();
  const begun = performance.now();
  await Promise.all(
    dumps.map((one) =>
      primary.session(async (client) => {
        for (const { table, file } of one) {
          const into = client.query(copyFrom(`COPY ${table} FROM STDIN`));
          await pipeline(createReadStream(file, { highWaterMark: 262_144 }), into);
        }
      }, target),
    ),
  );
  const seconds = (performance.now() - begun) / 1_000;
  const { user, system } = process.cpuUsage(own);
  const cpuSeconds = (user + system) / 1e6 + (await serverCpuSeconds()) - idle;
  await primary.query(`DROP DATABASE ${target}`);
  return { rows, seconds, cpuSeconds };
}

async function inProcess<T extends Result>(args: readonly string[]): Promise<T> {
  const script = path.join(import.meta.dirname, "support", "replay-process.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
  return JSON.parse(stdout);
}

/** Of all sessions that have ended: their parent counts them. Fields 16 and 17 of proc(5)'s stat, in hundredths. */
async function serverCpuSeconds(): Promise<number> {
  await sleep(500);
  const [pid] = (await readFile(path.join(primary.directory, "postmaster.pid"), "utf8")).split("\n");
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function files(directory: string, shards: number): string[] {
  return Array.from({ length: shards }, (_, shard) => path.join(directory, `${shard}-1.log`));
}
function count(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
function verdict(line: string, met: boolean): void {
  say(`${line.padEnd(70)} ${met ? "met" : "MISSED"}`);
  if (!met) process.exitCode = 1;
}
