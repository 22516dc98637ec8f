/**
 * Writes without an answer, asked again under the same id until they have one: the only way a client learns what
 * became of them. One at a time, so that a recovered region is not met by a storm.
 */
import type { Attempt } from "../../automation/drill/client-log.ts";
import type { Operation } from "./caller.ts";
import type { Clock } from "./schedule.ts";

const FIRST_WAIT_MILLISECONDS = 1_000;
const LONGEST_WAIT_MILLISECONDS = 4_000;
const PACE_MILLISECONDS = 20;

/** A later "never appended" or failed connection says nothing about the attempt that had no answer. */
const settles = ({ outcome }: Attempt): boolean => outcome === "accepted" || outcome === "refused";

export class Retries {
  readonly #clock: Clock;
  readonly #again: (operation: Operation, number: number) => Promise<Attempt>;
  readonly #queue: { readonly operation: Operation; attempts: number }[] = [];
  #wait = FIRST_WAIT_MILLISECONDS;
  #waiting = false;
  #stopped = false;
  #cancel = (): void => {};

  constructor(clock: Clock, again: (operation: Operation, number: number) => Promise<Attempt>) {
    this.#clock = clock;
    this.#again = again;
  }

  /** Operations not settled yet. */
  get open(): number {
    return this.#queue.length;
  }

  /** @param attempts made so far */
  add(operation: Operation, attempts: number): void {
    this.#queue.push({ operation, attempts });
    this.#schedule(this.#wait);
  }

  /** What is open stays so. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #schedule(milliseconds: number): void {
    if (this.#waiting || this.#stopped) return;
    this.#waiting = true;
    this.#cancel = this.#clock.after(milliseconds, () => void this.#turn());
  }

  async #turn(): Promise<void> {
    const head = this.#queue[0];
    if (head === undefined) return;
    head.attempts++;
    const result = await this.#again(head.operation, head.attempts);
    this.#waiting = false;
    if (settles(result)) {
      this.#queue.shift();
      this.#wait = FIRST_WAIT_MILLISECONDS;
      if (this.#queue.length > 0) this.#schedule(PACE_MILLISECONDS);
    } else {
      this.#schedule(this.#wait);
      this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MILLISECONDS);
    }
  }
}
