/**
 * What a failover, or a restore, would take if it began now: the simulation's own models, with current facts in place
 * of their assumptions, and the median in place of thousands of runs.
 */
import type { Fact } from "../fact.ts";
import { Draws, quantilesOf } from "../simulate/draws.ts";
import type { LatencyTable } from "../simulate/latencies.ts";
import type { Setting } from "../simulate/model.ts";
import {
  type Damaged,
  FOUND_WITHIN_SECONDS,
  type RestoreFigures,
  type RestoreSetting,
  simulateRestore,
} from "../simulate/restore.ts";
import { attempt, type Percentiles, percentiles, simulateZoneLoss } from "../simulate/simulate.ts";
import { meanShares, type Share } from "../simulate/walk.ts";

export interface RecoveryForecast {
  /** Impact to a fresh client's first write, the go being given `goSeconds` after the impact. */
  readonly fromImpact: Percentiles;
  readonly goSeconds: number;
  /** What a plan took on this host just now: the sample of its speed; null: it could not be timed. */
  readonly planSeconds: number | null;
  /** Largest first. */
  readonly shares: readonly Share[];
}

export interface LossForecast {
  /** Acknowledged orders: they are in the journal, which two regions confirmed. */
  readonly orders: 0;
  /** Events that the replica of the database has not applied; null: unknown. */
  readonly databaseEvents: number | null;
  /** What is written to the journal, all shards together. */
  readonly eventsPerSecond: number;
}

/** Of a halt, a restore or rebuilding, and a resumption; whoever is asked something answers at once. */
export interface RestoreForecast {
  /** By what is damaged. */
  readonly of: Readonly<Record<Damaged, RestoreFigures>>;
  /** Of the journal: all of it, and what a database that is so much older lacks. */
  readonly records: number;
  readonly recordsToReplay: number;
  readonly foundWithinSeconds: number;
  /** When the restore was tested whose duration counts, milliseconds since 1970; null: it is the table's. */
  readonly testedAt: number | null;
}

export interface Forecast {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly recovery: RecoveryForecast;
  /** Unknown where the active region does not answer: then it is not restored either. */
  readonly restore: Fact<RestoreForecast>;
  /** From the loss of a zone until clients have no errors any more. */
  readonly zoneLoss: Percentiles;
  readonly loss: LossForecast;
}

/** What the forecast goes by, as found. */
export interface Findings {
  readonly setting: Omit<Setting, "go">;
  /** Of a preview on this host, in seconds; null: it could not be timed. */
  readonly planSeconds: number | null;
  /** Records that engines replay beyond their checkpoints: of the shard that has most. */
  readonly tailRecords: number;
  /** The passive nodes have not pulled an image. */
  readonly mustPull: boolean;
}

/** An operator, or the alarm itself, acts at once; who decides later is later by as much beyond the journal's silence. */
export const GO_SECONDS = 1;
const RUNS = 1_000;
const SEED = 1;
/** Read back from the table, hashes checked: a quarter of what was measured on two cores, because the engine also folds. */
const REPLAYED_PER_SECOND = 6_000;

export function forecastRecovery(
  { setting, planSeconds, tailRecords, mustPull }: Findings,
  table: LatencyTable,
  runs = RUNS,
): RecoveryForecast {
  const replaySeconds = tailRecords / REPLAYED_PER_SECOND;
  const quantiles = quantilesOf(table, hostFactor(planSeconds, table.planSeconds));
  const pull = mustPull && setting.standby === "warm" ? quantiles.imagePull : () => 0;
  const withReplay = {
    ...quantiles,
    engineStart: (p: number) => quantiles.engineStart(p) + replaySeconds + pull(p),
  };
  const attempts = Array.from({ length: runs }, (_, run) =>
    attempt({ ...setting, go: GO_SECONDS }, table, new Draws(SEED, run, withReplay)),
  );
  return {
    goSeconds: GO_SECONDS,
    planSeconds,
    fromImpact: percentiles(Float64Array.from(attempts, ({ moments }) => moments.recovered).sort()),
    shares: meanShares(attempts.map(({ spans }) => chain(spans))),
  };
}

/** What a restore goes by, as found. */
export interface Restorable extends Pick<RestoreSetting, "shards" | "instances" | "records"> {
  /** Of the journal's growth. */
  readonly recordsPerSecond: number;
  /** The newest restore of the database that a test did; null: there is none, or it says nothing of this place. */
  readonly tested: { readonly at: number; readonly seconds: number } | null;
}

export function forecastRestore(
  { shards, instances, records, recordsPerSecond, tested }: Restorable,
  planSeconds: number | null,
  table: LatencyTable,
  runs = RUNS,
): RestoreForecast {
  const recordsToReplay = Math.min(records, recordsPerSecond * FOUND_WITHIN_SECONDS);
  const setting = { shards, instances, records, recordsToReplay, testedSeconds: tested?.seconds ?? null };
  const draw = { runs, seed: SEED, hostFactor: hostFactor(planSeconds, table.planSeconds) };
  return {
    of: {
      database: simulateRestore("database", setting, table, draw),
      journal: simulateRestore("journal", setting, table, draw),
    },
    ...{ records, recordsToReplay, foundWithinSeconds: FOUND_WITHIN_SECONDS },
    testedAt: tested?.at ?? null,
  };
}

export const forecastZoneLoss = (
  setting: Findings["setting"],
  table: LatencyTable,
  runs = RUNS,
): Percentiles => simulateZoneLoss({ ...setting, go: GO_SECONDS }, table, { runs, seed: SEED }).fromImpact;

/** On one quiet host a plan took up to so many times as long as at another time: what is within says nothing of it. */
const NOISE = 1.3;

/**
 * Own work goes with the host's speed. A plan is a sample of that, and a load that is there now may be gone then: of what
 * is more than noise, as a ratio, half counts.
 */
function hostFactor(now: number | null, measured: number | null): number {
  if (now === null || measured === null) return 1;
  const ratio = now / measured;
  return Math.sqrt(ratio > 1 ? Math.max(1, ratio / NOISE) : Math.min(1, ratio * NOISE));
}

/** What clients wait for, one after the other, from the impact to the first write. */
function chain(spans: ReturnType<typeof attempt>["spans"]): Share[] {
  const ends = new Map(spans.map(({ step, end }) => [step, end]));
  const at = (step: string): number => ends.get(step) ?? 0;
  const switched = spans.find(({ step }) => step === "health checks")?.start ?? 0;
  const moments: readonly (readonly [name: string, until: number])[] = [
    ["the loss is certain", at("assess")],
    ["confirm", at("confirm")],
    ["fence", at("fence")],
    ["scale", at("scale")],
    ["rebuild", at("rebuild")],
    ["smoke", at("smoke")],
    ["traffic switch", switched],
    ["health checks", at("health checks")],
    ["caches", at("caches")],
  ];
  // What ended before the step above it cost nobody anything.
  let reached = 0;
  return moments.map(([name, until]) => {
    const seconds = Math.max(0, until - reached);
    reached += seconds;
    return { name, seconds };
  });
}
