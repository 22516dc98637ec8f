/** Asks again and again, one question at a time, and keeps the newest answer with the time the question was put. */
import { setTimeout as sleep } from "node:timers/promises";

export interface WatchOptions<T> {
  /** Must settle by itself; a rejection is handed to `failed`. `startedAt` is of the `now` clock. */
  readonly ask: (startedAt: number) => Promise<T>;
  readonly failed: (startedAt: number, error: unknown) => T;
  /** From the start of one question to the start of the next, unless an answer takes longer. */
  readonly intervalMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class Watch<T> {
  #latest: T | undefined;
  readonly #options: WatchOptions<T>;
  readonly #stop = new AbortController();

  constructor(options: WatchOptions<T>) {
    this.#options = options;
  }

  get latest(): T | undefined {
    return this.#latest;
  }

  async refresh(): Promise<void> {
    const { ask, failed, now } = this.#options;
    const startedAt = now();
    this.#latest = await ask(startedAt).catch((error: unknown) => failed(startedAt, error));
  }

  /** Resolves after `stop()`. */
  async run(): Promise<void> {
    const { intervalMs, now } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const startedAt = now();
      await this.refresh();
      const rest = Math.max(0, startedAt + intervalMs - now());
      await sleep(rest, undefined, { signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stop.abort();
  }
}
