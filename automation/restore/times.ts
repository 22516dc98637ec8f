/** What an operator says of when: times with their zone, and places in the journal. */
import { UsageError } from "../errors.ts";

/** The first event of a shard that goes: `index` counts from 0 in its record. */
export interface CutPlace {
  readonly shard: number;
  readonly epoch: number;
  readonly seq: number;
  readonly index: number;
}

/** Where the journal is cut: on every shard by time, or on those that are named. */
export type CutRequest =
  | { readonly kind: "none" }
  /** Milliseconds since 1970. */
  | { readonly kind: "time"; readonly time: number }
  | { readonly kind: "places"; readonly places: readonly CutPlace[] };

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;
const PLACE = /^(\d+):(\d+):(\d+):(\d+)$/;
const EXAMPLE = "2026-11-23T12:00:00.123Z or 2026-11-23T13:00:00.123+01:00";

/** @returns milliseconds since 1970 @throws UsageError */
export function parseTime(text: string, option: string): number {
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new UsageError(`${option} ${text}: it must be a time with its zone, e.g. ${EXAMPLE}`);
}

/** @throws UsageError */
export function parseCut(texts: readonly string[]): CutRequest {
  const [first] = texts;
  if (first === undefined) return { kind: "none" };
  const places = texts.flatMap((text) => {
    const found = PLACE.exec(text)?.slice(1).map(Number);
    if (found === undefined) return [];
    const [shard = 0, epoch = 0, seq = 0, index = 0] = found;
    return [{ shard, epoch, seq, index }];
  });
  if (places.length === texts.length) {
    const twice = places.find(({ shard }, at) => places.findIndex((one) => one.shard === shard) !== at);
    if (twice !== undefined) throw new UsageError(`--cut names shard ${twice.shard} twice: once is enough`);
    return { kind: "places", places };
  }
  if (texts.length > 1) {
    throw new UsageError(
      `--cut ${texts.join(", ")}: it must be one time for all shards, or one SHARD:EPOCH:SEQ:INDEX each`,
    );
  }
  if (!TIME.test(first)) {
    throw new UsageError(
      `--cut ${first}: it must be a time with its zone (e.g. ${EXAMPLE}), or SHARD:EPOCH:SEQ:INDEX of the first event that goes`,
    );
  }
  return { kind: "time", time: parseTime(first, "--cut") };
}

export const iso = (time: number): string => new Date(time).toISOString();
/** RDS restores to a second; what happened within it may be damage. */
export const wholeSecond = (time: number): number => Math.floor(time / 1_000) * 1_000;
