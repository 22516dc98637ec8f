/** Many failovers on the virtual clock, as figures. */
import { failover } from "../failover/runbook.ts";
import { RTO_SECONDS, ZONE_SECONDS } from "../objectives.ts";
import { ALL_WAITS, Draws, type Quantiles, quantilesOf, type Variant, type WaitName } from "./draws.ts";
import { interpolated, type LatencyTable } from "./latencies.ts";
import { type Dns, MODELS, type Moments, momentOfGo, type Setting, zoneErrorsEnd } from "./model.ts";
import { type Span, walk } from "./walk.ts";

export interface Draw {
  readonly runs: number;
  readonly seed: number;
}

/** In seconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface PhaseFigures {
  readonly phase: string;
  readonly seconds: Percentiles;
  /** Medians, since the impact. */
  readonly start: number;
  readonly end: number;
}

export interface Simulation {
  readonly setting: Setting;
  /** Impact to a fresh client's first write by the public name. */
  readonly fromImpact: Percentiles;
  readonly fromGo: Percentiles;
  readonly databaseWritable: Percentiles;
  /** Share of the runs inside the objective, 0 to 1. */
  readonly inside: number;
  readonly phases: readonly PhaseFigures[];
  /** `fromImpact` of every run, in order of size. */
  readonly recovered: Float64Array;
}

/** Nobody intervenes. */
export interface ZoneLoss {
  readonly dns: Dns;
  /** Impact to the end of errors, for clients that honour the TTL. */
  readonly fromImpact: Percentiles;
  /** Share of the runs inside the objective, 0 to 1. */
  readonly inside: number;
}

/** What the 99th percentile would lose if a wait took half as long. */
export interface Shortening {
  readonly wait: WaitName;
  readonly savedSeconds: number;
}

/** One failover. */
export function attempt(
  setting: Setting,
  place: Moments["place"],
  draws: Draws,
): { readonly moments: Moments; readonly spans: readonly Span[] } {
  const unset = {
    go: 0,
    trafficPlanned: 0,
    askedFor: 0,
    gatewaysUp: 0,
    balanced: [],
    active: 0,
    named: 0,
    recovered: 0,
    databaseWritable: 0,
  };
  const moments: Moments = { draws, setting, place, ...unset };
  moments.go = momentOfGo(moments);
  const spans: Span[] = [{ step: "decision", start: 0, end: moments.go }];
  walk(failover, moments.go, MODELS, moments, spans);
  spans.push(
    { step: "health checks", start: moments.active, end: moments.named },
    { step: "caches", start: moments.named, end: moments.recovered },
  );
  return { moments, spans };
}

export function simulate(setting: Setting, table: LatencyTable, { runs, seed }: Draw): Simulation {
  const quantiles = quantilesOf(table);
  const series = () => new Float64Array(runs);
  const [recovered, fromGo, database] = [series(), series(), series()];
  const phases = new Map<string, { starts: Float64Array; ends: Float64Array; lasts: Float64Array }>();
  for (let run = 0; run < runs; run++) {
    const { moments, spans } = attempt(setting, table, new Draws(seed, run, quantiles));
    recovered[run] = moments.recovered;
    fromGo[run] = moments.recovered - moments.go;
    database[run] = moments.databaseWritable;
    for (const { step, start, end } of spans) {
      const phase = phases.get(step) ?? { starts: series(), ends: series(), lasts: series() };
      phases.set(step, phase);
      phase.starts[run] = start;
      phase.ends[run] = end;
      phase.lasts[run] = end - start;
    }
  }
  recovered.sort();
  return {
    setting,
    fromImpact: percentiles(recovered),
    fromGo: percentiles(fromGo.sort()),
    databaseWritable: percentiles(database.sort()),
    inside: shareWithin(recovered, RTO_SECONDS),
    phases: [...phases]
      .map(([phase, { starts, ends, lasts }]) => ({
        phase,
        seconds: percentiles(lasts.sort()),
        start: interpolated(starts.sort(), 0.5),
        end: interpolated(ends.sort(), 0.5),
      }))
      .toSorted((a, b) => a.start - b.start),
    recovered,
  };
}

export function simulateZoneLoss(setting: Setting, table: LatencyTable, { runs, seed }: Draw): ZoneLoss {
  const quantiles = quantilesOf(table);
  const ended = Float64Array.from({ length: runs }, (_, run) =>
    zoneErrorsEnd({ draws: new Draws(seed, run, quantiles), setting, place: table }),
  ).sort();
  return {
    dns: setting.dns,
    fromImpact: percentiles(ended),
    inside: shareWithin(ended, ZONE_SECONDS),
  };
}

const shareWithin = (measured: Float64Array, limit: number): number =>
  measured.filter((seconds) => seconds <= limit).length / measured.length;

/** Every wait that matters to the 99th percentile, the one most worth shortening first. */
export function shortenings(setting: Setting, table: LatencyTable, draw: Draw): readonly Shortening[] {
  const quantiles = quantilesOf(table);
  const whole = p99(setting, table, draw, quantiles);
  return ALL_WAITS.map((wait) => ({
    wait,
    savedSeconds: whole - p99(setting, table, draw, quantiles, { wait, factor: 0.5 }),
  }))
    .filter(({ savedSeconds }) => savedSeconds >= 0.05)
    .toSorted((a, b) => b.savedSeconds - a.savedSeconds);
}

function p99(
  setting: Setting,
  table: LatencyTable,
  { runs, seed }: Draw,
  quantiles: Quantiles,
  variant?: Variant,
): number {
  const recovered = Float64Array.from(
    { length: runs },
    (_, run) => attempt(setting, table, new Draws(seed, run, quantiles, variant)).moments.recovered,
  );
  return interpolated(recovered.sort(), 0.99);
}

export const percentiles = (sorted: Float64Array): Percentiles => ({
  p50: interpolated(sorted, 0.5),
  p95: interpolated(sorted, 0.95),
  p99: interpolated(sorted, 0.99),
});
