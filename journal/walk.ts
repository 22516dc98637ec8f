/** Walking the valid log record by record, from a known place on; every step is verified. */
import { enterEpoch, extend, type Link, linkAfter, ORIGIN_LINK } from "./chain.ts";
import { type Known, readRecord, type Segment } from "./epochs.ts";
import { NotInLogError, TamperedError } from "./errors.ts";
import type {
  Anchor,
  EventPosition,
  JournalRecord,
  Opening,
  Page,
  Position,
  Seal,
  ValidRecord,
} from "./model.ts";
import { baseBefore, contiguous, isBefore, openedBy, samePlace } from "./protocol.ts";
import type { JournalStore } from "./store.ts";

interface Start {
  readonly opening: Opening;
  readonly next: number;
  readonly link: Link;
  /** The last valid record before `next`, if it is known. */
  readonly last: JournalRecord | undefined;
}

export interface Bounds {
  /** The last position that is looked at: what lies behind it may be broken. */
  readonly to?: Position | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class LogWalk {
  readonly #store: JournalStore;
  readonly #bounds: Bounds;
  #opening: Opening;
  #next: number;
  #link: Link;
  #last: JournalRecord | undefined;
  #ahead: { readonly next: number; readonly page: Promise<Page> } | undefined;

  constructor(store: JournalStore, { opening, next, link, last }: Start, bounds: Bounds = {}) {
    this.#store = store;
    this.#bounds = bounds;
    this.#opening = opening;
    this.#next = next;
    this.#link = link;
    this.#last = last;
  }

  /** Where this walk stands. */
  get place(): Known {
    return { opening: this.#opening, end: this.#next, last: this.#last };
  }

  /** The rest of the present epoch, up to the base of the next one on the path. */
  async *until(to: EventPosition): AsyncGenerator<ValidRecord, void, undefined> {
    const { shard, epoch } = this.#opening;
    while (this.#next <= to.seq) {
      const page = await this.#read();
      const { records } = contiguous(page.items, this.#next);
      if (records.length === 0) {
        throw new TamperedError(shard, { epoch, seq: this.#next }, "a record below a seal's base is missing");
      }
      if (page.more) this.#readAhead(this.#next + records.length);
      for (const record of records) {
        if (record.seq > to.seq || this.#isOut(record)) return;
        yield this.#step(record, record.seq === to.seq ? to.index : null);
      }
    }
  }

  /** Into an epoch whose base is where this walk stands. */
  enter(opening: Opening): void {
    this.#opening = opening;
    this.#next = opening.first;
    this.#link = enterEpoch(this.#link, opening);
    this.#ahead = undefined;
  }

  /**
   * Through the newest epoch and over later seals; at the log's end asks `waitForMore`, and ends when it says
   * no.
   */
  async *onward(
    waitForMore: (opening: Opening) => Promise<boolean>,
  ): AsyncGenerator<ValidRecord, void, undefined> {
    // Of an earlier call that was left half-way: what has landed since is not in it.
    this.#ahead = undefined;
    for (;;) {
      const page = await this.#read();
      const { records, seal } = contiguous(page.items, this.#next);
      const mayContinue = page.more && records.length === page.items.length;
      if (mayContinue) this.#readAhead(this.#next + records.length);
      for (const record of records) {
        if (this.#isOut(record)) return;
        yield this.#step(record, null);
      }
      if (seal) this.#cross(seal);
      else if (!mayContinue && !(await waitForMore(this.#opening))) return;
    }
  }

  #isOut(record: Position): boolean {
    const { to } = this.#bounds;
    return to !== undefined && isBefore(to, record);
  }

  #step(record: JournalRecord, index: number | null): ValidRecord {
    this.#link = extend(this.#link, record);
    this.#next = record.seq + 1;
    this.#last = record;
    return { record, upTo: index ?? record.events };
  }

  #cross(seal: Seal): void {
    const { shard, epoch } = this.#opening;
    if (!samePlace(seal.base, baseBefore(this.#opening, seal.seq))) {
      throw new NotInLogError(shard, { epoch, seq: this.#next - 1 }, "a cut took back what was read");
    }
    this.enter(openedBy(seal));
  }

  #read(): Promise<Page> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead?.next === this.#next) return ahead.page;
    const { shard, epoch } = this.#opening;
    return this.#store.read(shard, epoch, { from: this.#next }, this.#bounds.signal);
  }

  /** Fetches the next page while this one is being used: a round trip costs more than folding a page. */
  #readAhead(next: number): void {
    const { shard, epoch } = this.#opening;
    const page = this.#store.read(shard, epoch, { from: next }, this.#bounds.signal);
    page.catch(() => {});
    this.#ahead = { next, page };
  }
}

/** A walk from the beginning of the log. */
export const walkFromOrigin = (store: JournalStore, opening: Opening, bounds?: Bounds): LogWalk =>
  new LogWalk(
    store,
    { opening, next: opening.first, link: enterEpoch(ORIGIN_LINK, opening), last: undefined },
    bounds,
  );

/** A walk from behind `anchor`, which must lie in `segment` with exactly its hash and number of events. */
export async function walkBehind(
  store: JournalStore,
  { opening, to }: Segment,
  newest: Pick<Known, "end">,
  anchor: Anchor,
  bounds: Bounds = {},
): Promise<LogWalk> {
  const refuse = (why: string) => new NotInLogError(opening.shard, anchor, why);
  if (opening.epoch !== anchor.epoch) throw refuse("nothing of its epoch is valid");
  const end = to ?? { seq: newest.end - 1, index: null };
  const index = anchor.index ?? null;
  const fits = anchor.seq < end.seq ? index === null : anchor.seq === end.seq && index === end.index;
  if (!fits || anchor.seq < opening.first) {
    const within = end.index === null ? "" : `, event ${end.index}`;
    throw refuse(`its epoch is valid from seq ${opening.first} to ${end.seq}${within}`);
  }
  const record = await readRecord(store, opening.shard, anchor, bounds.signal);
  if (record.hash !== anchor.hash)
    throw refuse(`the record there has the hash ${record.hash}, not ${anchor.hash}`);
  const start = { opening, next: anchor.seq + 1, link: linkAfter(record), last: record };
  return new LogWalk(store, start, bounds);
}
