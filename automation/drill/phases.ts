/** Phases that scenarios list; those of the region loss, in its order. */

import { cp } from "node:fs/promises";
import path from "node:path";
import { messageOf } from "../errors.ts";
import { isUnknown } from "../fact.ts";
import { runsDirectory } from "../runbook/record.ts";
import { type Drill, known } from "./drill.ts";
import { instrumentsOf } from "./instruments.ts";
import { runFailover } from "./operator.ts";
import type { DrillPhase } from "./scenario.ts";
import { takeEvidence } from "./testimony.ts";
import { watchTarget } from "./watch.ts";

export const WARM_UP_MILLISECONDS = 15_000;
/** The seed decides when, within this long after the warm-up, the region is lost. */
const IMPACT_WINDOW_MILLISECONDS = 3_000;
const WARM_UP_LIMIT_MILLISECONDS = 60_000;
/** An operator does not act at the same instant. */
const REACTION_MILLISECONDS = 1_000;
/** After the command ended: how long clients may still need. */
const WATCH_LIMIT_MILLISECONDS = 90_000;
const DATABASE_LIMIT_MILLISECONDS = 120_000;
/** Lets the last clients' caches run out before stragglers are counted. */
const SETTLE_MILLISECONDS = 3_000;
export const RETURN_MILLISECONDS = 30_000;
const GOOD_IN_A_ROW = 8;

export const setUp: DrillPhase = {
  id: "set-up",
  title: "deploy both regions with the real engine",
  async run(drill) {
    const { open, options, signal } = drill.settings;
    const { seed, latency, dns } = options;
    const progress = (message: string) => drill.settings.say({ type: "progress", at: Date.now(), message });
    drill.world = await open({ seed, latency, dns, ...drill.wanted }, progress, signal);
    signal.throwIfAborted();
    const [prod, dr] = [await drill.world.outputs("prod"), await drill.world.outputs("dr")];
    drill.stacks = { prod, dr };
  },
};

export const warmUp: DrillPhase = {
  id: "warm-up",
  title: "clients start, by the public name",
  async run(drill) {
    const world = known(drill.world, "world");
    const { prod } = known(drill.stacks, "stacks' outputs");
    const { rate, clients, seed } = drill.settings.options;
    drill.load = await world.startClients(
      {
        ...{ publicName: prod.publicName, port: prod.listenerPort, rate, clients, seed },
        instruments: instrumentsOf(prod.shards),
        pinnedTo: prod.dns.provider === "cloudflare" ? prod.elasticIps : [],
        logFile: drill.file("clients.ndjson"),
      },
      (event) => drill.heardClients(event),
    );
    const healthy = await drill.until(
      () => drill.fresh.length >= GOOD_IN_A_ROW && drill.fresh.slice(-GOOD_IN_A_ROW).every(({ ok }) => ok),
      WARM_UP_LIMIT_MILLISECONDS,
    );
    if (!healthy)
      throw new Error("fresh clients cannot write before anything was broken: see clients.ndjson");
    await Promise.all([drill.sleep(WARM_UP_MILLISECONDS), predict(drill)]);
  },
};

/** Under load, as it will be when the region is lost or the data damaged. */
export async function predict(drill: Drill): Promise<void> {
  drill.forecast = undefined;
  try {
    const forecast = await known(drill.world, "world").forecast();
    drill.forecast = forecast;
    const { recovery, restore, loss } = forecast;
    drill.note(
      `dr check: a failover now would take ${inWords(recovery.fromImpact)} (a plan took ${recovery.planSeconds?.toFixed(1) ?? "?"} s), the database is ${loss.databaseEvents ?? "?"} event(s) behind`,
    );
    drill.note(
      isUnknown(restore)
        ? `dr check cannot predict a restore: ${restore.unknown}`
        : `dr check: a halted restore would take ${inWords(restore.of.database.fromGo)}, a rebuilding of the journal ${inWords(restore.of.journal.fromGo)}`,
    );
  } catch (error) {
    drill.note(`dr check cannot predict: ${messageOf(error)}`);
  }
}

