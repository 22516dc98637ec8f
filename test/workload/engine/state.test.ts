import test from "ava";
import fc from "fast-check";
import { FoldError, State } from "../../../workload/engine/state.ts";
import { commands } from "./arbitrary.ts";
import { ackAt, place, run } from "./run.ts";

test("for any log, replay from any checkpoint gives the same state, text and checksum", (t) => {
  fc.assert(
    fc.property(commands, fc.nat(), (all, choice) => {
      const state = new State(0);
      const log = run(state, all);
      const cut = choice % (log.length + 1);
      const before = new State(0);
      for (const { entry, at } of log.slice(0, cut)) before.fold(entry, at);
      const replayed = State.parse(before.serialise(), 0);
      for (const { entry, at } of log.slice(cut)) replayed.fold(entry, at);
      t.is(replayed.serialise(), state.serialise());
      t.is(replayed.checksum(), state.checksum());
    }),
    { numRuns: 150 },
  );
});

test("for any log, a state read from a checkpoint, and a copy, decide as the original does", (t) => {
  fc.assert(
    fc.property(commands, commands, (past, future) => {
      const state = new State(0);
      const log = run(state, past);
      const restored = State.parse(state.serialise(), 0);
      const copy = state.clone();
      const decided = run(state, future, log.length + 1);
      t.deepEqual(run(restored, future, log.length + 1), decided);
      t.deepEqual(run(copy, future, log.length + 1), decided);
    }),
    { numRuns: 150 },
  );
});

test("the checksum is SHA-256 over the sorted lines of the orders", (t) => {
  const state = new State(0);
  run(state, [
    place("G:2", "sell", 100, 5),
    place("G:1", "buy", 100, 2, "bob"),
    { type: "cancel", client: "ann", clientOrderId: "G:2" },
  ]);
  // printf 'ann|G:2|G|sell|100|5|3|cancelled|1|1\nbob|G:1|G|buy|100|2|0|filled|1|2' | sha256sum
  t.is(state.checksum(), "c16ecc71dc68877b5bda979f101153b9375487342aee9123f0cc61e7c1b7bc16");
});

test("the checksum differs when anything that a client may see differs", (t) => {
  const order = place("G:1", "buy", 100, 5);
  const variants = [
    [order],
    [{ ...order, price: 101 }],
    [{ ...order, client: "bob" }],
    [order, place("G:2", "sell", 100, 1)],
    [order, { type: "cancel" as const, client: "ann", clientOrderId: "G:1" }],
    [{ type: "heartbeat" as const }, order],
  ];
  const checksums = variants.map((variant) => {
    const state = new State(0);
    run(state, variant);
    return state.checksum();
  });
  t.is(new Set(checksums).size, variants.length);
});

test("a checkpoint of another version or shard is not read", (t) => {
  const text = new State(1).serialise();
  t.throws(() => State.parse(text, 0), {
    instanceOf: FoldError,
    message: "checkpoint is version 1 of shard 1, this engine reads version 1 of shard 0",
  });
  t.throws(() => State.parse(text.replace('"version":1', '"version":9'), 1), {
    message: "checkpoint is version 9 of shard 1, this engine reads version 1 of shard 1",
  });
});

test("a log that contradicts itself is not folded", (t) => {
  const state = new State(0);
  const [first] = run(state, [place("G:1", "buy", 100, 5)]);
  if (first === undefined) return t.fail();
  t.throws(() => state.fold(first.entry, first.at), {
    instanceOf: FoldError,
    message: "order ann G:1 is placed twice in the log",
  });
  const cancelled = { type: "cancelled" as const, client: "ann", clientOrderId: "G:7", quantity: 1 };
  t.throws(() => state.fold({ command: { type: "heartbeat" }, events: [cancelled] }, ackAt(2)), {
    message: "record 1.2 changes order G:7 of ann, which is absent",
  });
});
