import test from "ava";
import {
  instrumentOf,
  MalformedError,
  parseOrderId,
  parsePlace,
  reservedInstrument,
  shardOf,
} from "../../workload/orders.ts";

const ORDER = {
  client: "ann",
  clientOrderId: "GOLD:1",
  instrument: "GOLD",
  side: "buy",
  price: 100,
  quantity: 5,
};

test("an order is read field by field", (t) => {
  t.deepEqual(parsePlace(JSON.stringify(ORDER)), { type: "place", ...ORDER } as never);
});

test("every problem of an order is named, with what is allowed", (t) => {
  const bad = { ...ORDER, client: "a b", side: "hold", price: 1.5, quantity: 0, stop: 90 };
  const error = t.throws(() => parsePlace(JSON.stringify(bad)), { instanceOf: MalformedError });
  t.deepEqual(error.problems, [
    'client: must be a string that matches ^[A-Za-z0-9._-]{1,32}$, got "a b"',
    'side: must be "buy" or "sell", got "hold"',
    "price: must be an integer from 1 to 1000000000, got 1.5",
    "quantity: must be an integer from 1 to 1000000000, got 0",
    "stop: unknown field, allowed are client, clientOrderId, instrument, side, price, quantity",
  ]);
});

test("a client order id starts with its instrument, which binds it to a shard", (t) => {
  const error = t.throws(() => parsePlace(JSON.stringify({ ...ORDER, clientOrderId: "IRON:1" })), {
    instanceOf: MalformedError,
  });
  t.deepEqual(error.problems, ['clientOrderId: must start with "GOLD:", got "IRON:1"']);
  t.is(instrumentOf("GOLD:a:b"), "GOLD");
});

test("what is no JSON object is refused as a whole", (t) => {
  t.throws(() => parsePlace("{"), { instanceOf: MalformedError, message: "body: must be JSON" });
  t.throws(() => parsePlace("[1]"), { message: "body: must be a JSON object, got [1]" });
  t.throws(() => parsePlace("null"), { message: "body: must be a JSON object, got null" });
});

test("reads and cancels need a client and an order id", (t) => {
  t.deepEqual(parseOrderId("ann", "GOLD:1"), { client: "ann", clientOrderId: "GOLD:1" });
  t.throws(() => parseOrderId(null, "1"), { instanceOf: MalformedError });
});

test("an instrument's shard never changes", (t) => {
  const shards = ["GOLD", "IRON", "SALT", "TIN", "OIL"].map((instrument) => shardOf(instrument, 4));
  t.deepEqual(shards, [1, 0, 3, 1, 0]);
});

test("each shard has a reserved instrument that goes to it", (t) => {
  t.deepEqual(
    [0, 1, 2, 3].map((shard) => shardOf(reservedInstrument(shard), 4)),
    [0, 1, 2, 3],
  );
});
