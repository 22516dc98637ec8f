/** One customer of the platform: resolves the public name, keeps its connections, places, cancels and reads. */
import { Agent } from "node:http";
import type { Attempt } from "../../automation/drill/client-log.ts";
import type { Caller, Operation, Route } from "./caller.ts";
import type { Random } from "./random.ts";
import type { CachingResolver } from "./resolver.ts";
import { Retries } from "./retries.ts";
import type { Clock } from "./schedule.ts";

/** Shares of operations; what remains places orders. */
const CANCELS = 0.15;
const READS = 0.15;
/** A narrow range around one price, so that orders cross and trade. */
const PRICE = { low: 95, high: 105 };
const LARGEST_QUANTITY = 10;
/** Own orders that a client still remembers; it cancels and reads only these. */
const REMEMBERED = 50;

export interface ClientOptions {
  readonly id: string;
  readonly port: number;
  readonly instruments: readonly string[];
  /** Keeps the first address it ever got. */
  readonly pinned: boolean;
  /** Address it knows without asking for the name; undefined: it asks. */
  readonly address: string | undefined;
  /** Goes on to the next address of the answer after a failure. */
  readonly persistent: boolean;
  readonly resolver: CachingResolver;
  readonly caller: Caller;
  readonly clock: Clock;
  readonly random: Random;
  readonly settled: (attempt: Attempt) => void;
}

export class Client {
  readonly #options: ClientOptions;
  readonly #retries: Retries;
  readonly #agents = new Map<string, Agent>();
  #address: string | undefined;
  #operations = 0;
  /** Ids of own acknowledged orders, oldest first, that no cancel was sent for. */
  #orders: string[] = [];

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#address = options.address;
    this.#retries = new Retries(options.clock, async (operation, number) => {
      const attempt = await this.#attempt(operation, number);
      this.#learn(attempt);
      return attempt;
    });
  }

  /** Writes whose fate is unknown as yet. */
  get open(): number {
    return this.#retries.open;
  }

  /** Sends one operation now; whatever comes of it is logged. */
  async send(intended: number): Promise<void> {
    const operation = this.#next(intended);
    let attempt = await this.#attempt(operation, 1);
    let number = 1;
    // Only what certainly did not leave may be sent elsewhere at once; the rest waits for its turn to be asked again.
    while (this.#options.persistent && attempt.outcome === "unsent" && number < 3) {
      attempt = await this.#attempt(operation, ++number);
    }
    this.#learn(attempt);
    this.#options.settled(attempt);
    if (attempt.outcome === "unknown" && operation.kind !== "read") this.#retries.add(operation, number);
  }

  close(): void {
    this.#retries.stop();
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #next(intended: number): Operation {
    const { random, id, instruments } = this.#options;
    const base = { client: id, operation: ++this.#operations, fresh: false, intended };
    const draw = random.next();
    if (this.#orders.length > 0 && draw < CANCELS) {
      const clientOrderId = random.pick(this.#orders);
      this.#orders = this.#orders.filter((order) => order !== clientOrderId);
      return { ...base, kind: "cancel", clientOrderId };
    }
    if (this.#orders.length > 0 && draw < CANCELS + READS) {
      return { ...base, kind: "read", clientOrderId: random.pick(this.#orders) };
    }
    const instrument = random.pick(instruments);
    const order = {
      instrument,
      side: random.pick(["buy", "sell"] as const),
      price: random.integer(PRICE.low, PRICE.high),
      quantity: random.integer(1, LARGEST_QUANTITY),
    };
    return { ...base, kind: "place", clientOrderId: `${instrument}:${random.token()}`, order };
  }

  #learn({ kind, outcome, clientOrderId }: Attempt): void {
    if (kind !== "place" || outcome !== "accepted") return;
    this.#orders.push(clientOrderId);
    if (this.#orders.length > REMEMBERED) this.#orders.shift();
  }

  async #attempt(operation: Operation, number: number): Promise<Attempt> {
    const attempt = await this.#options.caller.attempt(operation, number, await this.#route());
    const failed = attempt.outcome === "unsent" || attempt.outcome === "unknown";
    if (this.#options.persistent && failed) await this.#moveOn();
    return attempt;
  }

  async #route(): Promise<Route | null> {
    const { pinned, resolver, random } = this.#options;
    if (!(pinned && this.#address !== undefined)) {
      const answer = await resolver.resolve().catch(() => undefined);
      if (answer === undefined) this.#address = undefined;
      else if (this.#address === undefined || !answer.addresses.includes(this.#address)) {
        this.#address = random.pick(answer.addresses);
      }
    }
    return this.#address === undefined ? null : this.#routeTo(this.#address);
  }

  #routeTo(host: string): Route {
    const address = `${host}:${this.#options.port}`;
    const agent = this.#agents.get(address) ?? new Agent({ keepAlive: true });
    this.#agents.set(address, agent);
    return { address, agent };
  }

  async #moveOn(): Promise<void> {
    const answer = await this.#options.resolver.resolve().catch(() => undefined);
    if (answer === undefined) return;
    const { addresses } = answer;
    const here = this.#address === undefined ? -1 : addresses.indexOf(this.#address);
    this.#address = addresses[(here + 1) % addresses.length];
  }
}
