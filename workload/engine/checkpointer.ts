/** Saves acknowledged state now and then, so that a start replays seconds and not days. */
import type { CheckpointStore } from "../../journal/index.ts";
import { type Log, messageOf } from "../log.ts";
import type { Sequencer } from "./sequencer.ts";

export const CHECKPOINT_EVERY_MS = 10_000;
export const CHECKPOINT_EVERY_RECORDS = 2000;
/** Serialising stops the matching: at most this share of the time. */
const DUTY = 0.05;

export interface CheckpointerOptions {
  readonly sequencer: Pick<Sequencer, "settled" | "settledAt" | "settledRecords" | "settledEvents">;
  readonly checkpoints: Pick<CheckpointStore, "save">;
  readonly log: Log;
  readonly now?: () => number;
}

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #now: () => number;
  #savedRecords = 0;
  #savedEvents = 0;
  #notBefore: number;
  #saving: Promise<void> | undefined;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#notBefore = this.#now() + CHECKPOINT_EVERY_MS;
  }

  /** Saves when it is time; call it often. */
  async tick(): Promise<void> {
    const { settledRecords, settledEvents } = this.#options.sequencer;
    const isTime = this.#now() >= this.#notBefore && settledEvents > this.#savedEvents;
    const isLong = settledRecords - this.#savedRecords >= CHECKPOINT_EVERY_RECORDS;
    if ((isTime || isLong) && this.#saving === undefined) await this.save();
  }

  /** Saves what is acknowledged now. A failure is logged: the older checkpoint stays good. */
  async save(): Promise<void> {
    await this.#saving;
    this.#saving = this.#save();
    await this.#saving;
    this.#saving = undefined;
  }

  async #save(): Promise<void> {
    const { sequencer, checkpoints, log } = this.#options;
    const anchor = sequencer.settledAt;
    // Where a cut left part of a record there is no whole record to name; the next one will do.
    if (anchor === undefined || anchor.index !== undefined) return;
    const began = this.#now();
    const { settledRecords, settledEvents } = sequencer;
    const checkpoint = { ...anchor, shard: sequencer.settled.shard, state: sequencer.settled.serialise() };
    const pause = (this.#now() - began) / DUTY;
    this.#notBefore = began + Math.max(CHECKPOINT_EVERY_MS, pause);
    try {
      await checkpoints.save(checkpoint);
      this.#savedRecords = settledRecords;
      this.#savedEvents = settledEvents;
      log("checkpoint", { epoch: anchor.epoch, seq: anchor.seq, bytes: checkpoint.state.length });
    } catch (error) {
      log("checkpoint-failed", { epoch: anchor.epoch, seq: anchor.seq, error: messageOf(error) });
    }
  }
}
