import test from "ava";
import fc from "fast-check";
import type { ValidRecord } from "../../../journal/index.ts";
import { checksumLine, type Order, State } from "../../../workload/engine/state.ts";
import { changesOf } from "../../../workload/projector/changes.ts";
import { commands } from "../engine/arbitrary.ts";
import { type LoggedEntry, place, run } from "../engine/run.ts";

/** Each entry as a record of its own. */
const records = (log: readonly LoggedEntry[]): ValidRecord[] =>
  log.map(({ entry, at }) => ({
    upTo: entry.events.length,
    record: {
      ...at,
      kind: "record",
      writer: "w",
      ts: at.seq,
      prevHash: "",
      events: entry.events.length,
      body: JSON.stringify([entry]),
    },
  }));

type Row = Omit<Order, "ack" | "cancellation"> & { readonly epoch: number; readonly seq: number };

/** The tables in memory. */
function apply(rows: Map<string, Row>, changes: ReturnType<typeof changesOf>): void {
  for (const { type: _, ...order } of changes.placed as unknown as (Row & { type?: string })[]) {
    rows.set(`${order.client} ${order.clientOrderId}`, order);
  }
  for (const { client, clientOrderId, traded, cancelled } of changes.changed) {
    const key = `${client} ${clientOrderId}`;
    const row = rows.get(key);
    if (row?.status !== "open") throw new Error(`${key} is not open`);
    const remaining = row.remaining - traded;
    rows.set(key, {
      ...row,
      remaining,
      status: cancelled ? "cancelled" : remaining === 0 ? "filled" : "open",
    });
  }
}

const lineOf = ({ epoch, seq, ...order }: Row): string =>
  checksumLine({ ...order, ack: { shard: 0, epoch, seq, hash: "" }, cancellation: null });

test("for any log cut into any batches, the rows are those of the folded state", (t) => {
  fc.assert(
    fc.property(commands, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (all, sizes) => {
      const state = new State(0);
      const left = records(run(state, all));
      const rows = new Map<string, Row>();
      for (let n = 0; left.length > 0; n++) {
        const [first, ...rest] = left.splice(0, sizes[n % sizes.length]);
        if (first !== undefined) apply(rows, changesOf([first, ...rest]));
      }
      const lines = Array.from(state.orders(), checksumLine);
      t.deepEqual([...rows.values()].map(lineOf).sort(), lines.sort());
    }),
    { numRuns: 150 },
  );
});

test("an order placed, traded and filled in one batch is one new row, and the trades are numbered by event", (t) => {
  const [first, ...rest] = records(
    run(new State(0), [
      place("G:1", "sell", 100, 5),
      place("G:2", "sell", 101, 5),
      place("G:3", "buy", 101, 7, "bob"),
    ]),
  );
  if (first === undefined) return t.fail();
  const changes = changesOf([first, ...rest]);
  t.deepEqual(
    changes.placed.map(({ clientOrderId, remaining, status }) => [clientOrderId, remaining, status]),
    [
      ["G:1", 0, "filled"],
      ["G:2", 3, "open"],
      ["G:3", 0, "filled"],
    ],
  );
  t.deepEqual(changes.changed, []);
  t.deepEqual(
    changes.trades.map(({ seq, index, price, quantity }) => [seq, index, price, quantity]),
    [
      [3, 1, 100, 5],
      [3, 2, 101, 2],
    ],
  );
  t.is(changes.watermark.seq, 3);
});

test("where a cut ends inside a record, only the events before it count, and the watermark says so", (t) => {
  const [sell, buy] = records(
    run(new State(0), [place("G:1", "sell", 100, 5), place("G:2", "buy", 100, 5, "bob")]),
  );
  if (sell === undefined || buy === undefined) return t.fail();
  const changes = changesOf([sell, { ...buy, upTo: 1 }]);
  t.deepEqual(changes.trades, []);
  t.deepEqual(
    changes.placed.map(({ status }) => status),
    ["open", "open"],
  );
  t.like(changes.watermark, { seq: 2, index: 1 });
});
