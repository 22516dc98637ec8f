/**
 * What a failover would take if it began now: the simulation's own model, with current facts in place of its
 * assumptions, and its median in place of thousands of runs.
 */
import { Draws, quantilesOf } from "../simulate/draws.ts";
import type { LatencyTable } from "../simulate/latencies.ts";
import type { Setting } from "../simulate/model.ts";
import { attempt, type Percentiles, percentiles, simulateZoneLoss } from "../simulate/simulate.ts";

export interface Share {
  readonly name: string;
  /** Mean over the runs; the shares' sum is the mean recovery time. */
  readonly seconds: number;
}

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

export interface Forecast {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly recovery: RecoveryForecast;
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
  const totals = new Map<string, number>();
  const recovered = Float64Array.from({ length: runs }, (_, run) => {
    const { moments, spans } = attempt(
      { ...setting, go: GO_SECONDS },
      table,
      new Draws(SEED, run, withReplay),
    );
    for (const { name, seconds } of chain(spans)) totals.set(name, (totals.get(name) ?? 0) + seconds);
    return moments.recovered;
  }).sort();
  return {
    goSeconds: GO_SECONDS,
    planSeconds,
    fromImpact: percentiles(recovered),
    shares: [...totals]
      .map(([name, seconds]) => ({ name, seconds: seconds / runs }))
      .toSorted((a, b) => b.seconds - a.seconds),
  };
}

export const forecastZoneLoss = (
  setting: Findings["setting"],
  table: LatencyTable,
  runs = RUNS,
): Percentiles => simulateZoneLoss({ ...setting, go: GO_SECONDS }, table, { runs, seed: SEED }).fromImpact;

/**
 * Own work goes with the host's speed. One plan is a noisy sample of that, and a load that is there now may be gone
 * then: of its deviation, as a ratio, half counts.
 */
function hostFactor(now: number | null, measured: number | null): number {
  return now === null || measured === null ? 1 : Math.sqrt(now / measured);
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
