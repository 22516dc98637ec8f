import test from "ava";
import type { JournalRecord } from "../../../journal/index.ts";
import { ProjectionError } from "../../../replay/index.ts";
import { EventReader } from "../../../replay/reader.ts";
import type { Event } from "../../../workload/engine/events.ts";
import { FIELDS, OrderFold } from "../../../workload/projector/fold.ts";

const placed = (client: string, clientOrderId: string, side: "buy" | "sell", quantity: number): Event => ({
  ...{ type: "placed", client, clientOrderId, instrument: "GOLD", side, price: 100, quantity },
});
const traded = (buyer: string, bought: string, seller: string, sold: string, quantity: number): Event => ({
  ...{ type: "traded", instrument: "GOLD", price: 100, quantity },
  ...{ buyClient: buyer, buyOrderId: bought, sellClient: seller, sellOrderId: sold },
});
const cancelled = (client: string, clientOrderId: string): Event => ({
  ...{ type: "cancelled", client, clientOrderId, quantity: 1 },
});

const reader = new EventReader(FIELDS);

/** One record per list of events; the tables' rows and what is staged. */
function linesOf(
  ...records: readonly (readonly Event[])[]
): Record<"orders" | "trades" | "staged", string[]> {
  const fold = new OrderFold();
  for (const [n, events] of records.entries()) {
    const record: JournalRecord = {
      ...{ kind: "record", shard: 3, epoch: 1, seq: n + 1, ts: 7, writer: "w", prevHash: "", hash: "" },
      ...{ events: events.length, body: JSON.stringify([{ command: { type: "any" }, events }]) },
    };
    fold.begin(record);
    reader.read({ record, upTo: events.length }, (index) => fold.add(reader, index));
  }
  const { rows, staged } = fold.finish();
  const [orders, trades, changes] = [...rows, staged].map(({ text }) =>
    Buffer.concat(text).toString().split("\n").slice(0, -1),
  );
  return { orders: orders ?? [], trades: trades ?? [], staged: changes ?? [] };
}

test("an order is a row as it is at the batch's end, a trade one of its own", (t) => {
  const { orders, trades, staged } = linesOf(
    [
      placed("ann", "GOLD:1", "sell", 5),
      placed("bob", "GOLD:2", "buy", 3),
      placed("bob", "GOLD:3", "buy", 9),
    ],
    [traded("bob", "GOLD:2", "ann", "GOLD:1", 3), cancelled("ann", "GOLD:1")],
  );
  t.deepEqual(orders, [
    "ann\tGOLD:1\t3\t1\t1\tGOLD\tsell\t100\t5\t2\tcancelled",
    "bob\tGOLD:2\t3\t1\t1\tGOLD\tbuy\t100\t3\t0\tfilled",
    "bob\tGOLD:3\t3\t1\t1\tGOLD\tbuy\t100\t9\t9\topen",
  ]);
  t.deepEqual(trades, ["3\t1\t2\t0\tGOLD\t100\t3\tbob\tGOLD:2\tann\tGOLD:1"]);
  t.deepEqual(staged, []);
});

test("of an order placed before the batch the sum of its changes is staged, with the place of the first", (t) => {
  const { orders, staged } = linesOf(
    [placed("ann", "GOLD:1", "buy", 9)],
    [traded("ann", "GOLD:1", "old", "GOLD:0", 2), traded("ann", "GOLD:1", "old", "GOLD:0", 3)],
    [cancelled("old", "GOLD:0"), cancelled("old", "GOLD:-1")],
  );
  t.deepEqual(orders, ["ann\tGOLD:1\t3\t1\t1\tGOLD\tbuy\t100\t9\t4\topen"]);
  t.deepEqual(staged, ["old\tGOLD:0\t1\t2\t7\t0\t5\tt", "old\tGOLD:-1\t1\t3\t7\t1\t0\tt"]);
});

test("clients and order ids that run together alike are kept apart", (t) => {
  t.is(
    linesOf([placed("ab", "c", "buy", 1), placed("a", "bc", "buy", 1), placed("abc", "", "buy", 1)]).orders
      .length,
    3,
  );
});

test("thousands of orders keep their own rows", (t) => {
  const ids = Array.from({ length: 5_000 }, (_, n) => `GOLD:${n}`);
  const { orders } = linesOf(
    ids.map((id, n) => placed("ann", id, "buy", n + 1)),
    ids.map((id) => traded("ann", id, "bob", "GOLD:0", 1)),
  );
  t.deepEqual(
    orders.map((line) =>
      line
        .split("\t")
        .filter((_, column) => column === 1 || column === 9)
        .join(" "),
    ),
    ids.map((id, n) => `${id} ${n}`),
  );
});

for (const { title, events, message } of [
  {
    title: "an order that is placed twice",
    events: [placed("ann", "GOLD:1", "buy", 1), placed("ann", "GOLD:1", "buy", 1)],
    message: "order GOLD:1 of ann is placed again",
  },
  {
    title: "a trade with more than is left",
    events: [placed("ann", "GOLD:1", "buy", 1), traded("ann", "GOLD:1", "bob", "GOLD:0", 2)],
    message: "order GOLD:1 of ann is closed, or less than 2 of it is open",
  },
]) {
  test(`${title} is a contradiction`, (t) => {
    t.throws(() => linesOf(events), { instanceOf: ProjectionError, message });
  });
}
