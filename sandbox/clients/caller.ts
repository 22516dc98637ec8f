/** Makes one attempt at an operation, logs it, and remembers what has no answer until it has one. */
import type { Agent } from "node:http";
import type { Attempt, LogLine } from "../../automation/drill/client-log.ts";
import { classify } from "./classify.ts";
import { exchange, type Question, type Timeouts } from "./exchange.ts";
import type { Clock } from "./schedule.ts";

export type Operation = Pick<
  Attempt,
  "client" | "operation" | "kind" | "fresh" | "clientOrderId" | "order" | "intended"
>;

/** Where a client sends its next request. Null: the name has no answer. */
export interface Route {
  readonly address: string;
  readonly agent: Agent | false;
}

export interface CallerOptions {
  readonly publicName: string;
  readonly timeouts: Timeouts;
  readonly clock: Clock;
  readonly write: (line: LogLine) => void;
}

export class Caller {
  readonly #options: CallerOptions;
  #pending = 0;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Attempts under way. */
  get pending(): number {
    return this.#pending;
  }

  /** Never rejects: everything that can go wrong is an outcome. */
  async attempt(operation: Operation, number: number, route: Route | null): Promise<Attempt> {
    this.#pending++;
    const attempt =
      route === null ? this.#unroutable(operation, number) : this.#ask(operation, number, route);
    try {
      const done = await attempt;
      this.#options.write(done);
      return done;
    } finally {
      this.#pending--;
    }
  }

  async #ask(operation: Operation, number: number, route: Route): Promise<Attempt> {
    const question = { address: route.address, name: this.#options.publicName, ...contents(operation) };
    const { timeouts, clock } = this.#options;
    const reply = await exchange(question, timeouts, route.agent, clock);
    const { sent, answered, region, pod, status } = reply;
    const facts = { sent, answered, address: route.address, region, pod, status };
    return { type: "attempt", ...operation, attempt: number, ...facts, ...classify(operation.kind, reply) };
  }

  async #unroutable(operation: Operation, number: number): Promise<Attempt> {
    const now = this.#options.clock.now();
    return {
      type: "attempt",
      ...operation,
      attempt: number,
      sent: now,
      answered: now,
      address: null,
      region: null,
      pod: null,
      status: null,
      outcome: "unsent",
      ack: null,
      error: "the public name has no answer",
    };
  }
}

function contents({
  kind,
  client,
  clientOrderId,
  order,
}: Operation): Pick<Question, "method" | "path" | "body"> {
  if (kind === "place") return { method: "POST", path: "/orders", body: { client, clientOrderId, ...order } };
  const path = `/orders/${encodeURIComponent(clientOrderId)}?client=${encodeURIComponent(client)}`;
  return { method: kind === "cancel" ? "DELETE" : "GET", path };
}
