/** Values of options that several verbs take. Wrong ones end the command with what was given and what is allowed. */
import { InvalidArgumentError } from "commander";
import type { EventPosition, Position } from "../../journal/model.ts";
import { UsageError } from "../errors.ts";

export const integer =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be an integer from ${low} to ${high}.`);
  };

export const collect = <T>(value: T, before: readonly T[] = []): readonly T[] => [...before, value];

export interface ShardPosition<P extends Position = Position> {
  readonly shard: number;
  readonly position: P;
}

/** `shard:epoch:seq`. */
export function shardPosition(text: string): ShardPosition {
  const numbers = text.split(":").map(Number);
  const [shard, epoch, seq] = numbers;
  if (numbers.length === 3 && numbers.every(isCount) && shard !== undefined && epoch !== undefined && seq) {
    return { shard, position: { epoch, seq } };
  }
  throw new InvalidArgumentError("It must be shard:epoch:seq, e.g. 0:3:1250.");
}

/** `shard:epoch:seq:index`, the first `index` events of that record staying; without an index, all of it. */
export function shardCut(text: string): ShardPosition<EventPosition> {
  const numbers = text.split(":").map(Number);
  const [shard, epoch, seq, index] = numbers;
  const isWhole = numbers.length === 3 || numbers.length === 4;
  if (isWhole && numbers.every(isCount) && shard !== undefined && epoch !== undefined && seq !== undefined) {
    return { shard, position: { epoch, seq, index: index ?? null } };
  }
  throw new InvalidArgumentError("It must be shard:epoch:seq or shard:epoch:seq:index, e.g. 0:3:1250:2.");
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** All shards, or those named as `0,2`. @throws UsageError */
export function chosenShards(text: unknown, shards: number): readonly number[] {
  const all = Array.from({ length: shards }, (_, shard) => shard);
  if (text === undefined) return all;
  const named = String(text).split(",").map(Number);
  const strange = named.find((shard) => !all.includes(shard));
  if (strange === undefined) return [...new Set(named)];
  throw new UsageError(
    `--shards ${text}: this deployment has the shards 0 to ${shards - 1}, e.g. --shards 0`,
  );
}
