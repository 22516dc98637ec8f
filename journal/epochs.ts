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

/** Where the log was seen to end; it can only have grown since. */
export type Known = Pick<NewestEpoch, "opening" | "end" | "last">;

export interface FindOptions {
  /**
   * An epoch believed to have been reached (a checkpoint's, a watermark's): fewer reads; a wrong one does no
   * harm.
   */
  readonly hint?: number | undefined;
  /** What an earlier look found: nothing is searched, the log is read on from there. */
  readonly known?: Known | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface NewestEpoch extends LogEnd {
  readonly opening: Opening;
  /** The last valid record, where it was seen; always if it is this epoch's. */
  readonly last: JournalRecord | undefined;
}

/** By invariant 6 an epoch's end is at most 2W below its highest item; one more, to have the last record too. */
const lookBack = (highest: LogItem | undefined, first: number): number =>
  Math.max(first, (highest?.seq ?? first) - 2 * MAX_WINDOW - 1);

/** Known of an epoch that has just been opened. */
export const startOf = (opening: Opening): Known => ({ opening, end: opening.first, last: undefined });

/** Reads on from a known end, over records and seals that have landed since. */
export async function advance(store: JournalStore, known: Known, signal?: AbortSignal): Promise<NewestEpoch> {
  let { opening, end, last } = known;
  for (;;) {
    const { items, more } = await store.read(opening.shard, opening.epoch, { from: end }, signal);
    const { records, seal } = contiguous(items, end);
    end += records.length;
    last = records.at(-1) ?? last;
    if (seal) {
      opening = openedBy(seal);
      end = opening.first;
      // A cut may have taken it back.
      if (last?.epoch !== opening.base.epoch || last.seq !== opening.base.seq) last = undefined;
    } else if (!more || records.length < items.length) {
      return { opening, end, last, highest: items.at(-1)?.seq ?? end - 1 };
    }
  }
}

/**
 * The opening of an epoch known to be opened: the decided seal of the one before.
 * @param seen an item of that one, by which to find its end; absent: its highest is read
 */
export async function openingOf(
  store: JournalStore,
  shard: number,
  epoch: number,
  signal?: AbortSignal,
  seen?: LogItem,
): Promise<Opening> {
  if (epoch === 0) return genesis(shard, store.primary);
  // Its first position is unknown here; being decided, it holds an item, so the lowest one read is on the
  // log.
  let from = lookBack(seen ?? (await store.last(shard, epoch - 1, signal)), 1);
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

/** Epochs asked for at once: a search takes round trips, not reads, and a strong read may cross the continent. */
const FAN_OUT = 4;

/** The highest epoch with items, from 0 or from a hint (invariant 5: all below have some), and what probes saw. */
async function highestWithItems(store: JournalStore, shard: number, hint: number, signal?: AbortSignal) {
  const seen = new Map<number, LogItem>();
  /** How many strides up from `low` there still are items; below 0: not even there. */
  const probe = async (low: number, stride: number): Promise<number> => {
    const epochs = Array.from({ length: FAN_OUT + 1 }, (_, step) => low + step * stride);
    const items = await Promise.all(epochs.map((epoch) => store.last(shard, epoch, signal)));
    for (const item of items) if (item) seen.set(item.epoch, item);
    return items.findLastIndex((item) => item !== undefined);
  };
  let [low, stride] = [Math.max(0, hint - 1), 1];
  let steps = await probe(low, stride);
  if (steps < 0 && low > 0) {
    low = 0;
    steps = await probe(low, stride);
  }
  for (; steps === FAN_OUT; steps = await probe(low, stride)) {
    low += FAN_OUT * stride;
    stride *= FAN_OUT;
  }
  for (low += Math.max(0, steps) * stride; stride > 1; low += steps * stride) {
    stride /= FAN_OUT;
    steps = await probe(low, stride);
  }
  return { epoch: low, seen };
}

/** The epoch now in force, and where its log ends. */
export async function findNewestEpoch(
  store: JournalStore,
  shard: number,
  { hint = 0, known, signal }: FindOptions = {},
): Promise<NewestEpoch> {
  if (known) return advance(store, known, signal);
  const { epoch, seen } = await highestWithItems(store, shard, hint, signal);
  const opening = await openingOf(store, shard, epoch, signal, seen.get(epoch - 1));
  const end = lookBack(seen.get(epoch), opening.first);
  return advance(store, { opening, end, last: undefined }, signal);
}

/** One epoch's share of the valid log: from its first record to `to`; `null`: open, it is the newest. */
export interface Segment {
  readonly opening: Opening;
  readonly to: EventPosition | null;
}

/**
 * The valid log from epoch `until` on, oldest first: from the newest epoch back through the bases.
 * @param end where the newest one is to end; null: it is open
 */
export async function pathTo(
  store: JournalStore,
  newest: Opening,
  until: number,
  signal?: AbortSignal,
  end: EventPosition | null = null,
): Promise<[Segment, ...Segment[]]> {
  const path: [Segment, ...Segment[]] = [{ opening: newest, to: end }];
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

/**
 * The last valid record before an epoch's first.
 * @param last the one that is known already, if it should be that
 */
export async function baseHead(
  store: JournalStore,
  { shard, base }: Opening,
  signal?: AbortSignal,
  last?: JournalRecord,
): Promise<Head> {
  if (base.seq === 0) return { epoch: 0, seq: 0, hash: ORIGIN_HASH, ts: 0 };
  const isKnown = last?.epoch === base.epoch && last.seq === base.seq;
  const { epoch, seq, hash, ts } = isKnown ? last : await readRecord(store, shard, base, signal);
  return { epoch, seq, hash, ts };
}

/** The newest epoch with the last valid record, whose `ts` says when a writer last was alive. */
export async function readHead(
  store: JournalStore,
  shard: number,
  options: FindOptions = {},
): Promise<{ readonly opening: Opening; readonly head: Head; readonly known: Known }> {
  const known = await findNewestEpoch(store, shard, options);
  const { opening, last } = known;
  if (!last) return { opening, head: await baseHead(store, opening, options.signal), known };
  const { epoch, seq, hash, ts } = last;
  return { opening, head: { epoch, seq, hash, ts }, known };
}
