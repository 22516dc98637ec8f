/**
 * Appending to an epoch that belongs to this process: pipelined puts, acknowledged as a contiguous prefix.
 */
import { Confirmations } from "./confirm.ts";
import type { Head } from "./epochs.ts";
import { BodyRefusedError, FencedError, UnknownOutcomeError } from "./errors.ts";
import { hashRecord } from "./hash.ts";
import { type Acknowledgement, type JournalRecord, MAX_BODY_BYTES, type Opening } from "./model.ts";
import type { Rules } from "./protocol.ts";
import type { JournalStore } from "./store.ts";

export interface Writer {
  readonly shard: number;
  /** The epoch this writer opened; `opening.generation` is what `/active` compares. */
  readonly opening: Opening;
  /** The last acknowledged record; at first the base of the epoch. */
  readonly head: Head;
  /** When the last append began, by the journal's clock: time for a heartbeat when it is long ago. */
  readonly lastAppendAt: number;
  readonly hasRoom: boolean;
  /** Resolves when `hasRoom`, or when the writer is fenced or closed. */
  room(): Promise<void>;
  /**
   * Puts the next record; resolves, in order, when it and all before it are in the log. Rejects with
   * BodyRefusedError (nothing was put), FencedError (never appended), UnknownOutcomeError (closed meanwhile).
   * Needs `hasRoom`.
   */
  append(body: string, events: number): Promise<Acknowledgement>;
  /**
   * Resolves when a journal operation begun after this call showed the epoch unsealed. Rejects with
   * FencedError.
   */
  confirm(): Promise<void>;
  /** Resolves when this writer is fenced, else never. The process must exit then. */
  readonly fenced: Promise<FencedError>;
  /** Stops repeating puts; what is pending rejects with UnknownOutcomeError. */
  close(): void;
}

export interface EpochWriterOptions {
  readonly store: JournalStore;
  readonly opening: Opening;
  /** The end of the valid log. */
  readonly head: Head;
  /** The first record's position, and what it chains to. */
  readonly next: number;
  readonly prevHash: string;
  readonly writer: string;
  readonly window: number;
  readonly rules: Rules;
}

interface Pending {
  readonly record: JournalRecord;
  readonly answer: PromiseWithResolvers<Acknowledgement>;
}

export class EpochWriter implements Writer {
  readonly opening: Opening;
  readonly fenced: Promise<FencedError>;
  readonly #store: JournalStore;
  readonly #writer: string;
  readonly #window: number;
  readonly #rules: Rules;
  readonly #pending = new Map<number, Pending>();
  readonly #settled = new Set<number>();
  readonly #stop = new AbortController();
  readonly #confirmations: Confirmations;
  readonly #fence = Promise.withResolvers<FencedError>();
  readonly #rooms: (() => void)[] = [];
  #head: Head;
  #acknowledged: number;
  #next: number;
  #tip: { readonly hash: string; readonly ts: number };
  #lastAppendAt: number;
  #fencedBy: FencedError | undefined;

