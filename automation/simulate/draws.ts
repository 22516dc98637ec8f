/** The luck of one run: every wait by name, the same for every variant of it. */
import {
  FAILOVER_LATENCIES,
  LATENCIES,
  type LatencyName,
  type LatencyTable,
  quantileOf,
  RESTORE_LATENCIES,
} from "./latencies.ts";
import { uniform } from "./random.ts";

/** Waits that follow from the configuration and are no latency of the table. */
export const WAITS = ["silence", "lostSide", "healthChecks", "caches"] as const;
export type WaitName = LatencyName | (typeof WAITS)[number];
/** Of a failover. */
export const ALL_WAITS: readonly WaitName[] = [...FAILOVER_LATENCIES, ...WAITS];

/** One wait made longer or shorter, e.g. `{ wait: "caches", factor: 0.5 }`. */
export interface Variant {
  readonly wait: WaitName;
  readonly factor: number;
}

export type Quantiles = Readonly<Record<LatencyName, (p: number) => number>>;

/** @param hostFactor how many times as long as on the measured host the host's own work takes */
export function quantilesOf({ latencies }: LatencyTable, hostFactor = 1): Quantiles {
  const entries = LATENCIES.map((name) => {
    const { seconds, work } = latencies[name];
    const of = quantileOf(seconds);
    return [name, work ? (p: number) => hostFactor * of(p) : of];
  });
  return Object.fromEntries(entries) as Quantiles;
}

/** Room for the luck of every checker of every address, the largest of them. */
const STREAM_LENGTH = 8_192;
const STREAMS = new Map(
  [...ALL_WAITS, ...RESTORE_LATENCIES].map((name, index) => [name, index * STREAM_LENGTH]),
);

export class Draws {
  readonly #seed: number;
  readonly #run: number;
  readonly #quantiles: Quantiles;
  readonly #variant: Variant | undefined;

  constructor(seed: number, run: number, quantiles: Quantiles, variant?: Variant) {
    this.#seed = seed;
    this.#run = run;
    this.#quantiles = quantiles;
    this.#variant = variant;
  }

  /** Above 0 and below 1; `index` tells several of one name apart. */
  share(name: WaitName, index = 0): number {
    return uniform(this.#seed, (STREAMS.get(name) ?? 0) + index, this.#run);
  }

  /** Seconds of one of them; with `of`, of the slowest of so many. */
  take(name: LatencyName, { of = 1, index = 0 }: { of?: number; index?: number } = {}): number {
    return this.wait(name, this.#quantiles[name](this.share(name, index) ** (1 / of)));
  }

  /** Seconds that follow from the configuration. */
  wait(name: WaitName, seconds: number): number {
    return this.#variant?.wait === name ? seconds * this.#variant.factor : seconds;
  }
}
