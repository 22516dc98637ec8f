/**
 * Commands in, answers out, the journal between. The invariants:
 * - nothing is answered before the journal has acknowledged it, nor anything that was decided before it
 * - what depends on state without changing it (reads, duplicates, refusals) leaves only after a journal operation
 *   begun later has shown that the epoch is still this writer's: a fenced engine must not answer from memory
 * - commands are decided once, in the order of the log, on a state that contains every earlier decision
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Acknowledgement, type Anchor, MAX_BODY_BYTES, type Writer } from "../../journal/index.ts";
import { type Decision, decide } from "./decide.ts";
import type { Command, Entry } from "./events.ts";
import { bodyOf } from "./record.ts";
import type { Order, State } from "./state.ts";

/** A record waits this long for company: it costs far more than a command, and an append takes 15 to 60 ms anyway. */
export const LINGER_MS = 5;
/** More waiting commands than this are turned away. */
export const MAX_QUEUED = 2000;
/** A command that waited longer is turned away undecided: whoever sent it is about to give up. */
export const MAX_QUEUED_MS = 3000;

export type Outcome =
  | { readonly kind: "accepted"; readonly ack: Acknowledgement; readonly duplicate: boolean }
  | { readonly kind: "cancelled"; readonly ack: Acknowledgement; readonly quantity: number }
  /** A heartbeat is in the log. */
  | { readonly kind: "beat" }
  | { readonly kind: "never-appended"; readonly reason: string }
  | Exclude<Decision, { kind: "events" | "duplicate" }>;

interface Waiting {
  readonly command: Command;
  readonly since: number;
  readonly resolve: (outcome: Outcome) => void;
}

interface Batch {
  readonly entries: { readonly entry: Entry; readonly text: string; readonly waiting: Waiting }[];
  /** To be answered without being appended, once all above is confirmed. */
  readonly others: { readonly decision: Exclude<Decision, { kind: "events" }>; readonly waiting: Waiting }[];
}

export interface SequencerOptions {
  readonly writer: Pick<Writer, "opening" | "append" | "confirm" | "hasRoom" | "room">;
  /** Everything acknowledged; folded into here and nowhere else from now on. */
  readonly settled: State;
  readonly settledAt: Anchor | undefined;
  /** A journal operation failed: nothing more will be answered. */
  readonly onFailure: (error: unknown) => void;
  readonly now?: () => number;
}

