/**
 * Decides record by record what of a log is kept, when somebody could write its table.
 *
 * Invariants: what was archived is kept as it was archived. Of what was not yet, a record whose chain was rewritten is
 * kept only if a later one names the hash that it must have had: whoever rewrites a chain to its head cannot write the
 * true next record. Where a contradiction is left at the end, nothing behind the last proof is kept, for nobody knows
 * which record was forged. And no cut is undone by leaving its seal out.
 */
import { enterEpoch, type Link, linkAfter, ORIGIN_LINK } from "./chain.ts";
import { TamperedError } from "./errors.ts";
import { hashRecord } from "./hash.ts";
import type { EventPosition, JournalRecord, LogItem, Opening, Position, Seal } from "./model.ts";
import { samePlace } from "./protocol.ts";

/** `chain`: it fits behind what is archived. `proof`: its chain was rewritten, and what follows names it. */
export type Source = "archive" | "chain" | "proof";

export interface Kept {
  readonly kind: "kept";
  readonly item: LogItem;
  readonly source: Source;
  /** What stands in its place in the table. */
  readonly stored: LogItem | undefined;
}

export type Proven =
  | Kept
  /** A record of the table that nothing vouches for. */
  | { readonly kind: "refused"; readonly record: JournalRecord }
  /** A cut behind what is kept: the log ends there. Comes last. */
  | { readonly kind: "cut"; readonly base: EventPosition };

const placeOf = ({ epoch, seq }: Position): string => `${epoch}.${seq}`;

export class Prover {
  /** Undefined: nothing can follow what is kept. */
  #link: Link | undefined = ORIGIN_LINK;
  /** Behind the last proof; begins with a record. */
  #pending: Kept[] = [];
  /** One of them was rewritten, and not proven yet. */
  #isOpen = false;
  #isBroken = false;
  readonly #dropped: Seal[] = [];
  /** Where the log that is kept ends. */
  #end: EventPosition = { epoch: 0, seq: 0, index: null };
  /** The last record kept of each epoch. */
  readonly #ends = new Map<number, EventPosition>();
  readonly #openings = new Map<number, Opening>();
  /** The records behind which epochs start. */
  readonly #bases: Map<string, Link | undefined>;

  /** @param bases of all seals that hold */
  constructor(bases: readonly Position[]) {
    this.#bases = new Map(bases.map((base) => [placeOf(base), undefined]));
    this.#bases.set(placeOf(this.#end), ORIGIN_LINK);
  }

  enter(opening: Opening): void {
    this.#openings.set(opening.epoch, opening);
    const base = this.#bases.get(placeOf(opening.base));
    this.#link = base && enterEpoch(base, opening);
  }

  /** @throws TamperedError when it contradicts what was archived before it */
  *archived(truth: JournalRecord, stored: LogItem | undefined): Generator<Proven, void, undefined> {
    if (this.#isBroken || truth.prevHash !== this.#link?.expected) {
      throw new TamperedError(
        truth.shard,
        truth,
        "the archived record does not chain to what lies before it",
      );
    }
    yield* this.#prove();
    this.#follow(truth);
    yield this.#keep({ kind: "kept", item: truth, source: "archive", stored });
  }

  *stored(record: JournalRecord): Generator<Proven, void, undefined> {
    const link = this.#link;
    if (this.#isBroken || link === undefined) {
      this.#isBroken = true;
      yield { kind: "refused", record };
      return;
    }
    const fits =
      record.prevHash === link.expected && hashRecord(record) === record.hash && record.ts >= link.ts;
    if (fits && this.#isOpen) yield* this.#prove();
    const item = fits ? record : relinked(record, link);
    this.#isOpen ||= !fits;
    this.#follow(item);
    this.#pending.push({ kind: "kept", item, source: fits ? "chain" : "proof", stored: record });
  }

  /** A record was taken away: nothing behind it can be kept. */
  *missing(): Generator<Proven, void, undefined> {
    if (!this.#isBroken) yield* this.#settle();
    this.#isBroken = true;
  }

  *sealed(seal: Seal): Generator<Proven, void, undefined> {
    const kept: Kept = { kind: "kept", item: seal, source: "chain", stored: seal };
    if (this.#isBroken) this.#dropped.push(seal);
    else if (this.#pending.length > 0) this.#pending.push(kept);
    else yield this.#keep(kept);
  }

  *end(): Generator<Proven, void, undefined> {
    if (!this.#isBroken) yield* this.#settle();
    const last = this.#dropped.at(-1);
    const base = last && this.#keptBefore(last.base);
    if (base !== undefined && !samePlace(base, this.#end)) yield { kind: "cut", base };
  }

  *#settle(): Generator<Proven, void, undefined> {
    if (!this.#isOpen) return yield* this.#prove();
    for (const { item, stored } of this.#pending) {
      if (item.kind === "seal") this.#dropped.push(item);
      else if (stored?.kind === "record") yield { kind: "refused", record: stored };
    }
    this.#pending = [];
  }

  *#prove(): Generator<Proven, void, undefined> {
    for (const kept of this.#pending) yield this.#keep(kept);
    this.#pending = [];
    this.#isOpen = false;
  }

  #keep(kept: Kept): Kept {
    const { item } = kept;
    this.#end = item.kind === "seal" ? item.base : { epoch: item.epoch, seq: item.seq, index: null };
    if (item.kind === "record") this.#ends.set(item.epoch, this.#end);
    return kept;
  }

  #follow(record: JournalRecord): void {
    this.#link = linkAfter(record);
    const place = placeOf(record);
    if (this.#bases.has(place)) this.#bases.set(place, this.#link);
  }

  /** The last place on the path to `position` that is kept: what earlier cuts took back stays out. */
  #keptBefore(position: EventPosition): EventPosition {
    for (let at = position; at.seq > 0; ) {
      const end = this.#ends.get(at.epoch);
      if (end !== undefined) return at.seq <= end.seq ? at : end;
      const opening = this.#openings.get(at.epoch);
      if (opening === undefined) break;
      at = opening.base;
    }
    return { epoch: 0, seq: 0, index: null };
  }
}

/** As it must have been, if its content is what it was. */
function relinked(record: JournalRecord, { expected }: Link): JournalRecord {
  const content = { ...record, prevHash: expected };
  return { ...content, hash: hashRecord(content) };
}
