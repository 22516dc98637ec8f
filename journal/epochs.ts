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

/** By invariant 6 an epoch's end is at most 2W below its highest item; one more, to have the last record too. */
const lookBack = (highest: LogItem | undefined, first: number): number =>
  Math.max(first, (highest?.seq ?? first) - 2 * MAX_WINDOW - 1);

/** Reads on from a known end, over records and seals that have landed since. */
export async function advance(
  store: JournalStore,
  known: Pick<NewestEpoch, "opening" | "end" | "last">,
  signal?: AbortSignal,
): Promise<NewestEpoch> {
  let { opening, end, last } = known;
  for (;;) {
    const { items, more } = await store.read(opening.shard, opening.epoch, { from: end }, signal);
    const { records, seal } = contiguous(items, end);
    end += records.length;
    last = records.at(-1) ?? last;
    if (seal) {
      opening = openedBy(seal);
      [end, last] = [opening.first, undefined];
    } else if (!more || records.length < items.length) {
      return { opening, end, last, highest: items.at(-1)?.seq ?? end - 1 };
    }
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
  let from = lookBack(highest, 1);
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
  const opening = await openingOf(store, shard, epoch, signal);
  const end = lookBack(await store.last(shard, epoch, signal), opening.first);
  return advance(store, { opening, end, last: undefined }, signal);
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

/**
 * The seal that ended an epoch, by its place alone: what lies below a decided seal was filled, whatever somebody has
 * taken away since. Undefined: the epoch is open.
 */
export async function lowestSeal(
  store: JournalStore,
  shard: number,
  epoch: number,
  signal?: AbortSignal,
): Promise<Seal | undefined> {
  const highest = await store.last(shard, epoch, signal);
  if (highest === undefined) return undefined;
  const items = await readFrom(store, shard, epoch, lookBack(highest, 1), signal);
  return items.find((item) => item.kind === "seal");
}

/** The same as `readFrom`, page by page. */
export async function* readEpoch(
  store: JournalStore,
  shard: number,
  epoch: number,
  from: number,
  signal?: AbortSignal,
): AsyncGenerator<LogItem, void, undefined> {
  for (let next = from; ; ) {
    const { items, more } = await store.read(shard, epoch, { from: next }, signal);
    yield* items;
    if (!more) return;
    next = (items.at(-1)?.seq ?? next) + 1;
  }
}

/** Everything in an epoch's partition from a position on, gaps and orphans included. */
export async function readFrom(
  store: JournalStore,
  shard: number,
  epoch: number,
  from: number,
  signal?: AbortSignal,
): Promise<LogItem[]> {
  return await Array.fromAsync(readEpoch(store, shard, epoch, from, signal));
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
