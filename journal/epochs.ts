/**
 * Finding one's way: the newest epoch, where an epoch ends, and the path of the valid log back through the
 * bases.
 */
import { NotInLogError, TamperedError } from "./errors.ts";
import { ORIGIN_HASH } from "./hash.ts";
import {
  type EventPosition,
  type JournalRecord,
  type LogItem,
  MAX_WINDOW,
  type Opening,
  type Position,
  type Seal,
} from "./model.ts";
import { contiguous, genesis, type LogEnd, openedBy } from "./protocol.ts";
import type { JournalStore } from "./store.ts";

export interface FindOptions {
  /**
   * An epoch believed to have been reached (a checkpoint's, a watermark's): fewer reads; a wrong one does no
   * harm.
   */
  readonly hint?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface NewestEpoch extends LogEnd {
  readonly opening: Opening;
  /** The record at `end - 1`, if the epoch has any. */
  readonly last: JournalRecord | undefined;
}

interface EpochEnd extends LogEnd {
  readonly last: JournalRecord | undefined;
  /** The decided seal, when the epoch has one. */
  readonly seal: Seal | undefined;
}

/**
 * By invariant 6 the end is at most 2W below the highest item; pages are read on while they stay contiguous.
 */
async function endOf(
  store: JournalStore,
  shard: number,
  epoch: number,
  first: number,
  signal?: AbortSignal,
): Promise<EpochEnd> {
  const highest = await store.last(shard, epoch, signal);
  if (!highest) return { end: first, highest: 0, last: undefined, seal: undefined };
  let end = Math.max(first, highest.seq - 2 * MAX_WINDOW);
  let last: JournalRecord | undefined;
  for (;;) {
    const page = await store.read(shard, epoch, { from: end }, signal);
    const { records, seal } = contiguous(page.items, end);
    last = records.at(-1) ?? last;
    end += records.length;
    const isWhole = records.length === page.items.length && page.more;
    if (!isWhole) return { end, highest: highest.seq, last, seal };
  }
}

/** The opening of an epoch known to be opened: the decided seal of the one before. */
export async function openingOf(
  store: JournalStore,
  shard: number,
  epoch: number,
  signal?: AbortSignal,
): Promise<Opening> {
  if (epoch === 0) return genesis(shard, store.primary);
  // Its first position is unknown here; being decided, it holds an item, so the lowest one read is on the
  // log.
  const highest = await store.last(shard, epoch - 1, signal);
  let from = Math.max(1, (highest?.seq ?? 1) - 2 * MAX_WINDOW);
  for (;;) {
    const page: { items: readonly LogItem[]; more: boolean } = await store.read(
      shard,
      epoch - 1,
      { from },
      signal,
    );
    const lowest = page.items[0];
    const { records, seal } = contiguous(page.items, lowest?.seq ?? from);
    if (seal) return openedBy(seal);
    const end = records.at(-1)?.seq ?? from;
    if (!page.more || records.length < page.items.length) {
      throw new TamperedError(shard, { epoch: epoch - 1, seq: end + 1 }, `no seal opens epoch ${epoch}`);
    }
    from = end + 1;
  }
}

/** The highest epoch with items, from 0 or from a hint (invariant 5): doubling steps, then bisection. */
async function highestWithItems(store: JournalStore, shard: number, from: number, signal?: AbortSignal) {
  let low = from;
  let step = 1;
  while (await store.last(shard, low + step, signal)) {
    low += step;
    step *= 2;
  }
  let high = low + step;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await store.last(shard, middle, signal)) low = middle;
    else high = middle;
  }
  return low;
}

/** The epoch now in force, and where its log ends. */
export async function findNewestEpoch(
  store: JournalStore,
  shard: number,
  { hint = 0, signal }: FindOptions = {},
): Promise<NewestEpoch> {
  const known = hint > 0 && (await store.last(shard, hint - 1, signal)) ? hint - 1 : 0;
  const epoch = await highestWithItems(store, shard, known, signal);
  let opening = await openingOf(store, shard, epoch, signal);
  for (;;) {
    const { end, highest, last, seal } = await endOf(store, shard, opening.epoch, opening.first, signal);
    if (!seal) return { opening, end, highest, last };
    opening = openedBy(seal);
  }
}

/** One epoch's share of the valid log: from its first record to `to`; `null`: open, it is the newest. */
export interface Segment {
  readonly opening: Opening;
  readonly to: EventPosition | null;
}

/** The valid log from epoch `until` on, oldest first: from the newest epoch back through the bases. */
export async function pathTo(
  store: JournalStore,
  newest: Opening,
  until: number,
  signal?: AbortSignal,
): Promise<[Segment, ...Segment[]]> {
  const path: [Segment, ...Segment[]] = [{ opening: newest, to: null }];
  for (let { base, epoch } = newest; base.seq > 0 && epoch > until; ) {
    const opening = await openingOf(store, newest.shard, base.epoch, signal);
    path.unshift({ opening, to: base });
    ({ base, epoch } = opening);
  }
  return path;
}

/** Reads one record that must be there, because the log says so. */
export async function readRecord(
  store: JournalStore,
  shard: number,
  position: Position,
  signal?: AbortSignal,
): Promise<JournalRecord> {
  const { epoch, seq } = position;
  const { items } = await store.read(shard, epoch, { from: seq, limit: 1 }, signal);
  const item = items[0];
  if (item?.seq !== seq || item.kind !== "record")
    throw new NotInLogError(shard, position, "no record is there");
  return item;
}

/** Everything in an epoch's partition from a position on, gaps and orphans included. */
export async function readFrom(
  store: JournalStore,
  shard: number,
  epoch: number,
  from: number,
  signal?: AbortSignal,
): Promise<LogItem[]> {
  const all: LogItem[] = [];
  for (let next = from; ; ) {
    const { items, more } = await store.read(shard, epoch, { from: next }, signal);
    all.push(...items);
    if (!more) return all;
    next = (items.at(-1)?.seq ?? next) + 1;
  }
}

/** The end of the valid log. Seq 0: it has no record yet. */
export interface Head extends Position {
  readonly hash: string;
  readonly ts: number;
}

/** The last valid record before an epoch's first. */
export async function baseHead(
  store: JournalStore,
  { shard, base }: Opening,
  signal?: AbortSignal,
): Promise<Head> {
  if (base.seq === 0) return { epoch: 0, seq: 0, hash: ORIGIN_HASH, ts: 0 };
  const { epoch, seq, hash, ts } = await readRecord(store, shard, base, signal);
  return { epoch, seq, hash, ts };
}

/** The newest epoch with the last valid record, whose `ts` says when a writer last was alive. */
export async function readHead(
  store: JournalStore,
  shard: number,
  options: FindOptions = {},
): Promise<{ readonly opening: Opening; readonly head: Head }> {
  const { opening, last } = await findNewestEpoch(store, shard, options);
  if (!last) return { opening, head: await baseHead(store, opening, options.signal) };
  const { epoch, seq, hash, ts } = last;
  return { opening, head: { epoch, seq, hash, ts } };
}
