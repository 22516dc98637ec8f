/** Where to cut, to be shown to a person before anything is sealed. */
import { NotInLogError } from "./errors.ts";
import type { EventPosition, Position, ValidRecord } from "./model.ts";
import { type ReadOptions, readValid } from "./read.ts";
import type { JournalStore } from "./store.ts";

/** An event by its place: `index` counts from 0 in its record. */
export interface EventPlace extends Position {
  readonly index: number;
}

/** What a cut would leave and take. */
export interface Cut {
  /** The valid log would end there. */
  readonly position: EventPosition;
  /** The first event that would go; `ts` in milliseconds since 1970. */
  readonly first: EventPlace & { readonly ts: number };
  /** That would go. */
  readonly events: number;
}

export interface Survey {
  /** Null: nothing to cut. */
  readonly cut: Cut | null;
  /** Of the last record; 0: there is none. */
  readonly lastTs: number;
}

/**
 * Cuts before the first record with `ts` ≥ `from` (milliseconds since 1970; the events of one record share its time),
 * or before the event at that place. Rejects with NotInLogError when the valid log has no such event. With `after`,
 * only what lies behind it is read.
 */
export async function surveyCut(
  store: JournalStore,
  shard: number,
  from: number | EventPlace,
  options: ReadOptions = {},
): Promise<Survey> {
  const { after } = options;
  let before: EventPosition = after
    ? { epoch: after.epoch, seq: after.seq, index: after.index ?? null }
    : { epoch: 0, seq: 0, index: null };
  let first: Cut["first"] | undefined;
  let position = before;
  let [events, lastTs] = [0, 0];
  for await (const valid of readValid(store, shard, options)) {
    const { record, upTo } = valid;
    const { epoch, seq, ts } = record;
    const index = first === undefined ? firstIndex(shard, valid, from) : 0;
    if (first === undefined && index !== undefined) {
      first = { epoch, seq, index, ts };
      position = index === 0 ? before : { epoch, seq, index };
    }
    if (index !== undefined) events += upTo - index;
    before = { epoch, seq, index: upTo < record.events ? upTo : null };
    lastTs = ts;
  }
  if (first === undefined && typeof from !== "number") {
    throw new NotInLogError(shard, from, "a cut must lie in the valid log");
  }
  return { cut: first === undefined ? null : { position, first, events }, lastTs };
}

/** The event of this record before which the cut lies; undefined: it does not lie here. */
function firstIndex(
  shard: number,
  { record, upTo }: ValidRecord,
  from: number | EventPlace,
): number | undefined {
  if (typeof from === "number") return record.ts >= from ? 0 : undefined;
  if (record.epoch !== from.epoch || record.seq !== from.seq) return undefined;
  if (from.index < upTo) return from.index;
  throw new NotInLogError(shard, from, `it has ${upTo} valid events, none with index ${from.index}`);
}

/** Only the place where a cut by time lies; null: nothing to cut. */
export async function findCut(
  store: JournalStore,
  shard: number,
  timestamp: number,
  options: ReadOptions = {},
): Promise<EventPosition | null> {
  return (await surveyCut(store, shard, timestamp, options)).cut?.position ?? null;
}
