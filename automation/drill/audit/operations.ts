/** Attempts of the clients' logs put together to operations, and what the client concluded of each. */
import type { Acknowledged, Attempt, Outcome } from "../client-log.ts";
import { orderKey } from "./second-fold.ts";

export interface Operation {
  readonly kind: Attempt["kind"];
  /** Client and order id. */
  readonly key: string;
  readonly client: string;
  readonly clientOrderId: string;
  readonly fresh: boolean;
  readonly order: Attempt["order"];
  /** In the order they were made; never empty. */
  readonly attempts: readonly Attempt[];
  /** Of every answer that carried one. */
  readonly acks: readonly Acknowledged[];
  /**
   * - `acknowledged`: some attempt was
   * - `refused`: the last word was no
   * - `never-appended`: every attempt was answered so, or did not leave
   * - `unknown`: some attempt has no answer, and none that came settles it
   */
  readonly fate: "acknowledged" | "refused" | "never-appended" | "unknown";
  /** Had no answer once, and was settled later. */
  readonly recovered: boolean;
}

export function operationsOf(attempts: readonly Attempt[]): Operation[] {
  const groups = Map.groupBy(attempts, ({ client, operation }) => `${client}\n${operation}`);
  return [...groups.values()].map((group) => operationOf(group.toSorted((a, b) => a.attempt - b.attempt)));
}

function operationOf(attempts: readonly Attempt[]): Operation {
  const first = attempts[0];
  if (first === undefined) throw new RangeError("an operation has at least one attempt");
  const { kind, client, clientOrderId, fresh, order } = first;
  const outcomes = new Set(attempts.map(({ outcome }) => outcome));
  return {
    kind,
    key: orderKey(client, clientOrderId),
    client,
    clientOrderId,
    fresh,
    order,
    attempts,
    acks: attempts.flatMap(({ outcome, ack }) => (outcome === "accepted" && ack !== null ? [ack] : [])),
    fate: fateOf(outcomes),
    recovered: outcomes.has("unknown") && (outcomes.has("accepted") || outcomes.has("refused")),
  };
}

function fateOf(outcomes: ReadonlySet<Outcome>): Operation["fate"] {
  if (outcomes.has("accepted")) return "acknowledged";
  if (outcomes.has("refused")) return "refused";
  return outcomes.has("unknown") ? "unknown" : "never-appended";
}
