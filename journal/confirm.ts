/** Proving that an epoch is still unsealed, in batches: by the next append, else by a strong read. */
import type { Opening } from "./model.ts";
import { confirms, contiguous } from "./protocol.ts";
import type { JournalStore } from "./store.ts";

export interface ConfirmationOptions {
  readonly store: JournalStore;
  readonly opening: Opening;
  readonly window: number;
  /** The last acknowledged position now. */
  readonly acknowledged: () => number;
  /** Told of a seal at a position; returns the error for those who wait. */
  readonly onSeal: (seq: number) => Error;
  readonly signal: AbortSignal;
}

/** An operation serves only requests made before it began. */
export class Confirmations {
  readonly #options: ConfirmationOptions;
  #waiting: PromiseWithResolvers<void>[] = [];
  #isReading = false;

  constructor(options: ConfirmationOptions) {
    this.#options = options;
  }

  request(): Promise<void> {
    const request = Promise.withResolvers<void>();
    this.#waiting.push(request);
    if (!this.#isReading) void this.#readWhileWaiting();
    return request.promise;
  }

  /** An append that begins now answers everything that waits. */
  piggyback(acknowledged: Promise<unknown>): void {
    if (this.#waiting.length > 0) void this.#serve(acknowledged);
  }

  async #readWhileWaiting(): Promise<void> {
    this.#isReading = true;
    while (this.#waiting.length > 0) {
      // One turn of the clock, for an append to come along that answers at no cost.
      await this.#options.store.clock.sleep(0);
      if (this.#waiting.length > 0) await this.#serve(this.#read());
    }
    this.#isReading = false;
  }

  async #serve(operation: Promise<unknown>): Promise<void> {
    const served = this.#waiting;
    this.#waiting = [];
    try {
      await operation;
      for (const { resolve } of served) resolve();
    } catch (error) {
      for (const { reject } of served) reject(error);
    }
  }

  async #read(): Promise<void> {
    const { store, opening, window, acknowledged, onSeal, signal } = this.#options;
    const { shard, epoch } = opening;
    for (let from = acknowledged() + 1; ; ) {
      const { items, more } = await store.read(shard, epoch, { from, limit: window + 1 }, signal);
      const seen = confirms(items, from, more);
      if (seen === "confirmed") return;
      const { records, seal } = contiguous(items, from);
      if (seal) throw onSeal(seal.seq);
      from += records.length;
    }
  }
}