  constructor({ store, opening, head, next, prevHash, writer, window, rules }: EpochWriterOptions) {
    this.opening = opening;
    this.fenced = this.#fence.promise;
    this.#store = store;
    this.#writer = writer;
    this.#window = window;
    this.#rules = rules;
    this.#head = head;
    this.#acknowledged = next - 1;
    this.#next = next;
    this.#tip = { hash: prevHash, ts: Math.max(opening.ts, head.ts) };
    this.#lastAppendAt = store.clock.now();
    this.#confirmations = new Confirmations({
      store,
      opening,
      window,
      acknowledged: () => this.#acknowledged,
      onSeal: (seq) => this.#fenceAt(seq),
      signal: this.#stop.signal,
    });
  }

  get shard(): number {
    return this.opening.shard;
  }

  get head(): Head {
    return this.#head;
  }

  get lastAppendAt(): number {
    return this.#lastAppendAt;
  }

  get hasRoom(): boolean {
    return this.#next - this.#acknowledged <= this.#window;
  }

  room(): Promise<void> {
    if (this.hasRoom || this.#fencedBy || this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => this.#rooms.push(resolve));
  }

  append(body: string, events: number): Promise<Acknowledgement> {
    const refused = this.#refuse(body, events);
    if (refused) return Promise.reject(refused);
    const now = this.#store.clock.now();
    const unhashed = {
      kind: "record" as const,
      shard: this.shard,
      epoch: this.opening.epoch,
      seq: this.#next,
      writer: this.#writer,
      ts: Math.max(now, this.#tip.ts),
      prevHash: this.#tip.hash,
      events,
      body,
    };
    const record = { ...unhashed, hash: hashRecord(unhashed) };
    this.#tip = record;
    this.#next += 1;
    this.#lastAppendAt = now;
    const answer = Promise.withResolvers<Acknowledgement>();
    this.#pending.set(record.seq, { record, answer });
    this.#confirmations.piggyback(answer.promise);
    void this.#put(record);
    this.#acknowledge();
    return answer.promise;
  }

  confirm(): Promise<void> {
    if (this.#fencedBy) return Promise.reject(this.#fencedBy);
    if (this.#stop.signal.aborted) return Promise.reject(closed());
    return this.#confirmations.request();
  }

  close(): void {
    this.#stop.abort(closed());
    for (const { answer } of this.#pending.values()) answer.reject(closed());
    this.#pending.clear();
    this.#release();
  }

  #refuse(body: string, events: number): Error | undefined {
    if (this.#fencedBy) return this.#fencedBy;
    if (this.#stop.signal.aborted) return new BodyRefusedError("the writer is closed: nothing was appended");
    if (!this.hasRoom)
      return new RangeError(`${this.#window} appends are unacknowledged: await room() first`);
    const bytes = Buffer.byteLength(body);
    if (bytes > MAX_BODY_BYTES) {
      return new BodyRefusedError(
        `a record's body has ${bytes} bytes, at most ${MAX_BODY_BYTES} are allowed`,
      );
    }
    // A lone surrogate would come back from the table as another character, and no longer hash to its hash.
    if (!body.isWellFormed()) return new BodyRefusedError("a record's body has a lone surrogate: not UTF-8");
    if (!Number.isInteger(events) || events < 0) return new BodyRefusedError(`a record has ${events} events`);
    return undefined;
  }

  async #put(record: JournalRecord): Promise<void> {
    try {
      const settled = await this.#store.put(record, this.#stop.signal);
      if (!this.#rules.owns(record, settled)) {
        this.#fenceAt(record.seq);
        return;
      }
      this.#settled.add(record.seq);
      this.#acknowledge();
    } catch (cause) {
      if (!this.#stop.signal.aborted) throw cause;
    }
  }

  #acknowledge(): void {
    const pipeline = { acknowledged: this.#acknowledged, next: this.#next, settled: this.#settled };
    for (const seq of this.#rules.acknowledgeable(pipeline)) {
      const pending = this.#pending.get(seq);
      this.#acknowledged = Math.max(this.#acknowledged, seq);
      this.#settled.delete(seq);
      if (!pending) continue;
      this.#pending.delete(seq);
      const { shard, epoch, hash, ts } = pending.record;
      this.#head = { epoch, seq, hash, ts };
      pending.answer.resolve({ shard, epoch, seq, hash });
    }
    if (this.hasRoom) this.#release();
  }

  /** Nothing from the seal on is log. Puts below it go on: they are log, unless a seal lands still lower. */
  #fenceAt(seq: number): FencedError {
    const error = this.#fencedBy ?? new FencedError(this.shard, { epoch: this.opening.epoch, seq });
    this.#fencedBy = error;
    for (const [position, { answer }] of this.#pending) {
      if (position < seq) continue;
      this.#pending.delete(position);
      answer.reject(error);
    }
    this.#fence.resolve(error);
    this.#release();
    return error;
  }

  #release(): void {
    for (const resolve of this.#rooms.splice(0)) resolve();
  }
}

const closed = () => new UnknownOutcomeError("the writer was closed while this was in flight");
