/**
 * What a cut took back, and a writer that puts the good part of it behind the cut again. The cut stands: nothing of what
 * it took back is log, and what is carried over is new records of a new epoch, which only the run that cut may write.
 */
import type { Region } from "../components/model.ts";
import { findNewestEpoch, openingOf, readRecord } from "./epochs.ts";
import { NotInLogError } from "./errors.ts";
import { DEFAULT_WINDOW, type EventPosition, type JournalRecord } from "./model.ts";
import { isBefore, PROTOCOL, samePlace } from "./protocol.ts";
import { readSealed } from "./read.ts";
import { checkWindow, sealEpoch, sealTime } from "./seal.ts";
import { writerBehind } from "./start.ts";
import type { JournalStore } from "./store.ts";
import type { Writer } from "./writer.ts";

/** Events `from` to before `upTo` of a record that was log before the cut. */
export interface Removed {
  readonly record: JournalRecord;
  readonly from: number;
  readonly upTo: number;
}

/**
 * What the cut at `cut` took back, oldest first, by the seal that is in force. Throws NotInLogError when no cut there is
 * on the valid log's path.
 */
export async function* readRemoved(
  store: JournalStore,
  shard: number,
  cut: EventPosition,
  signal?: AbortSignal,
): AsyncGenerator<Removed, void, undefined> {
  const epoch = await firstCutAt(store, shard, cut, signal);
  if (cut.seq === 0) {
    for await (const { record, upTo } of readSealed(store, shard, epoch - 1, { signal })) {
      yield { record, from: 0, upTo };
    }
    return;
  }
  const base = await readRecord(store, shard, cut, signal);
  if (cut.index !== null) yield { record: base, from: cut.index, upTo: base.events };
  const after = { epoch: cut.epoch, seq: cut.seq, hash: base.hash };
  for await (const { record, upTo } of readSealed(store, shard, epoch - 1, { after, signal })) {
    yield { record, from: 0, upTo };
  }
}

/** The epoch that the cut opened: the first, where the run had to repeat it. */
async function firstCutAt(store: JournalStore, shard: number, cut: EventPosition, signal?: AbortSignal) {
  const { opening } = await findNewestEpoch(store, shard, { signal });
  let found: number | undefined;
  for (let { epoch } = opening; epoch > cut.epoch; epoch -= 1) {
    const one = await openingOf(store, shard, epoch, signal);
    if (one.reason === "cut" && samePlace(one.base, cut)) found = epoch;
    // An older cut, at or before this place: what it took back was not this one's to take.
    else if (found !== undefined && one.reason === "cut" && !isBefore(cut, one.base)) break;
  }
  if (found === undefined) throw new NotInLogError(shard, cut, "no cut was made there");
  return found;
}

export interface CarrierOptions {
  readonly store: JournalStore;
  readonly shard: number;
  readonly region: Region;
  /** Of the cut that is in force. */
  readonly cut: EventPosition;
  /** The run's id: sealer of the new epoch and writer of its records. */
  readonly run: string;
  readonly window?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Seals the cut once more, now naming the run as writer; what an earlier attempt had carried is cut off by that. The
 * epoch stays a cut's: engines do not start before it is resumed. Throws NotInLogError when the shard does not stand at
 * that cut.
 */
export async function openCarrier(options: CarrierOptions): Promise<Writer> {
  const { store, shard, region, cut, run, signal } = options;
  const window = checkWindow(options.window ?? DEFAULT_WINDOW);
  for (;;) {
    const newest = await findNewestEpoch(store, shard, { signal });
    const { opening } = newest;
    if (opening.reason !== "cut" || !samePlace(opening.base, cut)) {
      throw new NotInLogError(
        shard,
        cut,
        `the shard does not stand at this cut but in epoch ${opening.epoch} (${opening.reason})`,
      );
    }
    const ts = sealTime(store, newest);
    const { generation } = opening;
    const draft = { region, writer: run, generation, reason: "cut" as const, sealer: run, ts, cut };
    const seal = await sealEpoch(store, newest, draft, window, PROTOCOL, signal);
    if (seal.sealer !== run || seal.writer !== run) continue;
    return await writerBehind(seal, { store, newest, window, rules: PROTOCOL, signal });
  }
}
