/** Losing zones: which, how, and what is watched until all is as it was. Nobody intervenes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ZoneLoss } from "../../report/evidence.ts";
import { type Drill, known, type RoundSeen } from "../drill.ts";
import { seconds } from "../recovery.ts";
import type { DrillPhase } from "../scenario.ts";
import { isWritable } from "../witness/projection-query.ts";
import type { RegionSight, World } from "../world.ts";
import { QUIET_SECONDS } from "./figures.ts";

const WHICH = {
  writer: "the zone of the database's writer",
  engine: "the zone of an active engine",
  next: "a zone not lost yet",
} as const;

export interface ZonePlan {
  /** With the database's writer or an active engine in it, or one that was not lost yet. */
  readonly which: keyof typeof WHICH;
  readonly loss: ZoneLoss;
  /** Only when no autoscaler can add anything any more. */
  readonly atMaximum: boolean;
}

/** Watched at least so long: an error after the objective must be seen, and quiet after it. */
const ERRORS_LIMIT_SECONDS = 60 + 2 * QUIET_SECONDS;
/** 50 s until a node counts as lost, 20 s of toleration, then starts and probes; as long again for a slow machine. */
const REDUNDANCY_LIMIT_SECONDS = 120;
const DATABASE_LIMIT_SECONDS = 90;
const PREPARE_LIMIT_MILLISECONDS = 90_000;
/** A returned zone's address must be healthy (3 × 10 s) and in the caches again before the next one goes. */
const RETURN_LIMIT_MILLISECONDS = 120_000;
const SETTLE_MILLISECONDS = 35_000;
/** What multiplies the measured CPU while the autoscaler is to be at its maximum. */
export const HIGH_LOAD = 50;
const LOOK_MILLISECONDS = 250;

export function loseZone(plan: ZonePlan, n: number): DrillPhase {
  return {
    id: `zone-${n}`,
    title: `${WHICH[plan.which]} is lost (${plan.loss})${plan.atMaximum ? ", the autoscaler at its maximum" : ""}`,
    run: (drill) => round(drill, plan),
  };
}

async function round(drill: Drill, { which, loss: planned, atMaximum }: ZonePlan): Promise<void> {
  const world = known(drill.world, "world");
  const { region, elasticIps } = known(drill.stacks, "stacks' outputs").prod;
  const wanted = drill.settings.options.loss;
  const loss = wanted === "kill" || wanted === "freeze" ? wanted : planned;
  const look = () => world.zonal.look(region);

  if (drill.rounds.length > 0) await drill.sleep(SETTLE_MILLISECONDS);
  world.zonal.setLoad(region, atMaximum ? HIGH_LOAD : 1);
  await reach(drill, "autoscalers at their maximum", async () => !atMaximum || (await look()).atMaximum);
  const zone = choose(await look(), which, new Set(drill.rounds.map((one) => one.zone)));
  await putEngineInto(drill, zone);
  const before = await look();
  const inside = before.pods.filter((pod) => pod.zone === zone);
  const engines = inside.filter(({ phase }) => phase === "active").map(({ deployment }) => deployment);
  const databaseWriter = before.databaseZone === zone;

  const lostAt = Date.now();
  drill.moment("impact", lostAt);
  drill.settings.say({ type: "impact", at: lostAt, place: zone, loss });
  await world.zonal.lose(zone, loss);
  const database = world.databaseUrl(region, "writer");
  const [takeovers, databaseWritableSeconds, redundancySeconds] = await Promise.all([
    takeoversOf(drill, { engines, zone, lostAt }),
    databaseWriter
      ? since(drill, lostAt, DATABASE_LIMIT_SECONDS, () => isWritable(database))
      : Promise.resolve(0),
    since(drill, lostAt, REDUNDANCY_LIMIT_SECONDS, async () => isWhole(await look(), zone)),
    quiet(drill, lostAt),
  ]);
  const after = await look();
  const seen: RoundSeen = {
    ...{ zone, loss, lostAt, databaseWriter, pods: inside.length, atMaximum: before.atMaximum },
    ...{ databaseWritableSeconds, redundancySeconds, activeEngines: engines, takeoverSeconds: takeovers },
    watchedUntil: Date.now(),
    shortage: after.pods.flatMap(({ name, unschedulable }) =>
      unschedulable === null ? [] : [`${name}: ${unschedulable}`],
    ),
    address: elasticIps[before.zones.indexOf(zone)] ?? "",
  };
  drill.rounds.push(seen);
  drill.note(`${zone}: ${seen.shortage.join("; ") || "every pod found a node"}`);

  await world.zonal.return(zone);
  drill.settings.say({ type: "moment", at: Date.now(), moment: "returned", message: `${zone} is back` });
  await reach(
    drill,
    `pods in ${zone} again`,
    async () => isWhole(await look(), undefined),
    RETURN_LIMIT_MILLISECONDS,
  );
}

