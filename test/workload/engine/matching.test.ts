import test from "ava";
import fc from "fast-check";
import { decide, MAX_FILLS } from "../../../workload/engine/decide.ts";
import type { Command, Event, Traded } from "../../../workload/engine/events.ts";
import { type Order, State } from "../../../workload/engine/state.ts";
import { commands } from "./arbitrary.ts";
import { place, run } from "./run.ts";

const tradesOf = (events: readonly Event[]) => events.filter((event) => event.type === "traded");

function eventsOf(state: State, command: Command): readonly Event[] {
  const decision = decide(state, command);
  if (decision.kind !== "events") throw new Error(`decided ${decision.kind}`);
  return decision.events;
}

const fills = (trades: readonly Traded[]) => trades.map((t) => [t.sellOrderId, t.price, t.quantity]);

test("an order trades with the best price first, and at the resting order's price", (t) => {
  const state = new State(0);
  run(state, [place("G:1", "sell", 102, 5), place("G:2", "sell", 100, 5), place("G:3", "sell", 101, 5)]);
  const trades = tradesOf(eventsOf(state, place("G:4", "buy", 101, 20, "bob")));
  t.deepEqual(fills(trades), [
    ["G:2", 100, 5],
    ["G:3", 101, 5],
  ]);
});

test("at one price the earlier order trades first, also after a part of it traded", (t) => {
  const state = new State(0);
  run(state, [
    place("G:1", "sell", 100, 5),
    place("G:2", "sell", 100, 5),
    place("G:3", "buy", 100, 2, "bob"),
  ]);
  const trades = tradesOf(eventsOf(state, place("G:4", "buy", 100, 4, "bob")));
  t.deepEqual(fills(trades), [
    ["G:1", 100, 3],
    ["G:2", 100, 1],
  ]);
});

test("instruments do not trade with each other", (t) => {
  const state = new State(0);
  run(state, [place("GOLD:1", "sell", 100, 5)]);
  t.deepEqual(tradesOf(eventsOf(state, place("IRON:1", "buy", 100, 5, "bob"))), []);
});

test("an order that would trade with more than 100 resting orders is refused, with exactly 100 it is not", (t) => {
  const state = new State(0);
  run(
    state,
    Array.from({ length: MAX_FILLS + 1 }, (_, n) => place(`G:${n}`, "sell", 100, 1)),
  );
  t.is(tradesOf(eventsOf(state, place("G:buy", "buy", 100, MAX_FILLS, "bob"))).length, MAX_FILLS);
  t.deepEqual(decide(state, place("G:buy", "buy", 100, MAX_FILLS + 1, "bob")), {
    kind: "refused",
    reason: "would trade with more than 100 resting orders",
  });
});

test("the same order again is a duplicate, other content under its id a conflict", (t) => {
  const state = new State(0);
  const order = place("G:1", "buy", 100, 5);
  run(state, [order]);
  t.is(decide(state, order).kind, "duplicate");
  for (const other of [{ price: 101 }, { quantity: 6 }, { side: "sell" as const }]) {
    t.is(decide(state, { ...order, ...other }).kind, "conflict");
  }
  t.is(decide(state, { ...order, client: "bob" }).kind, "events", "ids are unique per client");
});

test("an order remains a duplicate after it was filled or cancelled", (t) => {
  const state = new State(0);
  const filled = place("G:1", "buy", 100, 5);
  const cancelled = place("G:3", "buy", 90, 5);
  run(state, [
    filled,
    place("G:2", "sell", 100, 5, "bob"),
    cancelled,
    { type: "cancel", client: "ann", clientOrderId: "G:3" },
  ]);
  t.is(decide(state, filled).kind, "duplicate");
  t.is(decide(state, cancelled).kind, "duplicate");
});

