/**
 * What a record's body holds: `Entry[]` as JSON. Replay folds the events and never decides again.
 * Prices and quantities are positive integers (ticks and lots): no floating point in money.
 */
export type Side = "buy" | "sell";

export interface PlaceOrder {
  readonly type: "place";
  readonly client: string;
  /** Unique per client; starts with `<instrument>:`, which binds it to its shard. */
  readonly clientOrderId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly price: number;
  readonly quantity: number;
}

export interface CancelOrder {
  readonly type: "cancel";
  readonly client: string;
  readonly clientOrderId: string;
}

/** Proves that an idle writer is alive; carries no events. */
export interface Heartbeat {
  readonly type: "heartbeat";
}

export type Command = PlaceOrder | CancelOrder | Heartbeat;

export interface OrderPlaced {
  readonly type: "placed";
  readonly client: string;
  readonly clientOrderId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly price: number;
  readonly quantity: number;
}

export interface Traded {
  readonly type: "traded";
  readonly instrument: string;
  readonly price: number;
  readonly quantity: number;
  readonly buyClient: string;
  readonly buyOrderId: string;
  readonly sellClient: string;
  readonly sellOrderId: string;
}

export interface OrderCancelled {
  readonly type: "cancelled";
  readonly client: string;
  readonly clientOrderId: string;
  /** Quantity that was still open. */
  readonly quantity: number;
}

export type Event = OrderPlaced | Traded | OrderCancelled;

export interface Entry {
  readonly command: Command;
  readonly events: readonly Event[];
}
