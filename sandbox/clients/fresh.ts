/**
 * Fresh clients: every moment a new one, without connections or history, writes by the public name. Their first
 * success is the end of the outage. Each sits behind one of a few caching resolvers, as clients do; the caches
 * were filled at different times, so that one of them is always about to ask again and one has just asked.
 */
import type { ClientEvent } from "../../automation/drill/client-log.ts";
import type { Caller, Operation } from "./caller.ts";
import type { Random } from "./random.ts";
import { CachingResolver, type Lookup } from "./resolver.ts";
import { Retries } from "./retries.ts";
import type { Clock } from "./schedule.ts";

export const RESOLVERS = 5;
export const INTERVAL_MILLISECONDS = 250;
/** Far below the market: rests in the book and never trades. */
const ORDER = { side: "buy", price: 1, quantity: 1 } as const;

export interface FreshOptions {
  readonly publicName: string;
  readonly port: number;
  readonly instruments: readonly string[];
  readonly lookup: Lookup;
  readonly caller: Caller;
  readonly clock: Clock;
  readonly random: Random;
  readonly heard: (event: ClientEvent) => void;
}

export class FreshClients {
  readonly #options: FreshOptions;
  readonly #resolvers: readonly CachingResolver[];
  readonly #retries: Retries;
  #cancel = (): void => {};
  #count = 0;
  #name = "";

  constructor(options: FreshOptions) {
    const { publicName, lookup, clock } = options;
    this.#options = options;
    this.#resolvers = Array.from(
      { length: RESOLVERS },
      (_, index) => new CachingResolver(publicName, lookup, clock, (index + 1) / RESOLVERS),
    );
    this.#retries = new Retries(clock, (operation, number) => this.#attempt(operation, number, 0));
  }

  get open(): number {
    return this.#retries.open;
  }

  start(): void {
    const begin = this.#options.clock.now();
    const turn = (): void => {
      const intended = begin + this.#count * INTERVAL_MILLISECONDS;
      void this.#write(this.#count, intended);
      void this.#watchName();
      this.#count++;
      const { clock } = this.#options;
      this.#cancel = clock.after(begin + this.#count * INTERVAL_MILLISECONDS - clock.now(), turn);
    };
    turn();
  }

  /** No new clients; what is open is still retried. */
  stop(): void {
    this.#cancel();
  }

  close(): void {
    this.#retries.stop();
  }

  async #write(number: number, intended: number): Promise<void> {
    const { random, instruments, heard } = this.#options;
    const instrument = random.pick(instruments);
    const operation: Operation = {
      client: `fresh-${number}`,
      operation: 1,
      kind: "place",
      fresh: true,
      clientOrderId: `${instrument}:${random.token()}`,
      order: { instrument, ...ORDER },
      intended,
    };
    const resolver = number % RESOLVERS;
    const { sent, answered, outcome, region } = await this.#attempt(operation, 1, resolver);
    heard({ type: "fresh", sent, at: answered, ok: outcome === "accepted", resolver, region });
    if (outcome === "unknown") this.#retries.add(operation, 1);
  }

  async #attempt(operation: Operation, number: number, resolver: number) {
    const answer = await this.#resolvers[resolver]?.resolve().catch(() => undefined);
    const { random, port, caller } = this.#options;
    const address = answer && `${random.pick(answer.addresses)}:${port}`;
    return await caller.attempt(operation, number, address === undefined ? null : { address, agent: false });
  }

  /** What the authoritative server says, past every cache: when the name moved. */
  async #watchName(): Promise<void> {
    const { lookup, publicName, clock, heard } = this.#options;
    const answer = await lookup(publicName).catch(() => ({ addresses: [] }));
    const name = answer.addresses.join(",");
    if (name === this.#name) return;
    this.#name = name;
    heard({ type: "name", at: clock.now(), addresses: answer.addresses });
  }
}
