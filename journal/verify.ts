/**
 * Whether a log is what was acknowledged: its chain holds, and it is what the archive's heads say. The chain alone
 * proves little: whoever can write the table can rewrite it up to its end, and only the heads tell.
 */
import type { Archive } from "./archive.ts";
import { readRecord } from "./epochs.ts";
import { NotInLogError, TamperedError } from "./errors.ts";
import type { Anchor, ValidRecord } from "./model.ts";
import { isBefore } from "./protocol.ts";
import { anchorOf, type ReadOptions, readValid } from "./read.ts";
import type { JournalStore } from "./store.ts";

export interface VerifyOptions extends ReadOptions {
  /** Absent: the chain alone is checked. */
  readonly archive?: Archive | undefined;
  readonly onRecord?: (valid: ValidRecord) => void;
}

export interface VerifiedLog {
  readonly records: number;
  readonly events: number;
  /** The last record; null: there is none behind `after`. */
  readonly head: Anchor | null;
  readonly anchors: {
    /** Archived heads that the log agrees with. */
    readonly agreeing: number;
    /** Archived heads that a cut took back since. */
    readonly cutOff: number;
    /** Records behind the last of them, which nothing but the chain vouches for yet. */
    readonly unanchored: number;
  };
}

/**
 * Throws TamperedError: where the chain breaks, or at the first archived head that the journal does not have as it
 * was archived.
 */
export async function verifyLog(
  store: JournalStore,
  shard: number,
  { archive, onRecord, ...range }: VerifyOptions = {},
): Promise<VerifiedLog> {
  const { after, to, signal } = range;
  const heads = new Heads(store, shard, archive?.anchors(shard, { after, signal }), signal);
  let [records, events, unanchored]: [number, number, number] = [0, 0, 0];
  let head: Anchor | null = null;
  await heads.start();
  for await (const valid of readValid(store, shard, range)) {
    records += 1;
    events += valid.upTo;
    head = anchorOf(valid);
    unanchored = (await heads.meet(head)) ? 0 : unanchored + 1;
    onRecord?.(valid);
  }
  if (to === undefined) await heads.meet(BEYOND);
  return { records, events, head, anchors: { ...heads.count, unanchored } };
}

const BEYOND: Anchor = { epoch: Number.POSITIVE_INFINITY, seq: Number.POSITIVE_INFINITY, hash: "" };

/** The archived heads, walked beside the log. */
class Heads {
  readonly count = { agreeing: 0, cutOff: 0 };
  readonly #store: JournalStore;
  readonly #shard: number;
  readonly #heads: AsyncGenerator<Anchor, void, undefined> | undefined;
  readonly #signal: AbortSignal | undefined;
  #next: Anchor | undefined;
  #agreed: Anchor | undefined;

  constructor(
    store: JournalStore,
    shard: number,
    heads: AsyncGenerator<Anchor, void, undefined> | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#store = store;
    this.#shard = shard;
    this.#heads = heads;
    this.#signal = signal;
  }

  async start(): Promise<void> {
    this.#next = (await this.#heads?.next())?.value ?? undefined;
  }

  /** Checks the heads up to this record; true: one of them names it. */
  async meet(record: Anchor): Promise<boolean> {
    let met = false;
    while (this.#next !== undefined && !isBefore(record, this.#next)) {
      const head = this.#next;
      const isHere = head.epoch === record.epoch && head.seq === record.seq;
      if (isHere) this.#agree(head, record.hash);
      else await this.#findBeside(head);
      met ||= isHere;
      await this.start();
    }
    return met;
  }

  #agree(head: Anchor, hash: string): void {
    if (head.hash !== hash) throw this.#rewritten(head, `the journal has ${hash}`);
    this.count.agreeing += 1;
    this.#agreed = head;
  }

  /** What is no longer log was cut off, deliberately; then it still stands where it stood. */
  async #findBeside(head: Anchor): Promise<void> {
    const stored = await hashAt(this.#store, this.#shard, head, this.#signal);
    if (stored !== head.hash) throw this.#rewritten(head, `the journal has ${stored ?? "no record there"}`);
    this.count.cutOff += 1;
  }

  #rewritten(head: Anchor, what: string): TamperedError {
    const since =
      this.#agreed === undefined ? "" : `, it agrees up to ${this.#agreed.epoch}.${this.#agreed.seq}`;
    return new TamperedError(this.#shard, head, `the archive has the hash ${head.hash}, ${what}${since}`);
  }
}

async function hashAt(store: JournalStore, shard: number, anchor: Anchor, signal?: AbortSignal) {
  try {
    return (await readRecord(store, shard, anchor, signal)).hash;
  } catch (error) {
    if (error instanceof NotInLogError) return undefined;
    throw error;
  }
}
