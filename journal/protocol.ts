/**
 * The rules of the log, pure: no clock, no I/O. The shells (`writer.ts`, `seal.ts`, `fence.ts`, `read.ts`)
 * obey them.
 *
 * Invariants, and what keeps each:
 * 1. *No acknowledged event is lost.* A record is acknowledged when it and every position of its epoch below
 *    it are known to hold this writer's records; a position never changes once filled; an epoch ends at its
 *    first seal, which is therefore above all of them. (A `cut` takes events back, deliberately: nothing else
 *    does.)
 * 2. *No two epochs acknowledge the same sequence.* An epoch's numbers start at the position of the seal that
 *    opened it, and only records below the seal that ends it are ever acknowledged.
 * 3. *An epoch has one end.* Seals are put from the first empty position on, never beyond a gap alone; when
 *    all positions put to are taken, everything below the first seal among them is a record, for ever.
 * 4. *One writer per epoch*, named by the seal that opened it, and a new epoch for every start of a process.
 * 5. *An epoch's partition holds an item only if the epoch was opened*: nobody puts into one before its
 *    opening seal is decided. So the epochs with items have no hole between them, and the newest is found by
 *    bisection.
 * 6. *Items lie less than 2W beyond an epoch's end*: W is at most MAX_WINDOW, records are put less than W
 *    beyond the acknowledged ones, seals at most 2W beyond a position that was empty. So the end is found
 *    from the highest item.
 * 7. *Hashes chain* over records, seals and epochs, and `ts` never goes back: replay is the same from any
 *    checkpoint.
 * 8. *A move is final.* Over its seal nobody ever puts another: the log goes on in another table, which holds the same
 *    items at the same places.
 */
import type { Region } from "../components/model.ts";
import { hashGenesis, hashSeal } from "./hash.ts";
import type {
  EventPosition,
  JournalRecord,
  LogItem,
  Opening,
  Position,
  Seal,
  SealReason,
  Settled,
} from "./model.ts";

const ORIGIN: EventPosition = { epoch: 0, seq: 0, index: null };

/** The virtual epoch 0, which the first start seals at position 1. */
export const genesis = (shard: number, primary: Region): Opening => ({
  shard,
  epoch: 0,
  first: 1,
  base: ORIGIN,
  region: primary,
  writer: null,
  generation: 0,
  reason: "genesis",
  sealer: null,
  ts: 0,
  hash: hashGenesis(shard, primary),
});

/** The epoch that a decided seal opened. */
export const openedBy = (seal: Seal): Opening => ({
  shard: seal.shard,
  epoch: seal.epoch + 1,
  first: seal.seq,
  base: seal.base,
  region: seal.region,
  writer: seal.writer,
  generation: seal.generation,
  reason: seal.reason,
  sealer: seal.sealer,
  ts: seal.ts,
  hash: seal.hash,
});

/** The log goes on in another table: nobody ever seals over this. */
export const isMoved = ({ reason }: Pick<Opening, "reason">): boolean => reason === "move";

export const isHalted = ({ reason }: Pick<Opening, "reason">): boolean =>
  reason === "halt" || reason === "cut" || reason === "move";

export const samePlace = (a: EventPosition, b: EventPosition): boolean =>
  a.epoch === b.epoch && a.seq === b.seq && a.index === b.index;

/** Where the valid log ends if `epoch` ends before `position`. */
export const baseBefore = (opening: Opening, position: number): EventPosition =>
  position > opening.first ? { epoch: opening.epoch, seq: position - 1, index: null } : opening.base;

/**
 * The part of a strong read of one epoch that is log: records without a gap from `from`, and the seal if one
 * ends them.
 */
export function contiguous(
  items: readonly LogItem[],
  from: number,
): { records: JournalRecord[]; seal?: Seal } {
  const records: JournalRecord[] = [];
  for (const item of items) {
    if (item.seq !== from + records.length) break;
    if (item.kind === "seal") return { records, seal: item };
    records.push(item);
  }
  return { records };
}

// --- Acknowledging
// ---------------------------------------------------------------------------------------------

/**
 * A writer's positions: all up to `acknowledged` are, those below `next` are put, those in `settled` hold its
 * records.
 */
export interface Pipeline {
  readonly acknowledged: number;
  readonly next: number;
  readonly settled: ReadonlySet<number>;
}

/** Invariant 1: the contiguous prefix and nothing else, in order. */
export function acknowledgeable({ acknowledged, settled }: Pipeline): number[] {
  const positions: number[] = [];
  for (let seq = acknowledged + 1; settled.has(seq); seq += 1) positions.push(seq);
  return positions;
}

/**
 * A refused put may be refused by its own earlier attempt (the SDK's retries included): only what is stored
 * tells.
 */
