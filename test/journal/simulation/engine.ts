/** A small engine on the real journal: journal first, acknowledge after, answer state only when confirmed. */
import {
  type Acknowledgement,
  awaitSilence,
  type CheckpointStore,
  FencedError,
  type Head,
  type JournalStore,
  type Known,
  openCursor,
  type openWriter,
  readValid,
  UnknownOutcomeError,
  type Writer,
  type WriterOptions,
  waitForOwnership,
} from "../../../journal/index.ts";
import type { Rules } from "../../../journal/protocol.ts";
import { type Op, Orders } from "./orders.ts";
import type { Process } from "./process.ts";
import type { Random } from "./random.ts";

export type Request = Op | { readonly kind: "read"; readonly id: string; readonly attempt: string };

export type Answer =
  | { readonly kind: "accepted"; readonly ack: Acknowledgement }
  /** What is known of the order: the answer to a read, a repeated request, or one that changes nothing. */
  | {
      readonly kind: "state";
      readonly placed: Acknowledgement | null;
      readonly cancelled: Acknowledgement | null;
    }
  | { readonly kind: "never-appended" };

/** Where this engine may be broken; production has no such thing. */
export interface EngineFlaws {
  readonly answersDuplicatesFromMemory: boolean;
  readonly checkpointsUnacknowledged: boolean;
  /** Opens the writer of a start; the real one is `openWriter`. */
  readonly open: typeof openWriter;
  /** The same for a takeover. */
  readonly takeOver: typeof openWriter;
  /** How long a standby listens to nothing before it takes over. */
  readonly patienceMilliseconds: number;
}

export interface EngineOptions {
  readonly process: Process;
  readonly store: JournalStore;
  readonly checkpoints: CheckpointStore;
  readonly window: number;
  readonly random: Random;
  /** Takes over from a silent writer only. */
  readonly standsBy: boolean;
  readonly rules: Rules;
  readonly flaws: EngineFlaws;
  readonly onRecovered: (head: Head, checksum: string) => void;
  readonly onFenced: (error: FencedError) => void;
  /** Told of what should never be thrown. */
  readonly onFailure: (error: unknown) => void;
}

interface Waiting {
  /** Null: a heartbeat, which is appended without an operation. */
  readonly op: Op | null;
  readonly answer: (answer: Answer) => void;
}

const NOT_ACKNOWLEDGED: Acknowledgement = { shard: 0, epoch: 0, seq: 0, hash: "not acknowledged" };
const HEARTBEAT_MILLISECONDS = 300;
const CHECKPOINT_EVERY = 8;