export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #now: () => number;
  /** Also has what is decided and not yet acknowledged; only `decide` looks at it. */
  readonly #head: State;
  readonly #queue: Waiting[] = [];
  /** Settles with the newest append, and so after all before it. */
  #tail: Promise<void> = Promise.resolve();
  #isPumping = false;
  #unanswered = 0;
  #settledAt: Anchor | undefined;
  #settledRecords = 0;
  #settledEvents = 0;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#head = options.settled.clone();
    this.#settledAt = options.settledAt;
  }

  get settled(): State {
    return this.#options.settled;
  }

  /** The last acknowledged record, or where the log stood at the start. */
  get settledAt(): Anchor | undefined {
    return this.#settledAt;
  }

  /** Records acknowledged here. */
  get settledRecords(): number {
    return this.#settledRecords;
  }

  /** Events in them: without any, the state is the same. */
  get settledEvents(): number {
    return this.#settledEvents;
  }

  /** Nothing is waiting for an answer. */
  get isIdle(): boolean {
    return this.#unanswered === 0;
  }

  /** Never settles once the epoch is lost: not even an error may leave then. */
  submit(command: Command): Promise<Outcome> {
    if (this.#queue.length >= MAX_QUEUED) {
      return Promise.resolve({
        kind: "never-appended",
        reason: `${MAX_QUEUED} commands are waiting already`,
      });
    }
    this.#unanswered += 1;
    return new Promise((resolve) => {
      this.#queue.push({ command, since: this.#now(), resolve });
      if (!this.#isPumping) void this.#pump();
    });
  }

  /** As `submit`. */
  async read(client: string, clientOrderId: string): Promise<Order | undefined> {
    this.#unanswered += 1;
    await this.#confirmed().catch((error: unknown) => {
      this.#options.onFailure(error);
      return new Promise<never>(() => {});
    });
    this.#unanswered -= 1;
    return this.settled.find(client, clientOrderId);
  }

  /** Whether everything is answered within that time. */
  async drained(withinMs: number): Promise<boolean> {
    for (const end = this.#now() + withinMs; !this.isIdle; ) {
      if (this.#now() > end) return false;
      await sleep(LINGER_MS);
    }
    return true;
  }

  async #pump(): Promise<void> {
    const { writer, onFailure } = this.#options;
    this.#isPumping = true;
    try {
      while (this.#queue.length > 0) {
        if (!writer.hasRoom) await writer.room();
        await sleep(LINGER_MS);
        this.#dispatch(this.#fill());
      }
    } catch (error) {
      onFailure(error);
    } finally {
      this.#isPumping = false;
    }
  }

  /** Decides as many commands as one record can hold. */
  #fill(): Batch {
    const batch: Batch = { entries: [], others: [] };
    let bytes = 2;
    for (let waiting = this.#queue.shift(); waiting !== undefined; waiting = this.#queue.shift()) {
      if (this.#now() - waiting.since > MAX_QUEUED_MS) {
        this.#reply(waiting, { kind: "never-appended", reason: `waited more than ${MAX_QUEUED_MS} ms` });
        continue;
      }
      const decision = decide(this.#head, waiting.command);
      if (decision.kind !== "events") {
        batch.others.push({ decision, waiting });
        continue;
      }
      const entry: Entry = { command: waiting.command, events: decision.events };
      const text = JSON.stringify(entry);
      // Every name in it is ASCII, so characters are bytes.
      if (batch.entries.length > 0 && bytes + text.length + 1 > MAX_BODY_BYTES) {
        this.#queue.unshift(waiting);
        break;
      }
      bytes += text.length + 1;
      this.#head.fold(entry, this.#unplaced);
      batch.entries.push({ entry, text, waiting });
    }
    return batch;
  }

  #dispatch({ entries, others }: Batch): void {
    if (entries.length > 0) {
      const events = entries.reduce((sum, { entry }) => sum + entry.events.length, 0);
      const appended = this.#options.writer.append(bodyOf(entries.map(({ text }) => text)), events);
      this.#tail = appended.then((ack) => this.#settle(entries, events, ack));
      this.#tail.catch(this.#options.onFailure);
    }
    if (others.length === 0) return;
    this.#confirmed().then(() => {
      for (const { decision, waiting } of others)
        this.#reply(waiting, this.#answer(decision, waiting.command));
    }, this.#options.onFailure);
  }

  #settle(entries: Batch["entries"], events: number, ack: Acknowledgement): void {
    this.#settledRecords += 1;
    this.#settledEvents += events;
    this.#settledAt = { epoch: ack.epoch, seq: ack.seq, hash: ack.hash };
    for (const { entry } of entries) this.settled.fold(entry, ack);
    for (const { entry, waiting } of entries) this.#reply(waiting, outcomeOf(entry, ack));
  }

  #reply(waiting: Waiting, outcome: Outcome): void {
    this.#unanswered -= 1;
    waiting.resolve(outcome);
  }

  /** All that is decided now is acknowledged, and the epoch was still ours after this call. */
  async #confirmed(): Promise<void> {
    await Promise.all([this.#tail, this.#options.writer.confirm()]);
  }

  #answer(decision: Batch["others"][number]["decision"], command: Command): Outcome {
    if (decision.kind !== "duplicate") return decision;
    if (command.type === "heartbeat") return { kind: "beat" };
    const order = this.settled.find(command.client, command.clientOrderId);
    if (order === undefined) throw new Error(`duplicate of ${command.clientOrderId}, which is not settled`);
    if (command.type === "place") return { kind: "accepted", ack: order.ack, duplicate: true };
    if (order.cancellation === null) throw new Error(`${command.clientOrderId} is not cancelled`);
    return { kind: "cancelled", ...order.cancellation };
  }

  /** A record's hash is known only when it is complete; `head` is never asked for acknowledgements. */
  get #unplaced(): Acknowledgement {
    const { shard, epoch } = this.#options.writer.opening;
    return { shard, epoch, seq: 0, hash: "" };
  }
}

function outcomeOf({ command, events }: Entry, ack: Acknowledgement): Outcome {
  if (command.type === "heartbeat") return { kind: "beat" };
  if (command.type === "place") return { kind: "accepted", ack, duplicate: false };
  const cancelled = events.find((event) => event.type === "cancelled");
  return { kind: "cancelled", ack, quantity: cancelled?.quantity ?? 0 };
}
