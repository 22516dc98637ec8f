/**
 * What the engine answers a command, from its state alone. Pure: the events become true only when the journal has
 * them, and only then does anybody learn of them.
 */
import type { CancelOrder, Command, Event, PlaceOrder } from "./events.ts";
import type { Order, State } from "./state.ts";

/**
 * A sweep through more resting orders is refused: its events would not fit one journal record (64 KiB), and a
 * record is what happens at once or not at all.
 */
export const MAX_FILLS = 100;

export type Decision =
  | { readonly kind: "events"; readonly events: readonly Event[] }
  /** The same command has been decided before. */
  | { readonly kind: "duplicate" }
  /** The client order id is taken by other content. */
  | { readonly kind: "conflict" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "unknown-order" };

export function decide(state: State, command: Command): Decision {
  switch (command.type) {
    case "place":
      return place(state, command);
    case "cancel":
      return cancel(state, command);
    case "heartbeat":
      return { kind: "events", events: [] };
  }
}

function place(state: State, command: PlaceOrder): Decision {
  const known = state.find(command.client, command.clientOrderId);
  if (known !== undefined) return { kind: sameContent(known, command) ? "duplicate" : "conflict" };

  const { type: _, ...content } = command;
  const events: Event[] = [{ type: "placed", ...content }];
  let open = command.quantity;
  for (const resting of state.book(command.instrument).opposite(command.side, command.price)) {
    if (open === 0) break;
    if (events.length > MAX_FILLS) {
      return { kind: "refused", reason: `would trade with more than ${MAX_FILLS} resting orders` };
    }
    const quantity = Math.min(open, resting.remaining);
    const [buyer, seller] = command.side === "buy" ? [command, resting] : [resting, command];
    events.push({
      type: "traded",
      instrument: command.instrument,
      price: resting.price,
      quantity,
      buyClient: buyer.client,
      buyOrderId: buyer.clientOrderId,
      sellClient: seller.client,
      sellOrderId: seller.clientOrderId,
    });
    open -= quantity;
  }
  return { kind: "events", events };
}

function cancel(state: State, { client, clientOrderId }: CancelOrder): Decision {
  const order = state.find(client, clientOrderId);
  if (order === undefined) return { kind: "unknown-order" };
  if (order.status === "cancelled") return { kind: "duplicate" };
  if (order.status === "filled") return { kind: "refused", reason: "order is filled" };
  return {
    kind: "events",
    events: [{ type: "cancelled", client, clientOrderId, quantity: order.remaining }],
  };
}

const sameContent = (order: Order, command: PlaceOrder): boolean =>
  order.instrument === command.instrument &&
  order.side === command.side &&
  order.price === command.price &&
  order.quantity === command.quantity;
