/**
 * What a batch of this application's events comes to: each order once, as it is at the batch's end, each trade, and the
 * changes to orders that were placed before the batch. Most orders live shorter than a batch of a replay: PostgreSQL
 * writes them once, and not again at each fill.
 */
import type { JournalRecord } from "../../journal/index.ts";
import {
  CopyRows,
  type EventReader,
  type Fold,
  type Folded,
  ProjectionError,
  STAGED,
} from "../../replay/index.ts";
import { OrderTable } from "./order-table.ts";

/** Of events, in the order of the numbers below. */
export const FIELDS = [
  ...["type", "client", "clientOrderId", "instrument", "side", "price", "quantity"],
  ...["buyClient", "buyOrderId", "sellClient", "sellOrderId"],
];
const [TYPE, CLIENT, ID, INSTRUMENT, SIDE, PRICE, QUANTITY] = [0, 1, 2, 3, 4, 5, 6] as const;
const [BUYER, BOUGHT, SELLER, SOLD] = [7, 8, 9, 10] as const;
/** What a row copies from its event, in the order of its columns. */
const FRESH = [INSTRUMENT, SIDE, PRICE, QUANTITY];
const TRADE = [INSTRUMENT, PRICE, QUANTITY, BUYER, BOUGHT, SELLER, SOLD];
const [PLACED, TRADED, CANCELLED] = ["placed", "traded", "cancelled"].map((type) => Buffer.from(type)) as [
  Buffer,
  Buffer,
  Buffer,
];
const STATUS = {
  open: Buffer.from("open"),
  filled: Buffer.from("filled"),
  cancelled: Buffer.from("cancelled"),
};
const [TRUE, FALSE] = [Buffer.from("t"), Buffer.from("f")];

/** Of an order: placed in this batch, and cancelled in it. */
const [IS_FRESH, IS_CANCELLED] = [1, 2] as const;

export class OrderFold implements Fold {
  /** The amount is what remains of a fresh order, and what was traded of an earlier one. */
  readonly #orders = new OrderTable();
  readonly #trades = new CopyRows();
  #record: Pick<JournalRecord, "epoch" | "seq" | "ts"> = { epoch: 0, seq: 0, ts: 0 };
  /** The record's shard, epoch and seq. */
  #place = Buffer.alloc(0);

  begin(record: JournalRecord): void {
    const { shard, epoch, seq } = record;
    this.#record = record;
    this.#place = Buffer.from(`${shard}\t${epoch}\t${seq}`);
  }

  add(event: EventReader, index: number): void {
    if (event.is(TYPE, PLACED)) this.#addFresh(event);
    else if (event.is(TYPE, TRADED)) {
      this.#trade(event, index);
      const quantity = event.integer(QUANTITY);
      this.#change(event, BUYER, BOUGHT, index, quantity, 0);
      this.#change(event, SELLER, SOLD, index, quantity, 0);
    } else if (event.is(TYPE, CANCELLED)) this.#change(event, CLIENT, ID, index, 0, IS_CANCELLED);
  }

  finish(): Folded {
    const orders = this.#orders;
    const [fresh, changed] = [new CopyRows(), new CopyRows()];
    for (let order = 0; order < orders.count; order++) {
      const state = orders.state[order] ?? 0;
      const amount = orders.amount[order] ?? 0;
      const isCancelled = (state & IS_CANCELLED) !== 0;
      const text = (state & IS_FRESH) === 0 ? changed : fresh;
      text.values(orders.text.bytes, orders.from(order), orders.to(order));
      text.number(amount);
      if (text === changed) text.value(isCancelled ? TRUE : FALSE);
      else text.value(isCancelled ? STATUS.cancelled : amount === 0 ? STATUS.filled : STATUS.open);
      text.end();
    }
    return {
      rows: [
        {
          into: "orders (client, client_order_id, shard, epoch, seq, instrument, side, price, quantity, remaining, status)",
          text: fresh.finish(),
        },
        { into: "trades", text: this.#trades.finish() },
      ],
      staged: {
        into: `${STAGED} (client, client_order_id, epoch, seq, ts, index, traded, cancelled)`,
        text: changed.finish(),
      },
    };
  }

  #addFresh(event: EventReader): void {
    const orders = this.#orders;
    if (orders.find(event, CLIENT, ID) >= 0) throw contradiction(event, CLIENT, ID, "is placed again");
    const order = orders.add(event, CLIENT, ID);
    orders.text.value(this.#place);
    for (const field of FRESH) orders.text.field(event, field);
    orders.amount[order] = event.integer(QUANTITY);
    orders.state[order] = IS_FRESH;
  }

  #trade(event: EventReader, index: number): void {
    const text = this.#trades;
    text.value(this.#place);
    text.number(index);
    for (const field of TRADE) text.field(event, field);
    text.end();
  }

  #change(
    event: EventReader,
    client: number,
    id: number,
    index: number,
    traded: number,
    cancelled: number,
  ): void {
    const orders = this.#orders;
    let order = orders.find(event, client, id);
    if (order < 0) order = this.#addEarlier(event, client, id, index);
    const state = orders.state[order] ?? 0;
    const amount = orders.amount[order] ?? 0;
    const isFresh = (state & IS_FRESH) !== 0;
    if ((state & IS_CANCELLED) !== 0 || (isFresh && (amount === 0 || amount < traded))) {
      const what = traded === 0 ? "is closed" : `is closed, or less than ${traded} of it is open`;
      throw contradiction(event, client, id, what);
    }
    orders.state[order] = state | cancelled;
    orders.amount[order] = isFresh ? amount - traded : amount + traded;
  }

  #addEarlier(event: EventReader, client: number, id: number, index: number): number {
    const order = this.#orders.add(event, client, id);
    const { epoch, seq, ts } = this.#record;
    for (const place of [epoch, seq, ts, index]) this.#orders.text.number(place);
    this.#orders.amount[order] = 0;
    this.#orders.state[order] = 0;
    return order;
  }
}

const contradiction = (event: EventReader, client: number, id: number, what: string): ProjectionError =>
  new ProjectionError(`order ${event.text(id)} of ${event.text(client)} ${what}`);
