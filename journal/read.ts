/** Reading the valid log: only the contiguous prefix, across epochs by their bases, every hash checked. */
import { cursorAt, openCursor } from "./cursor.ts";
import { findNewestEpoch, openingOf, pathTo, startOf } from "./epochs.ts";
import type { Anchor, JournalRecord, Opening, Position, ValidRecord } from "./model.ts";
import { isBefore } from "./protocol.ts";
import type { JournalStore } from "./store.ts";

export const DEFAULT_POLL_MILLISECONDS = 100;

export interface ReadOptions {
  /** Start behind this record; absent (or seq 0): from the beginning. */
  readonly after?: Anchor | undefined;
  /** Stop behind this position, without a look at what follows. */
  readonly to?: Position | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FollowOptions {
  readonly after?: Anchor | undefined;
  readonly signal: AbortSignal;
  /** Pause between polls of the log's end; default 100. */
  readonly intervalMilliseconds?: number;
  /** Asked when a read has found nothing more in the newest epoch: false ends it. Default: it never ends by itself. */
  readonly atEnd?: (newest: Opening) => boolean;
}

/** Where to continue behind a valid record. */
export const anchorOf = ({ record, upTo }: ValidRecord): Anchor => {
  const { epoch, seq, hash, events } = record;
  return upTo < events ? { epoch, seq, hash, index: upTo } : { epoch, seq, hash };
};

/**
 * Records of the valid log behind `after`, verified, until the log's end at the time of reading, or `to`.
 * Throws NotInLogError when `after` is not (or no longer) in the log, or a cut took back what was yielded;
 * TamperedError when what is stored contradicts itself.
 */
export async function* readValid(
  store: JournalStore,
  shard: number,
  { after, to, signal }: ReadOptions = {},
): AsyncGenerator<ValidRecord, void, undefined> {
  if (to && after && !isBefore(after, to)) return;
  const cursor = await openCursor(store, shard, { after, to, signal });
  for await (const valid of cursor.read()) {
    yield valid;
    if (to && !isBefore(valid.record, to)) return;
  }
}

/** The same, then the live tail; returns when the signal aborts, or `atEnd` says no. */
export async function* follow(
  store: JournalStore,
  shard: number,
  { after, signal, intervalMilliseconds = DEFAULT_POLL_MILLISECONDS, atEnd = () => true }: FollowOptions,
): AsyncGenerator<ValidRecord, void, undefined> {
  const waitForMore = async (newest: Opening) => {
    if (!atEnd(newest)) return false;
    await store.clock.sleep(intervalMilliseconds, signal);
    return true;
  };
  try {
    const cursor = await openCursor(store, shard, { after, signal });
    yield* cursor.read(waitForMore);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/**
 * The log as it was when `epoch` was sealed: what a cut took back is still there. Throws like `readValid`, and when the
 * epoch is not sealed.
 */
export async function* readSealed(
  store: JournalStore,
  shard: number,
  epoch: number,
  { after, signal }: Pick<ReadOptions, "after" | "signal"> = {},
): AsyncGenerator<ValidRecord, void, undefined> {
  const opening = await openingOf(store, shard, epoch, signal);
  const end = (await openingOf(store, shard, epoch + 1, signal)).first;
  const to = { epoch, seq: end - 1, index: null };
  yield* (await cursorAt(store, { ...startOf(opening), end }, after, { signal }, to)).read();
}

/**
 * Records from a position on as the seals delimit them, unverified: for setting aside what lies behind a break. Throws
 * TamperedError where the seals themselves, or an item's form, do not hold.
 */
export async function* readUnverified(
  store: JournalStore,
  shard: number,
  from: Position,
  signal?: AbortSignal,
): AsyncGenerator<JournalRecord, void, undefined> {
  const newest = await findNewestEpoch(store, shard, { signal });
  for (const { opening, to } of await pathTo(store, newest.opening, from.epoch, signal)) {
    const { epoch, first } = opening;
    if (epoch < from.epoch) continue;
    const end = to?.seq ?? newest.end - 1;
    for (let next = epoch === from.epoch ? from.seq : first; next <= end; ) {
      const { items } = await store.read(shard, epoch, { from: next }, signal);
      if (items.length === 0) break;
      for (const item of items) if (item.kind === "record" && item.seq <= end) yield item;
      next = (items.at(-1)?.seq ?? next) + 1;
    }
  }
}

/** What lies behind a watermark, up to the log's end: how far a projection is from it. */
export interface Tail {
  readonly records: number;
  readonly events: number;
  /** The last record counted; null: none. */
  readonly head: Anchor | null;
}

export async function measureTail(
  store: JournalStore,
  shard: number,
  options: ReadOptions = {},
): Promise<Tail> {
  let [records, events, head]: [number, number, Anchor | null] = [0, 0, null];
  for await (const valid of readValid(store, shard, options)) {
    records += 1;
    events += valid.upTo;
    head = anchorOf(valid);
  }
  return { records, events, head };
}