test("a cancel takes what is open off the book, once; a filled order cannot be cancelled, an absent one is unknown", (t) => {
  const state = new State(0);
  const cancel = (clientOrderId: string): Command => ({ type: "cancel", client: "ann", clientOrderId });
  run(state, [place("G:1", "sell", 100, 5), place("G:2", "buy", 100, 2, "bob")]);
  t.deepEqual(eventsOf(state, cancel("G:1")), [
    { type: "cancelled", client: "ann", clientOrderId: "G:1", quantity: 3 },
  ]);
  run(state, [cancel("G:1")], 3);
  t.is(decide(state, cancel("G:1")).kind, "duplicate");
  t.deepEqual(tradesOf(eventsOf(state, place("G:3", "buy", 100, 5, "bob"))), []);
  run(state, [place("G:4", "sell", 90, 1), place("G:5", "buy", 90, 1, "bob")], 4);
  t.deepEqual(decide(state, cancel("G:4")), { kind: "refused", reason: "order is filled" });
  t.is(decide(state, cancel("G:9")).kind, "unknown-order");
});

/** A second book of the plainest kind: a list, searched from the front for the best. */
function naiveTrades(resting: readonly Order[], taker: Extract<Command, { type: "place" }>): Traded[] {
  const left = resting
    .filter((o) => o.status === "open" && o.instrument === taker.instrument && o.side !== taker.side)
    .map((o) => ({ ...o }));
  const better = (a: Order, b: Order) => (taker.side === "buy" ? a.price < b.price : a.price > b.price);
  const trades: Traded[] = [];
  for (let open = taker.quantity; open > 0; ) {
    const best = left.reduce<Order | undefined>(
      (x, o) => (x === undefined || better(o, x) ? o : x),
      undefined,
    );
    const crosses =
      best !== undefined && (taker.side === "buy" ? best.price <= taker.price : best.price >= taker.price);
    if (!crosses) break;
    const quantity = Math.min(open, best.remaining);
    const [buy, sell] = taker.side === "buy" ? [taker, best] : [best, taker];
    trades.push({
      type: "traded",
      instrument: taker.instrument,
      price: best.price,
      quantity,
      buyClient: buy.client,
      buyOrderId: buy.clientOrderId,
      sellClient: sell.client,
      sellOrderId: sell.clientOrderId,
    });
    left.splice(left.indexOf(best as (typeof left)[number]), 1);
    open -= quantity;
  }
  return trades;
}

test("for any commands, trades are those of price-time priority", (t) => {
  fc.assert(
    fc.property(commands, (all) => {
      const state = new State(0);
      for (const [n, command] of all.entries()) {
        const decision = decide(state, command);
        if (command.type === "place" && decision.kind === "events") {
          t.deepEqual(tradesOf(decision.events), naiveTrades([...state.orders()], command));
        }
        run(state, [command], n + 1);
      }
    }),
    { numRuns: 150 },
  );
});

test("for any commands, quantity is conserved: what is bought is sold, and an order is traded, open or cancelled", (t) => {
  fc.assert(
    fc.property(commands, (all) => {
      const state = new State(0);
      const log = run(state, all);
      const traded = new Map<string, number>();
      const add = (key: string, quantity: number) => traded.set(key, (traded.get(key) ?? 0) + quantity);
      for (const trade of log.flatMap(({ entry }) => tradesOf(entry.events))) {
        add(`${trade.buyClient} ${trade.buyOrderId}`, trade.quantity);
        add(`${trade.sellClient} ${trade.sellOrderId}`, trade.quantity);
      }
      for (const order of state.orders()) {
        const sum = (traded.get(`${order.client} ${order.clientOrderId}`) ?? 0) + order.remaining;
        t.is(sum, order.quantity);
        t.is(order.status === "filled", order.remaining === 0);
        t.is(order.cancellation?.quantity ?? order.remaining, order.remaining);
      }
    }),
    { numRuns: 150 },
  );
});

test("for any commands, no book is left crossed", (t) => {
  fc.assert(
    fc.property(commands, (all) => {
      const state = new State(0);
      run(state, all);
      for (const instrument of ["GOLD", "IRON"]) {
        const [bid] = state.book(instrument).bySide("buy");
        const [ask] = state.book(instrument).bySide("sell");
        if (bid && ask) t.true(bid.price < ask.price);
      }
    }),
    { numRuns: 150 },
  );
});
