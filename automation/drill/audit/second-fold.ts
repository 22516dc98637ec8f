/** Orders and trades as the journal's events say they are: a second fold, which shares no code with the workload's. */
import { z } from "zod";
import type { ValidLog, ValidRecord } from "./valid-log.ts";

const quantity = z.int().positive();
const placed = z.object({
  type: z.literal("placed"),
  client: z.string(),
  clientOrderId: z.string(),
  instrument: z.string(),
  side: z.enum(["buy", "sell"]),
  price: z.int().positive(),
  quantity,
});
const traded = z.object({
  type: z.literal("traded"),
  instrument: z.string(),
  price: z.int().positive(),
  quantity,
  buyClient: z.string(),
  buyOrderId: z.string(),
  sellClient: z.string(),
  sellOrderId: z.string(),
});
const cancelled = z.object({
  type: z.literal("cancelled"),
  client: z.string(),
  clientOrderId: z.string(),
  quantity,
});
const body = z.array(
  z.object({ events: z.array(z.discriminatedUnion("type", [placed, traded, cancelled])) }),
);
type Event = z.infer<typeof body>[number]["events"][number];

export interface Place {
  readonly shard: number;
  readonly epoch: number;
  readonly seq: number;
  readonly hash: string;
}

export interface FoldedOrder {
  readonly content: z.infer<typeof placed>;
  readonly placedAt: Place;
  readonly remaining: number;
  readonly status: "open" | "filled" | "cancelled";
  readonly cancelledAt: Place | null;
}

export interface FoldedTrade extends z.infer<typeof traded> {
  readonly at: Place;
  /** Of the event in its record, from 0. */
  readonly index: number;
}

export interface Folded {
  readonly orders: ReadonlyMap<string, FoldedOrder>;
  readonly trades: readonly FoldedTrade[];
  /** Orders placed or cancelled more than once, or executed for more than their quantity. */
  readonly duplicates: ReadonlySet<string>;
  /** Orders that traded after they were cancelled. */
  readonly resurrected: ReadonlySet<string>;
  /** In words: events that fit no order at all. */
  readonly broken: readonly string[];
}

/** Neither part may hold a line feed. */
export const orderKey = (client: string, clientOrderId: string): string => `${client}\n${clientOrderId}`;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Takes what no later event may change, which the fold then forgets: for logs that no memory holds. */
export interface Sink {
  order(order: FoldedOrder): void;
  trade(trade: FoldedTrade): void;
}

export function secondFold(log: Pick<ValidLog, "records">): Folded {
  const fold = new Fold();
  for (const record of log.records) fold.add(record);
  return fold;
}

export class Fold implements Folded {
  readonly orders = new Map<string, Mutable<FoldedOrder>>();
  readonly trades: FoldedTrade[] = [];
  readonly duplicates = new Set<string>();
  readonly resurrected = new Set<string>();
  readonly broken: string[] = [];
  readonly #sink: Sink | undefined;

  constructor(sink?: Sink) {
    this.#sink = sink;
  }

  add({ item, events }: ValidRecord): void {
    const at = { shard: item.shard, epoch: item.epoch, seq: item.seq, hash: item.hash };
    const parsed = parse(item.body);
    if (parsed === undefined || parsed.length !== item.events) {
      this.broken.push(`${text(at)}: the body is not ${item.events} events`);
      return;
    }
    for (const [index, event] of parsed.slice(0, events).entries()) {
      if (event.type === "placed") this.#place(event, at);
      else if (event.type === "cancelled") this.#cancel(event, at);
      else this.#trade(event, at, index);
    }
  }

  #place(content: z.infer<typeof placed>, at: Place): void {
    const key = orderKey(content.client, content.clientOrderId);
    if (this.orders.has(key)) this.duplicates.add(key);
    else {
      const state = { remaining: content.quantity, status: "open", cancelledAt: null } as const;
      this.orders.set(key, { content, placedAt: at, ...state });
    }
  }

  #trade(event: z.infer<typeof traded>, at: Place, index: number): void {
    const trade = { ...event, at, index };
    if (this.#sink === undefined) this.trades.push(trade);
    else this.#sink.trade(trade);
    for (const [client, id, side] of [
      [event.buyClient, event.buyOrderId, "buy"],
      [event.sellClient, event.sellOrderId, "sell"],
    ] as const) {
      const order = this.#find(client, id, at);
      if (order === undefined) continue;
      const { instrument, price } = order.content;
      const allowed = side === "buy" ? event.price <= price : event.price >= price;
      if (order.content.side !== side || instrument !== event.instrument || !allowed) {
        this.broken.push(`${text(at)}: trade at ${event.price} does not fit order ${id} of ${client}`);
      }
      if (order.status === "cancelled") this.resurrected.add(orderKey(client, id));
      else if (event.quantity > order.remaining) this.duplicates.add(orderKey(client, id));
      else {
        order.remaining -= event.quantity;
        if (order.remaining > 0) continue;
        order.status = "filled";
        this.#close(order);
      }
    }
  }

  #cancel(event: z.infer<typeof cancelled>, at: Place): void {
    const order = this.#find(event.client, event.clientOrderId, at);
    if (order === undefined) return;
    if (order.status !== "open" || order.remaining !== event.quantity) {
      if (order.status === "cancelled") this.duplicates.add(orderKey(event.client, event.clientOrderId));
      else this.broken.push(`${text(at)}: cancels ${event.quantity}, ${order.remaining} are ${order.status}`);
      return;
    }
    order.status = "cancelled";
    order.cancelledAt = at;
    this.#close(order);
  }

  /** Nothing may happen to it any more; if something does, it fits no order, and is found so. */
  #close(order: FoldedOrder): void {
    if (this.#sink === undefined) return;
    this.#sink.order(order);
    this.orders.delete(orderKey(order.content.client, order.content.clientOrderId));
  }

  #find(client: string, clientOrderId: string, at: Place): Mutable<FoldedOrder> | undefined {
    const order = this.orders.get(orderKey(client, clientOrderId));
    if (order === undefined) this.broken.push(`${text(at)}: no order ${clientOrderId} of ${client}`);
    return order;
  }
}

const text = ({ shard, epoch, seq }: Place): string => `shard ${shard} epoch ${epoch} seq ${seq}`;

function parse(json: string): Event[] | undefined {
  try {
    return body.parse(JSON.parse(json)).flatMap(({ events }) => events);
  } catch {
    return undefined;
  }
}
