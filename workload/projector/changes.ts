/** What a run of records does to the tables, folded together: an order placed and filled in one batch is one row. */
import { type Anchor, anchorOf, type ValidRecord } from "../../journal/index.ts";
import type { OrderPlaced, Traded } from "../engine/events.ts";
import { entriesOf } from "../engine/record.ts";
import { type OrderStatus, orderKey } from "../engine/state.ts";

export interface NewOrder extends Omit<OrderPlaced, "type"> {
  readonly remaining: number;
  readonly status: OrderStatus;
  readonly epoch: number;
  readonly seq: number;
}

/** To an order of an earlier batch. */
export interface OrderChange {
  readonly client: string;
  readonly clientOrderId: string;
  /** Traded in this batch. */
  readonly traded: number;
  readonly cancelled: boolean;
}

export interface Trade extends Omit<Traded, "type"> {
  readonly epoch: number;
  readonly seq: number;
  /** Of the event in its record. */
  readonly index: number;
}

export interface Changes {
  readonly placed: readonly NewOrder[];
  readonly changed: readonly OrderChange[];
  readonly trades: readonly Trade[];
  /** Where the projection stands after them. */
  readonly watermark: Anchor;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** `records` are consecutive and not empty. */
export function changesOf(records: readonly [ValidRecord, ...ValidRecord[]]): Changes {
  const placed = new Map<string, Mutable<NewOrder>>();
  const changed = new Map<string, Mutable<OrderChange>>();
  const trades: Trade[] = [];

  const earlier = (client: string, clientOrderId: string): Mutable<OrderChange> => {
    const key = orderKey(client, clientOrderId);
    const known = changed.get(key) ?? { client, clientOrderId, traded: 0, cancelled: false };
    changed.set(key, known);
    return known;
  };
  const trade = (client: string, clientOrderId: string, quantity: number): void => {
    const fresh = placed.get(orderKey(client, clientOrderId));
    if (fresh === undefined) {
      earlier(client, clientOrderId).traded += quantity;
      return;
    }
    fresh.remaining -= quantity;
    if (fresh.remaining === 0) fresh.status = "filled";
  };
  const cancel = (client: string, clientOrderId: string): void => {
    const fresh = placed.get(orderKey(client, clientOrderId));
    if (fresh === undefined) earlier(client, clientOrderId).cancelled = true;
    else fresh.status = "cancelled";
  };

  for (const valid of records) {
    const { epoch, seq } = valid.record;
    for (const [index, event] of entriesOf(valid)
      .flatMap(({ events }) => events)
      .entries()) {
      if (event.type === "placed") {
        const { type: _, ...content } = event;
        const order = { ...content, remaining: event.quantity, status: "open" as const, epoch, seq };
        placed.set(orderKey(event.client, event.clientOrderId), order);
      } else if (event.type === "cancelled") {
        cancel(event.client, event.clientOrderId);
      } else {
        const { type: _, ...content } = event;
        trades.push({ ...content, epoch, seq, index });
        trade(event.buyClient, event.buyOrderId, event.quantity);
        trade(event.sellClient, event.sellOrderId, event.quantity);
      }
    }
  }
  const last = records.at(-1) ?? records[0];
  return { placed: [...placed.values()], changed: [...changed.values()], trades, watermark: anchorOf(last) };
}