const inWords = ({ p50 }: { readonly p50: number }): string => `${p50.toFixed(1)} s`;

export const impact: DrillPhase = {
  id: "impact",
  title: "the region is lost at a moment that the seed decides, with writes in flight",
  async run(drill) {
    const world = known(drill.world, "world");
    const { seed, loss } = drill.settings.options;
    const how = loss === "each" ? "kill" : loss;
    await drill.sleep(((seed * 7_919) % 1_000) * (IMPACT_WINDOW_MILLISECONDS / 1_000));
    const at = Date.now();
    drill.moment("impact", at);
    drill.settings.say({ type: "impact", at, place: drill.lost, loss: how });
    await world.loseRegion(drill.lost, how);
  },
};

export const operate: DrillPhase = {
  id: "operate",
  title: "the operator runs infra/scripts/failover-region.sh",
  async run(drill) {
    const stopWatching = watchTarget(drill);
    try {
      await drill.sleep(REACTION_MILLISECONDS);
      drill.moment("go", Date.now());
      const { failoverScript: script, signal } = drill.settings;
      const { environment } = known(drill.world, "world");
      const logFile = drill.file("failover.log");
      // A region that its clients still reach may live: the command alone would refuse.
      const force = drill.settings.options.loss === "partition";
      const options = { script, target: drill.target, force, environment, logFile, signal };
      drill.exitCode = await runFailover(options, (event) => drill.heardFailover(event));
      signal.throwIfAborted();
      await waitForRecovery(drill);
    } finally {
      await stopWatching();
    }
  },
};

async function waitForRecovery(drill: Drill): Promise<void> {
  // Nobody recovers from a failover that was refused: there is nothing to wait for.
  const limit = drill.moments.fenced === undefined ? 0 : WATCH_LIMIT_MILLISECONDS;
  await drill.until(() => drill.moments.everyResolver !== undefined, limit);
  await drill.until(() => drill.moments.database !== undefined, limit && DATABASE_LIMIT_MILLISECONDS);
  await drill.sleep(SETTLE_MILLISECONDS);
  drill.moment("watched", Date.now());
}

export const returnOld: DrillPhase = {
  id: "return",
  title: "the old region comes back, its clients still sending",
  async run(drill) {
    await known(drill.world, "world").returnRegion(drill.lost);
    drill.moment("returned", Date.now(), "returned", `${drill.lost} is back: thawed, healed, restarted`);
    await drill.sleep(RETURN_MILLISECONDS);
  },
};

export const judgement: DrillPhase = {
  id: "judge",
  title: "every acknowledgement against journal, API and projection",
  async run(drill) {
    await drill.load?.stop();
    drill.load = undefined;
    const { prod, dr } = known(drill.stacks, "stacks' outputs");
    drill.audit = await takeEvidence(drill, {
      stack: dr,
      lost: prod.region,
      // Nobody asks a region that never took over: it says nothing of the orders.
      hosts: drill.moments.recovered === undefined ? [] : dr.elasticIps,
    });
    await keepRunRecord(drill);
  },
};

/** What the failover wrote down for itself, before its project directory is gone. */
async function keepRunRecord(drill: Drill): Promise<void> {
  const directory = drill.world?.environment["DR_PROJECT_DIR"];
  if (drill.run === null || directory === undefined) return;
  const kept = cp(path.join(runsDirectory(directory), drill.run), drill.file("run"), { recursive: true });
  await kept.catch((error: unknown) =>
    drill.note(`the failover's own record is not kept: ${messageOf(error)}`),
  );
}

export const park: DrillPhase = {
  id: "park",
  title: "the operator makes the returned region passive (dr park)",
  async run(drill) {
    await known(drill.world, "world")
      .dr(["park", "--region", drill.lost])
      .catch((error: unknown) => drill.note(`dr park failed: ${messageOf(error)}`));
  },
};

export const previews: DrillPhase = {
  id: "preview",
  title: "what a plain preview of each stack would do now",
  async run(drill) {
    const world = known(drill.world, "world");
    drill.previews = { prod: await world.preview("prod"), dr: await world.preview("dr") };
  },
};
