/** Projector and archiver as processes: over dynalite, an S3 of the test's own, and a real PostgreSQL. */
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { SUPERUSER } from "../../../sandbox/aurora/postgres.ts";
import type { PeerReport, ProjectorStatus } from "../../../workload/api.ts";
import { place } from "../engine/run.ts";
import { linesOf, linesOfState, openDatabases, openShard } from "../projector/database.ts";
import { openCloud } from "./cloud.ts";
import { answers, freePort, startProgram } from "./programs.ts";

const orders = Array.from({ length: 20 }, (_, n) => place(`GOLD:${n}`, n % 2 ? "buy" : "sell", 100, 1 + n));

async function until(t: ExecutionContext, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await holds()); await sleep(50)) {
    if (Date.now() > end) throw new Error(`not within 30 s: ${what}`);
  }
  t.log(what);
}

test.serial(
  "the projector brings the log into PostgreSQL, reports how far, and ends with 0 when told",
  async (t) => {
    const cloud = await openCloud();
    t.teardown(() => cloud.close());
    const databases = await openDatabases();
    t.teardown(() => databases.close());
    await databases.primary.query("CREATE DATABASE exchange");
    const { state, writer, send } = await openShard(cloud.store, 0);
    await send(orders);
    const { host, port } = databases.primary.address;
    const projector = startProgram("projector", cloud, await freePort(), {
      PGHOST: host,
      PGPORT: String(port),
      PGDATABASE: "exchange",
      PGUSER: SUPERUSER,
      PGSSLMODE: "disable",
    });
    t.teardown(() => projector.process.kill("SIGKILL"));
    t.true(await answers(`${projector.url}/ready`, 200), projector.stderr());
    const { epoch, seq, hash } = writer.head;
    const status = async () => (await (await fetch(`${projector.url}/status`)).json()) as ProjectorStatus;
    await until(t, "caught up", async () => (await status()).watermarks[0]?.seq === seq);
    t.deepEqual(await status(), {
      writable: true,
      watermarks: [{ shard: 0, epoch, seq, hash }],
      stopped: [],
      rebuilds: 0,
    });
    t.deepEqual(await linesOf(databases.primary, "exchange", 0), linesOfState(state));
    projector.process.kill("SIGTERM");
    t.is(await projector.exit, 0, projector.stderr());
  },
);

test.serial("the archiver locks what it archives, probes its peer, and ends with 0 when told", async (t) => {
  const cloud = await openCloud();
  t.teardown(() => cloud.close());
  const { send } = await openShard(cloud.store, 0);
  await send(orders);
  const archiver = startProgram("archiver", cloud, await freePort(), {
    PEER_NAME: "127.0.0.1",
    LISTENER_PORT: String(await freePort()),
    RETENTION_DAYS: "7",
  });
  t.teardown(() => archiver.process.kill("SIGKILL"));
  t.true(await answers(`${archiver.url}/healthz`, 200), archiver.stderr());
  const peer = (await (await fetch(`${archiver.url}/peer`)).json()) as PeerReport;
  t.false(peer.reachable);
  await sleep(1000);
  archiver.process.kill("SIGTERM");
  t.is(await archiver.exit, 0, archiver.stderr());

  const archived = [...cloud.objects].filter(([name]) => name.startsWith("archive/"));
  t.deepEqual(archived.map(([name]) => name.split("/")[1]).toSorted(), ["heads", "seals", "segments"]);
  for (const [name, { headers }] of archived) {
    t.is(headers["x-amz-object-lock-mode"], "GOVERNANCE", name);
    const until = Date.parse(String(headers["x-amz-object-lock-retain-until-date"]));
    t.true(Math.abs(until - Date.now() - 7 * 86_400_000) < 60_000, name);
  }
  t.true([...cloud.objects.keys()].some((name) => name.startsWith("checkpoints/checkpoints/0/")));
});
