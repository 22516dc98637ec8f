/**
 * One shard's state: every order ever placed, and the books of those still open. It changes only by `fold`, which
 * never decides and never reads a clock, so that the same log gives the same state on every machine.
 */
import { hash } from "node:crypto";
import type { Acknowledgement } from "../../journal/model.ts";
import { Book } from "./book.ts";
import type { Entry, Event, PlaceOrder, Side } from "./events.ts";

export type OrderStatus = "open" | "filled" | "cancelled";

export interface Order {
  readonly client: string;
  readonly clientOrderId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly price: number;
  readonly quantity: number;
  readonly remaining: number;
  readonly status: OrderStatus;
  /** Where its placement stands in the log. */
  readonly ack: Acknowledgement;
  readonly cancellation: Cancellation | null;
}

export interface Cancellation {
  readonly quantity: number;
  readonly ack: Acknowledgement;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Thrown when a log contradicts the state it is folded into: it was not written by this engine's rules. */
export class FoldError extends Error {
  override readonly name = "FoldError";
}

/** Client ids may not contain a space (`orders.ts`), so the pair is unambiguous. */
export const orderKey = (client: string, clientOrderId: string): string => `${client} ${clientOrderId}`;

export class State {
  readonly shard: number;
  readonly #orders = new Map<string, Mutable<Order>>();
  readonly #books = new Map<string, Book<Order>>();

  constructor(shard: number) {
    this.shard = shard;
  }

  get size(): number {
    return this.#orders.size;
  }

  find(client: string, clientOrderId: string): Order | undefined {
    return this.#orders.get(orderKey(client, clientOrderId));
  }

  /** In the order of the log. */
  orders(): IterableIterator<Order> {
    return this.#orders.values();
  }

  book(instrument: string): Book<Order> {
    let book = this.#books.get(instrument);
    if (book === undefined) {
      book = new Book();
      this.#books.set(instrument, book);
    }
    return book;
  }

  /** Applies what one record's entry says happened; `at` is that record's place in the log. */
  fold(entry: Entry, at: Acknowledgement): void {
    for (const event of entry.events) this.#apply(event, at);
  }

