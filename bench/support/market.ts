/**
 * Entries as the engines log them, endlessly, from a few open orders per instrument: the real engine keeps every order
 * that it ever saw, which a generator of millions need not. About 54 % placements, 40 % trades, 6 % cancels.
 */
import type { Command, Entry, Event, PlaceOrder } from "../../workload/engine/events.ts";

interface Resting {
  readonly order: PlaceOrder;
  remaining: number;
}

interface Book {
  readonly instrument: string;
  readonly buy: Resting[];
  readonly sell: Resting[];
}

const INSTRUMENTS = ["ACME", "GOLD", "IRON", "ZINC"] as const;
const CLIENTS = 500;
/** Beyond it the oldest order is cancelled: it is far from the batch that placed it. */
const MAX_RESTING = 4_000;
const MAX_FILLS = 3;

export class Market {
  readonly #shard: number;
  readonly #books: readonly Book[] = INSTRUMENTS.map((instrument) => ({ instrument, buy: [], sell: [] }));
  #random: number;
  #placed = 0;

  constructor(shard: number, seed: number) {
    this.#shard = shard;
    this.#random = seed + shard * 7_919;
  }

  next(): Entry {
    const book = this.#books[this.#draw(INSTRUMENTS.length)];
    if (book === undefined) throw new Error("there is no such book");
    const full = [book.buy, book.sell].find((side) => side.length > MAX_RESTING);
    const old = full?.shift();
    return old === undefined ? this.#place(book) : this.#cancel(old);
  }

  #place(book: Book): Entry {
    const { instrument } = book;
    const side = this.#draw(2) === 0 ? "buy" : "sell";
    const order: PlaceOrder = {
      type: "place",
      client: `s${this.#shard}c${this.#draw(CLIENTS)}`,
      clientOrderId: `${instrument}:${(this.#placed++).toString(36)}-${this.#draw(1_000_000)}`,
      instrument,
      side,
      price: 1_000,
      quantity: 1 + this.#draw(100),
    };
    const { type: _, ...content } = order;
    const events: Event[] = [{ type: "placed", ...content }];
    const opposite = book[side === "buy" ? "sell" : "buy"];
    let open = order.quantity;
    for (let fills = 0; fills < MAX_FILLS && open > 0 && opposite.length > 0 && this.#draw(3) > 0; fills++) {
      const at = this.#draw(opposite.length);
      const resting = opposite[at];
      if (resting === undefined) break;
      const quantity = Math.min(open, resting.remaining);
      const [buyer, seller] = side === "buy" ? [order, resting.order] : [resting.order, order];
      const parties = {
        buyClient: buyer.client,
        buyOrderId: buyer.clientOrderId,
        sellClient: seller.client,
        sellOrderId: seller.clientOrderId,
      };
      events.push({ type: "traded", instrument, price: 1_000, quantity, ...parties });
      open -= quantity;
      resting.remaining -= quantity;
      if (resting.remaining === 0) {
        opposite[at] = opposite.at(-1) ?? resting;
        opposite.pop();
      }
    }
    if (open > 0) book[side].push({ order, remaining: open });
    return { command: order, events };
  }

  #cancel({ order, remaining }: Resting): Entry {
    const { client, clientOrderId } = order;
    const command: Command = { type: "cancel", client, clientOrderId };
    return { command, events: [{ type: "cancelled", client, clientOrderId, quantity: remaining }] };
  }

  #draw(limit: number): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.#random % limit;
  }
}
