/** Where to cut: by time, to be shown to a person before anything is sealed. */
import type { EventPosition } from "./model.ts";
import { type ReadOptions, readValid } from "./read.ts";
import type { JournalStore } from "./store.ts";

/**
 * The last position before the first record with `ts` ≥ `timestamp` (milliseconds since 1970): the events of
 * one record share its time. Null: there is no such record, nothing to cut. With `after`, only what lies
 * behind it is read.
 */
export async function findCut(
  store: JournalStore,
  shard: number,
  timestamp: number,
  options: ReadOptions = {},
): Promise<EventPosition | null> {
  const { after } = options;
  let last: EventPosition = after
    ? { epoch: after.epoch, seq: after.seq, index: after.index ?? null }
    : { epoch: 0, seq: 0, index: null };
  for await (const { record, upTo } of readValid(store, shard, options)) {
    if (record.ts >= timestamp) return last;
    last = { epoch: record.epoch, seq: record.seq, index: upTo < record.events ? upTo : null };
  }
  return null;
}