  #apply(event: Event, at: Acknowledgement): void {
    switch (event.type) {
      case "placed":
        this.#insert({
          ...contentOf(event),
          remaining: event.quantity,
          status: "open",
          ack: at,
          cancellation: null,
        });
        return;
      case "traded":
        this.#reduce(event.buyClient, event.buyOrderId, event.quantity, at);
        this.#reduce(event.sellClient, event.sellOrderId, event.quantity, at);
        return;
      case "cancelled": {
        const order = this.#open(event.client, event.clientOrderId, at);
        order.status = "cancelled";
        order.cancellation = { quantity: event.quantity, ack: at };
        this.book(order.instrument).remove(order);
        return;
      }
    }
  }

  #insert(order: Mutable<Order>): void {
    const key = orderKey(order.client, order.clientOrderId);
    if (this.#orders.has(key)) throw new FoldError(`order ${key} is placed twice in the log`);
    this.#orders.set(key, order);
    if (order.status === "open") this.book(order.instrument).add(order);
  }

  #reduce(client: string, clientOrderId: string, quantity: number, at: Acknowledgement): void {
    const order = this.#open(client, clientOrderId, at);
    if (quantity > order.remaining) {
      throw new FoldError(
        `record ${at.epoch}.${at.seq} trades ${quantity} of ${clientOrderId}, only ${order.remaining} open`,
      );
    }
    order.remaining -= quantity;
    if (order.remaining > 0) return;
    order.status = "filled";
    this.book(order.instrument).remove(order);
  }

  #open(client: string, clientOrderId: string, at: Acknowledgement): Mutable<Order> {
    const order = this.#orders.get(orderKey(client, clientOrderId));
    if (order?.status !== "open") {
      throw new FoldError(
        `record ${at.epoch}.${at.seq} changes order ${clientOrderId} of ${client}, which is ${order?.status ?? "absent"}`,
      );
    }
    return order;
  }

  clone(): State {
    const copy = new State(this.shard);
    for (const order of this.#orders.values()) copy.#insert({ ...order });
    return copy;
  }

  /**
   * Deterministic text for a checkpoint. Orders stand in log order, which is also time priority: the books follow
   * from it. Acknowledgements are shared by the orders of one record and written once.
   */
  serialise(): string {
    const acks: (readonly [number, number, string])[] = [];
    const indices = new Map<string, number>();
    const indexOf = (ack: Acknowledgement): number => {
      const known = indices.get(ack.hash);
      if (known !== undefined) return known;
      indices.set(ack.hash, acks.length);
      return acks.push([ack.epoch, ack.seq, ack.hash]) - 1;
    };
    const orders = Array.from(this.#orders.values(), (o) => [
      o.client,
      o.clientOrderId,
      o.instrument,
      o.side,
      o.price,
      o.quantity,
      o.remaining,
      o.status,
      indexOf(o.ack),
      ...(o.cancellation === null ? [] : [o.cancellation.quantity, indexOf(o.cancellation.ack)]),
    ]);
    return JSON.stringify({ version: CHECKPOINT_VERSION, shard: this.shard, acks, orders });
  }

  /** Throws when the text is not a checkpoint of this version and shard. */
  static parse(text: string, shard: number): State {
    const parsed = JSON.parse(text) as SerialisedState;
    if (parsed.version !== CHECKPOINT_VERSION || parsed.shard !== shard) {
      throw new FoldError(
        `checkpoint is version ${parsed.version} of shard ${parsed.shard}, this engine reads version ${CHECKPOINT_VERSION} of shard ${shard}`,
      );
    }
    const acks = parsed.acks.map(([epoch, seq, hash]): Acknowledgement => ({ shard, epoch, seq, hash }));
    const ackAt = (index: number): Acknowledgement => {
      const ack = acks[index];
      if (ack === undefined)
        throw new FoldError(`checkpoint names acknowledgement ${index} of ${acks.length}`);
      return ack;
    };
    const state = new State(shard);
    for (const [
      client,
      clientOrderId,
      instrument,
      side,
      price,
      quantity,
      remaining,
      status,
      ack,
      ...rest
    ] of parsed.orders) {
      const [cancelled, cancelAck] = rest;
      const cancellation =
        cancelled === undefined || cancelAck === undefined
          ? null
          : { quantity: cancelled, ack: ackAt(cancelAck) };
      const content = { client, clientOrderId, instrument, side, price, quantity };
      state.#insert({ ...content, remaining, status, ack: ackAt(ack), cancellation });
    }
    return state;
  }

  /**
   * SHA-256 (hex) over one line per order, lines sorted by UTF-16 code unit and joined with "\n". Derivable from the
   * journal and from the `orders` table alike, so that both can be held against it.
   */
  checksum(): string {
    return hash("sha256", Array.from(this.#orders.values(), checksumLine).sort().join("\n"));
  }
}

const CHECKPOINT_VERSION = 1;

interface SerialisedState {
  readonly version: number;
  readonly shard: number;
  readonly acks: readonly (readonly [epoch: number, seq: number, hash: string])[];
  readonly orders: readonly (readonly [
    client: string,
    clientOrderId: string,
    instrument: string,
    side: Side,
    price: number,
    quantity: number,
    remaining: number,
    status: OrderStatus,
    ack: number,
    ...cancellation: readonly number[],
  ])[];
}

/** `client|clientOrderId|instrument|side|price|quantity|remaining|status|epoch|seq`, the place being the placement's. */
export const checksumLine = (o: Order): string =>
  `${o.client}|${o.clientOrderId}|${o.instrument}|${o.side}|${o.price}|${o.quantity}|${o.remaining}|${o.status}|${o.ack.epoch}|${o.ack.seq}`;

/** The fields that bind a client order id to its content. */
export const contentOf = (o: Omit<PlaceOrder, "type">): Omit<PlaceOrder, "type"> => ({
  client: o.client,
  clientOrderId: o.clientOrderId,
  instrument: o.instrument,
  side: o.side,
  price: o.price,
  quantity: o.quantity,
});
