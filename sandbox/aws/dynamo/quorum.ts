/**
 * The 2-of-3 rule: a write or a strong read succeeds in a region only together with at least one other region of the
 * table, the witness included.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html
 */
import type { Region } from "../../../components/model.ts";
import type { Faults, LinkState } from "../../faults.ts";
import type { Random } from "../random.ts";

export type Latency = "none" | "published";

/**
 * Milliseconds of a strong operation: a round trip to the nearest other region, by the order of the table's regions
 * (first replica, second replica). `published` is what AWS' own measurements of us-east-1 and us-west-2 show.
 */
const STRONG_MILLISECONDS: Record<Latency, readonly (readonly [number, number])[]> = {
  none: [[1, 4]],
  published: [
    [15, 30],
    [50, 60],
  ],
};
/** A straggler among this many operations takes this many times as long. */
const STRAGGLER = { oneIn: 200, factor: 4 } as const;

const isOpen = (state: LinkState): boolean => state === "open" || typeof state === "number";
const added = (state: LinkState): number => (typeof state === "number" ? state : 0);

export class Quorum {
  readonly #faults: Faults;
  readonly #random: Random;
  readonly #latency: Latency;

  constructor(faults: Faults, random: Random, latency: Latency) {
    this.#faults = faults;
    this.#random = random;
    this.#latency = latency;
  }

  /** Whether what `region` sends arrives at another of `regions`. */
  sends(region: Region, regions: readonly Region[]): boolean {
    return this.#others(region, regions).some((other) => isOpen(this.#faults.state(region, other)));
  }

  /** Whether another of `regions` can also answer. */
  confirms(region: Region, regions: readonly Region[]): boolean {
    return this.#others(region, regions).some(
      (other) => isOpen(this.#faults.state(region, other)) && isOpen(this.#faults.state(other, region)),
    );
  }

  /** How long one strong operation takes, links' injected delays to the nearest region included. */
  milliseconds(region: Region, regions: readonly Region[]): number {
    const ranges = STRONG_MILLISECONDS[this.#latency];
    const [low, high] = ranges[Math.min(Math.max(regions.indexOf(region), 0), ranges.length - 1)] ?? [0, 0];
    const usual = this.#random.between(low, high);
    const delays = this.#others(region, regions)
      .map((other) => [this.#faults.state(region, other), this.#faults.state(other, region)])
      .filter((ways) => ways.every(isOpen))
      .map((ways) => ways.map(added).reduce((sum, delay) => sum + delay, 0));
    const straggles = this.#random.chance(1 / STRAGGLER.oneIn);
    return usual * (straggles ? STRAGGLER.factor : 1) + (delays.length > 0 ? Math.min(...delays) : 0);
  }

  #others(region: Region, regions: readonly Region[]): readonly Region[] {
    return regions.filter((other) => other !== region);
  }
}
