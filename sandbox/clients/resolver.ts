/** A resolver with a cache of its own, which keeps an answer exactly as long as its TTL says. */
import { Resolver } from "node:dns/promises";
import type { Clock } from "./schedule.ts";

const TIMEOUT_MILLISECONDS = 1_000;
const TRIES = 2;

export interface Answer {
  /** Sorted; never empty. */
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

/** Asks one server for the A records of a name; rejects when there are none. */
export type Lookup = (name: string) => Promise<Answer>;

/** @param server `host:port` of an authoritative server */
export function lookupAt(server: string): Lookup {
  const resolver = new Resolver({ timeout: TIMEOUT_MILLISECONDS, tries: TRIES });
  resolver.setServers([server]);
  return async (name) => {
    const records = await resolver.resolve4(name, { ttl: true });
    return {
      addresses: records.map(({ address }) => address).sort(),
      ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)),
    };
  };
}

/** Of one name. */
export class CachingResolver {
  readonly #name: string;
  readonly #lookup: Lookup;
  readonly #clock: Clock;
  /** Share of its TTL that the first answer still lives: real caches were filled at different times. */
  #share: number;
  #kept: { readonly answer: Answer; readonly until: number } | undefined;
  #asking: Promise<Answer> | undefined;

  /** @param firstShare of the first answer's TTL, above 0 and at most 1 */
  constructor(name: string, lookup: Lookup, clock: Clock, firstShare = 1) {
    this.#name = name;
    this.#lookup = lookup;
    this.#clock = clock;
    this.#share = firstShare;
  }

  /** Rejects when the name has no answer now; an expired answer is never used. */
  async resolve(): Promise<Answer> {
    if (this.#kept !== undefined && this.#clock.now() < this.#kept.until) return this.#kept.answer;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return await this.#asking;
  }

  async #ask(): Promise<Answer> {
    const answer = await this.#lookup(this.#name);
    this.#kept = { answer, until: this.#clock.now() + answer.ttlSeconds * 1000 * this.#share };
    this.#share = 1;
    return answer;
  }
}
