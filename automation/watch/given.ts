/**
 * Addresses that the public name has given lately. A weighted name gives one at a time, and whoever got it keeps it until
 * its TTL ends: to ask the newest answer alone would be to see one client in three.
 */
import type { PublicName } from "../adapters/names.ts";

/** At once, so that three zones' addresses are known after a look or two. */
const QUESTIONS = 3;

export class Given {
  /** Monotonic milliseconds of the last answer with it, by address. */
  readonly #last = new Map<string, number>();

  /** What clients may hold now. @throws when no resolver answers */
  async at(now: number, ttlSeconds: number, name: Pick<PublicName, "given">): Promise<readonly string[]> {
    const asked = Array.from({ length: QUESTIONS }, () => name.given());
    // One lost packet is not to know nothing.
    await Promise.any(asked).catch(() => asked[0]);
    for (const answer of await Promise.allSettled(asked)) {
      for (const address of answer.status === "fulfilled" ? answer.value : []) this.#last.set(address, now);
    }
    for (const [address, last] of this.#last) {
      if (now - last > 1_000 * ttlSeconds) this.#last.delete(address);
    }
    return [...this.#last.keys()].sort();
  }
}