function choose(
  { zones, databaseZone, pods }: RegionSight,
  which: ZonePlan["which"],
  lost: ReadonlySet<string>,
): string {
  const candidates = {
    writer: [databaseZone],
    engine: pods.filter(({ phase }) => phase === "active").map(({ zone }) => zone),
    next: zones.filter((zone) => !lost.has(zone)),
  }[which];
  const zone = candidates.find((one) => one !== null) ?? zones[0];
  if (zone === undefined) throw new Error("the region has no zone: is it deployed?");
  return zone;
}

/** A zone without an active engine would prove little: one whose standby is there is restarted in order before. */
async function putEngineInto(drill: Drill, zone: string): Promise<void> {
  const world = known(drill.world, "world");
  const { region } = known(drill.stacks, "stacks' outputs").prod;
  const { pods } = await world.zonal.look(region);
  const there = pods.filter((pod) => pod.zone === zone);
  if (there.some(({ phase }) => phase === "active")) return;
  const standby = there.find(({ phase }) => phase === "standby");
  const active = pods.find((pod) => pod.deployment === standby?.deployment && pod.phase === "active");
  if (standby === undefined || active === undefined) return;
  drill.note(`${active.name} is restarted in order, so that ${standby.name} is active in ${zone}`);
  world.zonal.restart(region, active.name);
  await reach(drill, "the standby to be active, and another one to stand by", async () => {
    const sight = await world.zonal.look(region);
    const mine = sight.pods.filter(({ deployment }) => deployment === standby.deployment);
    return (
      isWhole(sight, undefined) && mine.some(({ name, phase }) => name === standby.name && phase === "active")
    );
  });
}

/** Every Deployment has its number of available pods outside the lost zone. */
function isWhole({ pods, wanted }: RegionSight, lost: string | undefined): boolean {
  return Object.entries(wanted).every(([deployment, replicas]) => {
    const living = pods.filter((pod) => pod.deployment === deployment && pod.available && pod.zone !== lost);
    return living.length >= replicas;
  });
}

async function takeoversOf(
  drill: Drill,
  { engines, zone, lostAt }: { engines: readonly string[]; zone: string; lostAt: number },
): Promise<Record<string, number | null>> {
  const { region } = known(drill.stacks, "stacks' outputs").prod;
  const world: World = known(drill.world, "world");
  const times = engines.map(async (engine) => {
    const isTakenOver = async () => {
      const { pods } = await world.zonal.look(region);
      return pods.some(
        (pod) =>
          pod.deployment === engine && pod.phase === "active" && pod.zone !== null && pod.zone !== zone,
      );
    };
    return [engine, await since(drill, lostAt, ERRORS_LIMIT_SECONDS, isTakenOver)] as const;
  });
  return Object.fromEntries(await Promise.all(times));
}

/** Until fresh clients have had no error for a while; the clients' logs say later when it really was. */
async function quiet(drill: Drill, lostAt: number): Promise<void> {
  await drill.until(() => {
    const failures = drill.fresh.filter(({ ok }) => !ok).map(({ at }) => at);
    return Date.now() - Math.max(lostAt, ...failures) > 1_000 * QUIET_SECONDS && Date.now() - lostAt > 60_000;
  }, 1_000 * ERRORS_LIMIT_SECONDS);
  // The last answers of what was sent by then.
  await sleep(LOOK_MILLISECONDS);
}

/** Seconds from then until it was so; null: not within the limit. */
async function since(
  drill: Drill,
  from: number,
  limitSeconds: number,
  isSo: () => Promise<boolean>,
): Promise<number | null> {
  const isInTime = await drill.until(isSo, 1_000 * limitSeconds, LOOK_MILLISECONDS);
  return isInTime ? seconds(from, Date.now()) : null;
}

async function reach(
  drill: Drill,
  what: string,
  isSo: () => Promise<boolean>,
  limit = PREPARE_LIMIT_MILLISECONDS,
): Promise<void> {
  if (await drill.until(isSo, limit, LOOK_MILLISECONDS)) return;
  throw new Error(`not within ${limit / 1_000} s: ${what}`);
}