export const owns = (mine: LogItem, { stored }: Settled): boolean => stored.hash === mine.hash;

// --- Sealing
// ---------------------------------------------------------------------------------------------------

/** What is known of the newest epoch's log: its first position without a record, and its highest item. */
export interface LogEnd {
  readonly end: number;
  readonly highest: number;
}

/**
 * Invariant 3. "Highest + 1" would be wrong: a put in flight may still fill a gap below it, and be
 * acknowledged.
 */
export const sealPositions = ({ end }: LogEnd, window: number): number[] =>
  Array.from({ length: 2 * window + 1 }, (_, offset) => end + offset);

/** What a seal says wherever it lands; base and position come with the place. */
export interface SealDraft {
  readonly region: Region;
  readonly writer: string | null;
  readonly generation: number;
  readonly reason: SealReason;
  readonly sealer: string;
  readonly ts: number;
  readonly cut?: EventPosition | undefined;
}

export function sealAt({ cut, ...draft }: SealDraft, opening: Opening, seq: number): Seal {
  const seal = {
    kind: "seal" as const,
    shard: opening.shard,
    epoch: opening.epoch,
    seq,
    base: cut ?? baseBefore(opening, seq),
    ...draft,
    prevHash: opening.hash,
  };
  return { ...seal, hash: hashSeal(seal) };
}

/**
 * Once all positions put to are taken: the first seal decides, whoever wrote it; none means seal further up.
 */
export const decidedSeal = (taken: readonly LogItem[]): Seal | undefined =>
  taken.find((item) => item.kind === "seal");

export type Refusal = "superseded" | "not-mine" | "halted" | "moved" | "not-halted";
export type Decision = { readonly act: "seal" | "done" } | { readonly act: "refuse"; readonly why: Refusal };

const SEAL: Decision = { act: "seal" };
const DONE: Decision = { act: "done" };
const refuse = (why: Refusal): Decision => ({ act: "refuse", why });

/** An engine opens an epoch only over one of its own region, and never over a halt. */
export function decideStart(opening: Opening, region: Region): Decision {
  if (opening.region !== region) return refuse("not-mine");
  return isHalted(opening) ? refuse("halted") : SEAL;
}

export interface FenceIntent {
  readonly region: Region;
  readonly generation: number;
  readonly reason: Exclude<SealReason, "start">;
  readonly cut?: EventPosition | undefined;
  /** A failover that may end a halt: somebody stopped the platform for a reason, and must be overruled. */
  readonly endsHalt?: boolean | undefined;
}

/**
 * `dr` seals over a lower or equal generation only; what already holds is not done again, so a run can be
 * repeated.
 */
export function decideFence(opening: Opening, intent: FenceIntent): Decision {
  const { region, generation, reason, cut } = intent;
  if (isMoved(opening)) return reason === "move" ? DONE : refuse("moved");
  if (opening.generation > generation) return refuse("superseded");
  if (reason === "failover") {
    const isThere = opening.generation === generation && opening.region === region;
    if (isHalted(opening)) return intent.endsHalt && !isThere ? SEAL : refuse("halted");
    return isThere ? DONE : SEAL;
  }
  if (opening.region !== region) return refuse("not-mine");
  // What is left behind must have ended before: the last record is read from it.
  if (reason === "move") return isHalted(opening) ? SEAL : refuse("not-halted");
  if (reason === "halt") return isHalted(opening) ? DONE : SEAL;
  if (reason === "resume") return isHalted(opening) ? SEAL : DONE;
  return opening.reason === "cut" && cut && samePlace(opening.base, cut) ? DONE : SEAL;
}

// --- Confirming
// ------------------------------------------------------------------------------------------------

/**
 * Whether a strong read from the first unacknowledged position on shows the epoch unsealed when it was read:
 * the first position without a record is empty. Own records in flight are passed over; if they fill the page,
 * read on.
 */
export function confirms(
  items: readonly LogItem[],
  from: number,
  more: boolean,
): "confirmed" | "fenced" | "again" {
  const { records, seal } = contiguous(items, from);
  if (seal) return "fenced";
  return more && records.length === items.length ? "again" : "confirmed";
}

/** The decisions that a shell takes from here; the test suite's sabotage replaces one at a time. */
export interface Rules {
  readonly acknowledgeable: (pipeline: Pipeline) => readonly number[];
  readonly owns: (mine: LogItem, settled: Settled) => boolean;
  readonly sealPositions: (log: LogEnd, window: number) => readonly number[];
}

export const PROTOCOL: Rules = { acknowledgeable, owns, sealPositions };

export const isBefore = (a: Position, b: Position): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.seq < b.seq);
