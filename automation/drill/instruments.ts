/** Instruments for a load, some of every shard. */
import { shardOf } from "../../workload/orders.ts";

export const PER_SHARD = 4;

/** @returns `PER_SHARD` of each shard, the same every time */
export function instrumentsOf(shards: number): readonly string[] {
  const found = new Map<number, string[]>();
  for (let number = 1; [...found.values()].flat().length < shards * PER_SHARD; number++) {
    const instrument = `INS${number}`;
    const shard = shardOf(instrument, shards);
    const known = found.get(shard) ?? [];
    if (known.length < PER_SHARD) found.set(shard, [...known, instrument]);
  }
  return [...found.values()].flat();
}