export class Engine {
  readonly #options: EngineOptions;
  readonly #queue: Waiting[] = [];
  #writer: Writer | undefined;
  #settled = new Orders();
  /** Also has what is put and not yet acknowledged. */
  #head = new Orders();
  #tail: Promise<unknown> = Promise.resolve();
  #appended = 0;
  #isPumping = false;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get isServing(): boolean {
    return this.#writer !== undefined;
  }

  /** Returns when fenced; throws what an engine exits with. */
  async run(): Promise<void> {
    const { process, store, window, rules, flaws, onRecovered, onFenced } = this.#options;
    const { region, name } = process;
    const signal = new AbortController().signal;
    const shard = 0;
    const known = await waitForOwnership({ store, shard, region, signal, intervalMilliseconds: 150 });
    const options = { store, shard, region, writer: name, window, signal };
    const writer = this.#options.standsBy
      ? await this.#takeOver(options, known)
      : await flaws.open({ ...options, known }, rules);
    const { head } = writer;
    await this.#recover(head);
    onRecovered(head, this.#settled.checksum());
    this.#writer = writer;
    this.#background(this.#beat(writer));
    onFenced(await writer.fenced);
  }

  async #takeOver(options: WriterOptions, known: Known): Promise<Writer> {
    const { flaws, rules } = this.#options;
    const { store, signal = new AbortController().signal } = options;
    const cursor = await openCursor(store, 0, { known, signal });
    const over = await awaitSilence({
      ...{ clock: store.clock, cursor, signal, fold() {} },
      patienceMilliseconds: () => flaws.patienceMilliseconds,
    });
    return await flaws.takeOver({ ...options, over, known: cursor.place }, rules);
  }

  async #recover(head: Head): Promise<void> {
    const { store, checkpoints } = this.#options;
    const checkpoint = await checkpoints.newestValid(store, 0, { to: head });
    if (checkpoint) this.#settled = Orders.parse(checkpoint.state);
    for await (const valid of readValid(store, 0, { after: checkpoint, to: head })) this.#settled.fold(valid);
    this.#head = this.#settled.clone();
  }

  async #beat(writer: Writer): Promise<void> {
    const { clock } = this.#options.process;
    for (;;) {
      await clock.sleep(HEARTBEAT_MILLISECONDS);
      if (clock.now() - writer.lastAppendAt >= HEARTBEAT_MILLISECONDS)
        this.#enqueue({ op: null, answer() {} });
    }
  }

  /** Before it serves an engine answers nothing. What it knows already it need not decide. */
  handle(request: Request, answer: (answer: Answer) => void): void {
    if (!this.#writer) return;
    const { kind, id } = request;
    const isDuplicate = kind === "place" && this.#settled.get(id) !== undefined;
    if (kind === "read" || isDuplicate) this.#background(this.#answerState(id, isDuplicate, answer));
    else this.#enqueue({ op: { ...request, kind }, answer });
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.push(waiting);
    if (!this.#isPumping) this.#background(this.#pump());
  }

  #background(work: Promise<unknown>): void {
    work.catch(this.#options.onFailure);
  }

  async #pump(): Promise<void> {
    const writer = this.#writer;
    if (!writer) return;
    this.#isPumping = true;
    while (this.#queue.length > 0) {
      await writer.room();
      this.#append(writer, this.#queue.splice(0, this.#options.random.between(1, 3)));
      await this.#options.process.clock.sleep(this.#options.random.between(0, 10));
    }
    this.#isPumping = false;
  }

  #append(writer: Writer, batch: readonly Waiting[]): void {
    const decided: Waiting[] = [];
    for (const waiting of batch) {
      const { op, answer } = waiting;
      const order = op && this.#head.get(op.id);
      const changes = op === null || (op.kind === "place" ? !order : order && !order.cancelled);
      if (!changes) this.#background(this.#answerState(op.id, false, answer));
      else {
        decided.push(waiting);
        if (op) this.#head.apply(op, NOT_ACKNOWLEDGED);
      }
    }
    if (decided.length === 0) return;
    const ops = decided.flatMap(({ op }) => op ?? []);
    const body = JSON.stringify(ops);
    const appended = writer.append(body, ops.length);
    this.#tail = appended.then(
      (ack) => this.#acknowledge(ack, decided),
      (error) => this.#reject(error, decided),
    );
    this.#background(this.#tail);
  }

  #acknowledge(ack: Acknowledgement, decided: readonly Waiting[]): void {
    for (const { op } of decided) if (op) this.#settled.apply(op, ack);
    for (const { answer } of decided) answer({ kind: "accepted", ack });
    this.#appended += 1;
    if (this.#appended % CHECKPOINT_EVERY === 0) this.#checkpoint(ack);
  }

  #reject(error: unknown, decided: readonly Waiting[]): void {
    if (error instanceof UnknownOutcomeError) return;
    if (!(error instanceof FencedError)) throw error;
    for (const { answer } of decided) answer({ kind: "never-appended" });
  }

  #checkpoint(ack: Acknowledgement): void {
    const { checkpoints, flaws } = this.#options;
    const state = (flaws.checkpointsUnacknowledged ? this.#head : this.#settled).serialize();
    this.#background(checkpoints.save({ ...ack, state }));
  }

  /**
   * What the state says once all put before is acknowledged and the epoch confirmed by something begun later.
   */
  async #answerState(id: string, isDuplicate: boolean, answer: (answer: Answer) => void): Promise<void> {
    const writer = this.#writer;
    if (!writer) return;
    try {
      const isFromMemory = isDuplicate && this.#options.flaws.answersDuplicatesFromMemory;
      if (!isFromMemory) await Promise.all([this.#tail, writer.confirm()]);
      const order = this.#settled.get(id);
      answer({ kind: "state", placed: order?.placed ?? null, cancelled: order?.cancelled ?? null });
    } catch (error) {
      if (!(error instanceof FencedError)) throw error;
    }
  }
}
