/**
 * What an operator looks at, on a sandbox under load: readiness, which must see what is broken and nothing else, and the
 * live view while a zone is lost, which must not be blind.
 */
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { Status } from "../../automation/check/check.ts";
import { recordDrill } from "../../automation/check/drills.ts";
import type { CheckReport } from "../../automation/check/report.ts";
import { instrumentsOf } from "../../automation/drill/instruments.ts";
import { EXIT } from "../../automation/errors.ts";
import type { Judged, Sample } from "../../automation/watch/sample.ts";
import { hostPort } from "../../sandbox/addresses.ts";
import { fleetOptions } from "../../sandbox/clients/options.ts";
import { startFleet } from "../../sandbox/clients/start.ts";
import { Processes } from "../../sandbox/processes.ts";
import { EAST, Place } from "./place.ts";
import { deleteImage, seedsOf } from "./seeds.ts";

const MAIN = path.join(import.meta.dirname, "../../automation/main.ts");
const OBJECTIVE_SECONDS = 60;

type Look = Sample & Judged;

/** A verb of `dr`, line by line. */
function dr({ environment }: Place, args: readonly string[], heard: (line: string) => void = () => {}) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...environment, AWS_EC2_METADATA_DISABLED: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    heard(line);
  });
  return new Promise<{ code: number | null; lines: readonly string[]; stderr: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, lines, stderr }));
  });
}

async function underLoad(t: ExecutionContext, place: Place): Promise<void> {
  const { sandbox } = place;
  const prod = await place.outputs("prod");
  const processes = new Processes(`${sandbox.directory}.clients`);
  const load = await startFleet(
    processes,
    fleetOptions(
      {
        ...{ publicName: prod.publicName, port: prod.listenerPort, rate: 60, clients: 30, seed: 5 },
        ...{ instruments: instrumentsOf(prod.shards), pinnedTo: [] },
        logFile: path.join(sandbox.directory, "clients.ndjson"),
      },
      hostPort(sandbox.addresses.dns),
    ),
    () => {},
  );
  t.teardown(async () => {
    await load.stop();
    await processes.close();
  });
}

async function readiness(t: ExecutionContext, place: Place, ...args: readonly string[]) {
  const { code, lines, stderr } = await dr(place, ["check", "--json", ...args]);
  const report = JSON.parse(lines[0] ?? stderr) as CheckReport;
  const of = (status: Status) => report.results.filter((one) => one.status === status).map(({ id }) => id);
  for (const result of report.results) if (result.status !== "ok") t.log(`${result.id}: ${result.why}`);
  // Somebody may commit meanwhile, or have no git at all.
  const unseen = [...of("unknown"), ...of("warn")].filter((id) => id !== "commit");
  return { code, report, failed: of("fail"), unseen };
}

test("readiness sees what is broken and what was never done, and a zone's loss is watched from outside", async (t) => {
  t.timeout(10 * 60_000);
  const place = await Place.open(t);
  const { sandbox } = place;
  await underLoad(t, place);

  const host = await readiness(t, place, "--host");
  t.deepEqual(
    host.failed.filter((id) => id !== "host-exec"),
    [],
    "the AWS CLI may be missing where this runs",
  );
  t.deepEqual(
    host.unseen.filter((id) => id !== "host-exec"),
    [],
  );

  // On the first day nothing was backed up yet, and much is wrong at once.
  const seeds = await seedsOf(place);
  for (const { seed } of seeds) await seed();
  const first = await readiness(t, place);
  t.is(first.code, EXIT.notReady);
  t.deepEqual(first.unseen, []);
  t.deepEqual(first.failed, [
    ...["capacity", "capacity-production", "always-on", "keys", "parked", "state-dr", "drift-dr"],
    ...["backup-age", "restore-test", "last-drill", "last-zone-drill"],
  ]);

  for (const { undo } of seeds) await undo();
  const began = performance.now();
  t.deepEqual(await sandbox.backUp(), []);
  t.log(`backed up and restored in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  const { bucket } = (await place.deployment()).state;
  for (const scenario of ["region-loss", "az-loss"]) {
    await recordDrill(bucket, { at: Date.now(), scenario, verdict: "met" });
  }
  const second = await readiness(t, place);
  t.deepEqual([...second.unseen, ...second.failed], []);
  t.deepEqual(second.report.regressions, []);

  await deleteImage(place);
  const third = await readiness(t, place);
  t.deepEqual(third.failed, ["images-in-registry"]);
  t.like(third.report.regressions, {
    length: 1,
    0: { id: "images-in-registry", was: "ok", is: "fail", at: second.report.at },
  });

  const zone = sandbox.databaseZone(EAST) ?? "";
  const looks: Look[] = [];
  let lostAt = Number.POSITIVE_INFINITY;
  const watching = dr(place, ["watch", "--until-stable", "30s", "--limit", "4m", "--json"], (line) => {
    const said = JSON.parse(line) as { type: string } & Look;
    if (said.type === "sample") looks.push(said);
  });
  while (looks.filter(({ state }) => state === "good").length < 8) await sleep(200);
  lostAt = Date.now();
  await sandbox.loseZone(zone, "kill");
  const { code, lines } = await watching;
  t.is(code, 0);
  t.like(JSON.parse(lines.at(-1) ?? ""), { type: "verdict", verdict: "stable", exitCode: 0 });

  const before = looks.filter(({ at, state }) => at < lostAt && state === "good");
  t.like(before.at(-1)?.name, { region: EAST, served: 3, of: 3 });
  for (const { served, healthyHosts, lagSeconds, behindEvents } of before) {
    t.true("requests" in served && served.requests > 0, "it sees the load");
    t.is((healthyHosts as Record<string, number>)[zone], 1);
    t.is(typeof lagSeconds, "number");
    t.is(typeof behindEvents, "number");
  }
  const blow = looks.find(({ at, state }) => at > lostAt && state === "failing");
  t.truthy(blow, "a watch that sees nothing of this is blind");
  t.true(((blow?.at ?? 0) - lostAt) / 1000 < 10);
  const during = looks.filter(({ at, state }) => at > lostAt && state === "failing");
  const said = during.map((look) => ("reasons" in look ? look.reasons.join("; ") : ""));
  t.true(
    said.some((reasons) => reasons.includes("1 of 3 new clients by the public name were not served")),
    said.join("\n"),
  );
  t.true(
    during.some(({ zones }) =>
      (zones as Exclude<Sample["zones"], { unknown: string }>).some(
        (one) => one.zone === zone && one.ready === 0,
      ),
    ),
    "gateways of the zone do not answer, whatever Kubernetes believes",
  );
  t.true(
    during.some(({ healthyHosts }) => (healthyHosts as Record<string, number>)[zone] === 0),
    "its targets are unhealthy",
  );
  const lastBad = during.at(-1)?.at ?? 0;
  t.log(
    `${zone} lost: seen after ${((blow?.at ?? 0) - lostAt) / 1000} s, over after ${(lastBad - lostAt) / 1000} s`,
  );
  t.true((lastBad - lostAt) / 1000 < OBJECTIVE_SECONDS);
  t.like(looks.at(-1)?.name, { region: EAST, served: 4, of: 4 });
});
