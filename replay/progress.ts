/** How far a replay is, told once a second at most. */

export interface Progress {
  /** `verify`: reading and checking, nothing is written yet. */
  readonly phase: "verify" | "apply";
  readonly events: number;
  /** Of the whole phase; null: not known before it ends. */
  readonly total: number | null;
  readonly eventsPerSecond: number;
  /** Null: not known. */
  readonly etaSeconds: number | null;
}

export const DEFAULT_PROGRESS_MILLISECONDS = 1_000;

export interface ProgressOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** At most so often; default 1,000. */
  readonly progressMilliseconds?: number | undefined;
}

export class Meter {
  readonly #phase: Progress["phase"];
  readonly #total: number | null;
  readonly #tell: ((progress: Progress) => void) | undefined;
  readonly #every: number;
  readonly #startedAt = performance.now();
  #toldAt = performance.now();
  #events = 0;

  constructor(
    phase: Progress["phase"],
    total: number | null,
    { onProgress, progressMilliseconds = DEFAULT_PROGRESS_MILLISECONDS }: ProgressOptions,
  ) {
    this.#phase = phase;
    this.#total = total;
    this.#tell = onProgress;
    this.#every = progressMilliseconds;
  }

  add(events: number): void {
    this.#events += events;
    const now = performance.now();
    if (this.#tell === undefined || now - this.#toldAt < this.#every) return;
    this.#toldAt = now;
    const rate = this.#events / ((now - this.#startedAt) / 1_000);
    const left = this.#total === null ? null : this.#total - this.#events;
    this.#tell({
      phase: this.#phase,
      events: this.#events,
      total: this.#total,
      eventsPerSecond: Math.round(rate),
      etaSeconds: left === null || rate === 0 ? null : Math.ceil(left / rate),
    });
  }
}
