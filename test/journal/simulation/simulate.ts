/** One seed, one bad day: incidents are drawn, everything heals, and the audit judges what is left. */
import { measureTail } from "../../../journal/index.ts";
import { audit, type Evidence } from "./audit.ts";
import type { Coverage as Misfortunes } from "./cloud.ts";
import { EAST, type Variant, WEST } from "./fleet.ts";
import { World } from "./world.ts";

const STORM_ENDS = 5_000;
const CALM_ENDS = 10_000;

/** What a day really met, so that one which met nothing is not mistaken for a proof. */
export interface Coverage extends Misfortunes {
  readonly acknowledged: number;
  readonly starts: number;
  readonly fencedWriters: number;
  /** Records in the table that are not log. */
  readonly orphans: number;
  /** Empty positions below the highest item when an operator began to seal. */
  readonly gapsAtSeal: number;
  /** Machines lost with the writer on them, its standby left. */
  readonly machinesLost: number;
}

export interface Outcome {
  readonly seed: number;
  /** Broken promises, in words. */
  readonly violations: readonly string[];
  readonly incidents: readonly string[];
  readonly coverage: Coverage;
}

export async function simulate(seed: number, variant: Variant = {}): Promise<Outcome> {
  const world = new World(seed, variant);
  const incidents = schedule(world);
  await world.scheduler.runUntil(STORM_ENDS);
  calm(world);
  await world.scheduler.runUntil(CALM_ENDS);
  for (const client of world.clients) client.readAll();
  await world.scheduler.runUntil(CALM_ENDS + 1_000);

  const { evidence } = world;
  const violations = await audit(evidence);
  if (!world.isServing) violations.push("nobody serves after all has healed");
  return { seed, violations, incidents, coverage: await measure(world) };
}

async function measure({ cloud, fleet, fenced, evidence }: World): Promise<Coverage> {
  const items = [...cloud.table.logs.values()].flatMap((log) => [...log.values()]);
  const records = items.filter(({ kind }) => kind === "record").length;
  return {
    ...cloud.coverage,
    acknowledged: evidence.exchanges.filter(({ answer }) => answer?.kind === "accepted").length,
    starts: fleet.recoveries.length,
    fencedWriters: fleet.fences.length,
    machinesLost: fleet.machinesLost,
    orphans: records - (await lengthOf(evidence)),
    gapsAtSeal: fenced.reduce((sum, { gapsAtSeal }) => sum + gapsAtSeal, 0),
  };
}

/** A log that cannot be read has been judged already. */
async function lengthOf({ store }: Evidence): Promise<number> {
  try {
    return (await measureTail(store, 0)).records;
  } catch {
    return 0;
  }
}

const other = (region: string) => (region === EAST ? WEST : EAST);

function schedule(world: World): string[] {
  const { random, scheduler } = world;
  const incidents: string[] = [];
  for (let count = random.between(1, 5); count > 0; count -= 1) {
    const when = random.between(300, STORM_ENDS - 800);
    const kind = random.pick([
      "crash",
      "crash",
      "freeze",
      "freeze",
      "isolate",
      "lose",
      "machine",
      "machine",
      "failover",
      "rivals",
      "halt",
    ]);
    incidents.push(`${when} ${kind}`);
    scheduler.after(when, () => strike(world, kind, `run-${when}-${count}`));
  }
  return incidents.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

function strike(world: World, kind: string, runId: string): void {
  const { random, scheduler, active } = world;
  const killAfter = () => (random.chance(0.3) ? random.between(1, 150) : undefined);
  const moveAfter = (milliseconds: number) =>
    scheduler.after(milliseconds, () => world.failover(other(active), runId, killAfter()));

  if (kind === "crash") world.fleet.crash(active);
  if (kind === "freeze") {
    world.fleet.freeze(active, random.between(300, 3_500));
    if (random.chance(0.4)) moveAfter(random.between(20, 600));
  }
  if (kind === "isolate") {
    world.fleet.isolate(active, random.between(500, 3_500));
    if (random.chance(0.6)) moveAfter(random.between(20, 600));
  }
  if (kind === "lose") {
    world.fleet.lose(active, random.between(800, 3_000));
    moveAfter(random.between(50, 600));
  }
  if (kind === "machine") world.fleet.loseMachine(active, random.between(1_000, 6_000));
  if (kind === "failover") world.failover(random.pick([EAST, WEST]), runId, killAfter());
  if (kind === "rivals") world.fleet.start(active);
  if (kind === "halt") world.halt(runId, random.between(300, 1_200));
}

/**
 * No more faults, nobody cut off; a last decision is carried through and what is halted resumes. Then the writer's machine
 * is gone for good: who stands by must serve before the day ends.
 */
function calm(world: World): void {
  world.cloud.weakness = { misfortune: 0, slowness: 0, slowest: 1 };
  for (const region of [EAST, WEST] as const) {
    world.cloud.heal(region);
    world.fleet.reschedule(region);
  }
  world.scheduler.after(2_000, () => world.failover(world.random.pick([EAST, WEST]), "the last run"));
  world.scheduler.after(3_000, () => world.resume("the last run"));
  world.scheduler.after(3_200, () => world.fleet.loseMachine(world.active, CALM_ENDS));
  world.scheduler.after(CALM_ENDS - STORM_ENDS - 100, () => {
    for (const client of world.clients) client.stop();
  });
}
