/** Sealing a shard for `dr`: failover, move, halt, resume, cut. */
import {
  type FindOptions,
  findNewestEpoch,
  type NewestEpoch,
  openingOf,
  pathTo,
  readFrom,
  readRecord,
  startOf,
} from "./epochs.ts";
import {
  HaltedError,
  MovedError,
  NotHaltedError,
  NotInLogError,
  NotMyRegionError,
  SupersededError,
} from "./errors.ts";
import { DEFAULT_WINDOW, type EventPosition, type Opening, type Seal } from "./model.ts";
import {
  decideFence,
  type FenceIntent,
  openedBy,
  PROTOCOL,
  type Refusal,
  type Rules,
  samePlace,
} from "./protocol.ts";
import { checkWindow, sealEpoch, sealTime } from "./seal.ts";
import type { JournalStore } from "./store.ts";

export interface FenceRequest extends FenceIntent, FindOptions {
  /** The run's id. */
  readonly sealer: string;
  /** The writers' window; default 16. A larger one costs puts, a smaller one rounds. */
  readonly window?: number;
}

export interface Fenced {
  /** The epoch now in force. */
  readonly opening: Opening;
  /** Where the valid log ends, until somebody appends to that epoch. */
  readonly base: EventPosition;
  /** False: what was asked for held already. */
  readonly sealed: boolean;
  /** Empty positions below the highest item when the sealing began: puts in flight, or lost. */
  readonly gapsAtSeal: number;
  /** Records beyond the seal, as far as they have landed: never acknowledged, not log. */
  readonly orphans: number;
}

/**
 * Safe to repeat, also after being killed half-way. Throws SupersededError, NotMyRegionError, HaltedError, MovedError,
 * NotHaltedError, and NotInLogError for a cut outside the valid log; rejects with the signal's reason when it aborts:
 * unproven then.
 */
export async function fence(
  store: JournalStore,
  shard: number,
  request: FenceRequest,
  rules: Rules = PROTOCOL,
): Promise<Fenced> {
  const { region, generation, reason, sealer, signal } = request;
  const window = checkWindow(request.window ?? DEFAULT_WINDOW);
  const cut = checkCut(request);
  let { hint, known } = request;
  let coverage = { gapsAtSeal: 0, orphans: 0 };
  for (let sealed = false; ; ) {
    const newest = await findNewestEpoch(store, shard, { hint, known, signal });
    const { opening } = newest;
    const decision = decideFence(opening, request);
    if (decision.act === "refuse") throw refusal(decision.why, opening, request);
    if (decision.act === "done") return { opening, base: opening.base, sealed, ...coverage };
    if (cut && (await isInForce(store, newest, cut, sealer, signal)))
      return { opening, base: opening.base, sealed, ...coverage };

    const ts = sealTime(store, newest);
    const draft = { region, writer: null, generation, reason, sealer, ts, cut };
    const gapsAtSeal = await countGaps(store, newest, signal);
    const seal = await sealEpoch(store, newest, draft, window, rules, signal);
    if (seal.sealer === sealer) {
      sealed = true;
      coverage = { gapsAtSeal, orphans: await countOrphans(store, seal, signal) };
    }
    known = startOf(openedBy(seal));
  }
}

function checkCut({ reason, cut }: FenceRequest): EventPosition | undefined {
  if ((reason === "cut") === (cut !== undefined)) return cut;
  throw new RangeError(`a seal with reason ${reason} ${cut ? "takes no" : "needs a"} cut position`);
}

function refusal(why: Refusal, opening: Opening, { region, generation }: FenceRequest): Error {
  const { shard } = opening;
  if (why === "superseded") return new SupersededError(shard, opening.generation, generation);
  if (why === "halted") return new HaltedError(shard, opening.sealer);
  if (why === "moved") return new MovedError(shard, opening.sealer);
  if (why === "not-halted") return new NotHaltedError(shard);
  return new NotMyRegionError(shard, opening.region, region);
}

/**
 * Whether this run made this very cut before: repeating it, after the shard resumed, would take back what
 * came since. Throws when it lies outside the valid log: a cut into what an earlier one removed would bring
 * it to life again.
 */
async function isInForce(
  store: JournalStore,
  newest: NewestEpoch,
  cut: EventPosition,
  sealer: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { shard } = newest.opening;
  const [segment, next] = await pathTo(store, newest.opening, cut.epoch, signal);
  if (cut.seq > 0) await checkInLog(store, { ...segment, to: segment.to ?? lastOf(newest) }, cut, signal);
  const successor = cut.seq > 0 ? next?.opening : segment.opening;
  for (let epoch = successor?.epoch ?? 0; epoch > cut.epoch; epoch -= 1) {
    const opening = await openingOf(store, shard, epoch, signal);
    if (opening.reason === "cut" && opening.sealer === sealer && samePlace(opening.base, cut)) return true;
  }
  return false;
}

const lastOf = ({ opening, end }: NewestEpoch): EventPosition => ({
  epoch: opening.epoch,
  seq: end - 1,
  index: null,
});

async function checkInLog(
  store: JournalStore,
  { opening, to }: { readonly opening: Opening; readonly to: EventPosition },
  cut: EventPosition,
  signal?: AbortSignal,
): Promise<void> {
  const { shard, epoch, first } = opening;
  const isInside = epoch === cut.epoch && cut.seq >= first && cut.seq <= to.seq;
  if (!isInside) throw new NotInLogError(shard, cut, "a cut must lie in the valid log");
  const { events } = await readRecord(store, shard, cut, signal);
  const valid = cut.seq === to.seq ? (to.index ?? events) : events;
  if ((cut.index ?? events) > valid) {
    throw new NotInLogError(shard, cut, `it has ${valid} valid events, not ${cut.index ?? events}`);
  }
}

async function countGaps(store: JournalStore, { opening, end, highest }: NewestEpoch, signal?: AbortSignal) {
  if (highest < end) return 0;
  const items = await readFrom(store, opening.shard, opening.epoch, end, signal);
  return highest - end + 1 - items.filter(({ seq }) => seq <= highest).length;
}

async function countOrphans(store: JournalStore, { shard, epoch, seq }: Seal, signal?: AbortSignal) {
  const items = await readFrom(store, shard, epoch, seq + 1, signal);
  return items.filter(({ kind }) => kind === "record").length;
}
