/**
 * Entries as the engines log them, endlessly. Orders meet by price and time as in the engine, in the engine's own book;
 * but a closed order is forgotten, which the engine never does: millions of them are to be made.
 */
import { Book } from "../../workload/engine/book.ts";
import type { Entry, Event, PlaceOrder } from "../../workload/engine/events.ts";

interface Resting extends PlaceOrder {
  remaining: number;
}

const INSTRUMENTS = ["ACME", "GOLD", "IRON", "ZINC"] as const;
const CLIENTS = 500;
const PRICES = 11;
/** Of five commands one cancels, one of the last so many orders that rest. */
const CANCELLABLE = 2_000;

export class Market {
  readonly #shard: number;
  readonly #books = INSTRUMENTS.map((instrument) => ({ instrument, book: new Book<Resting>() }));
  readonly #rested: Resting[] = [];
  #random: number;
  #placed = 0;

  constructor(shard: number, seed: number) {
    this.#shard = shard;
    this.#random = seed + shard * 7_919;
  }

  next(): Entry {
    const at = this.#draw(5) === 0 ? this.#draw(CANCELLABLE) : -1;
    const order = this.#rested[at];
    if (order !== undefined) {
      this.#rested.splice(at, 1);
      if (order.remaining > 0) return this.#cancel(order);
    }
    return this.#place();
  }

  #place(): Entry {
    const market = this.#books[this.#draw(INSTRUMENTS.length)];
    if (market === undefined) throw new Error("there is no such market");
    const { instrument, book } = market;
    const side = this.#draw(2) === 0 ? "buy" : "sell";
    const command: PlaceOrder = {
      type: "place",
      client: `s${this.#shard}c${this.#draw(CLIENTS)}`,
      clientOrderId: `${instrument}:${(this.#placed++).toString(36)}-${this.#draw(1_000_000)}`,
      instrument,
      side,
      price: 1_000 + this.#draw(PRICES),
      quantity: 1 + this.#draw(100),
    };
    const { type: _, ...content } = command;
    const events: Event[] = [{ type: "placed", ...content }];
    const order: Resting = { ...command, remaining: command.quantity };
    const filled: Resting[] = [];
    for (const resting of book.opposite(side, order.price)) {
      if (order.remaining === 0) break;
      const quantity = Math.min(order.remaining, resting.remaining);
      const [buyer, seller] = side === "buy" ? [order, resting] : [resting, order];
      const parties = {
        buyClient: buyer.client,
        buyOrderId: buyer.clientOrderId,
        sellClient: seller.client,
        sellOrderId: seller.clientOrderId,
      };
      events.push({ type: "traded", instrument, price: resting.price, quantity, ...parties });
      order.remaining -= quantity;
      resting.remaining -= quantity;
      if (resting.remaining === 0) filled.push(resting);
    }
    for (const resting of filled) book.remove(resting);
    if (order.remaining > 0) {
      book.add(order);
      this.#rested.push(order);
      if (this.#rested.length > CANCELLABLE) this.#rested.shift();
    }
    return { command, events };
  }

  #cancel(order: Resting): Entry {
    const { client, clientOrderId, remaining } = order;
    this.#books.find(({ instrument }) => instrument === order.instrument)?.book.remove(order);
    return {
      command: { type: "cancel", client, clientOrderId },
      events: [{ type: "cancelled", client, clientOrderId, quantity: remaining }],
    };
  }

  #draw(limit: number): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.#random % limit;
  }
}
