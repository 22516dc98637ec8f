import test, { type ExecutionContext } from "ava";
import { FencedError, fence, type Writer } from "../../../journal/index.ts";
import { Checkpointer } from "../../../workload/engine/checkpointer.ts";
import type { Entry } from "../../../workload/engine/events.ts";
import {
  MAX_QUEUED,
  MAX_QUEUED_MS,
  type Outcome,
  Sequencer,
  type SequencerOptions,
} from "../../../workload/engine/sequencer.ts";
import { State } from "../../../workload/engine/state.ts";
import { isPending, openHeld, settle } from "./held.ts";
import { place } from "./run.ts";

interface Subject {
  readonly sequencer: Sequencer;
  readonly failures: unknown[];
}

function sequence(writer: SequencerOptions["writer"], now?: () => number): Subject {
  const failures: unknown[] = [];
  const sequencer = new Sequencer({
    writer,
    settled: new State(0),
    settledAt: undefined,
    onFailure: (error) => failures.push(error),
    ...(now === undefined ? {} : { now }),
  });
  return { sequencer, failures };
}

const cancel = (clientOrderId: string, client = "ann") => ({
  type: "cancel" as const,
  client,
  clientOrderId,
});
const ackOf = (outcome: Outcome) => ("ack" in outcome ? outcome.ack : undefined);

type Sabotage = (writer: Writer) => SequencerOptions["writer"];

const altered = (
  writer: Writer,
  change: Partial<SequencerOptions["writer"]>,
): SequencerOptions["writer"] => ({
  opening: writer.opening,
  get hasRoom() {
    return writer.hasRoom;
  },
  append: (body, events) => writer.append(body, events),
  confirm: () => writer.confirm(),
  room: () => writer.room(),
  ...change,
});

/** SABOTAGE, for tests only: acknowledge before append. */
const acknowledgingEarly: Sabotage = (writer) => {
  let seq = writer.head.seq;
  return altered(writer, {
    append(body, events) {
      writer.append(body, events).catch(() => {});
      seq += 1;
      return Promise.resolve({ shard: 0, epoch: writer.opening.epoch, seq, hash: `guessed ${seq}` });
    },
  });
};

/** Whether an order is answered while its put has not landed. */
async function answersBeforeTheJournal(sabotage?: Sabotage): Promise<boolean> {
  const { table, writer } = await openHeld();
  const { sequencer } = sequence(sabotage?.(writer) ?? writer);
  table.held = true;
  const pending = await isPending(sequencer.submit(place("G:1", "buy", 100, 5)));
  table.release();
  return !pending;
}

test("an order is not answered before its record is in the journal", async (t) => {
  t.false(await answersBeforeTheJournal());
});

test("sabotage: an engine that acknowledges before the append is found out", async (t) => {
  t.true(await answersBeforeTheJournal(acknowledgingEarly));
});

test("the acknowledgement is the place and hash of the order's record", async (t) => {
  const { writer } = await openHeld();
  const { sequencer } = sequence(writer);
  const outcome = await sequencer.submit(place("G:1", "buy", 100, 5));
  const { epoch, seq, hash } = writer.head;
  t.deepEqual(outcome, { kind: "accepted", ack: { shard: 0, epoch, seq, hash }, duplicate: false });
});

test("answers keep the order of the log: a record that lands first waits for the one before it", async (t) => {
  const { table, writer } = await openHeld();
  const { sequencer } = sequence(writer);
  table.held = true;
  const first = sequencer.submit(place("G:1", "buy", 100, 5));
  await table.arrived(1);
  const second = sequencer.submit(place("G:2", "buy", 100, 5));
  await table.arrived(2);
  const [one, two] = table.waiting.splice(0);
  two?.release();
  t.true(await isPending(second));
  one?.release();
  t.is((await first).kind, "accepted");
  t.is((await second).kind, "accepted");
});

test("commands that come while a put is in flight share the next record", async (t) => {
  const { table, writer } = await openHeld();
  const { sequencer } = sequence(writer);
  table.held = true;
  const answers = [sequencer.submit(place("G:0", "buy", 100, 5))];
  await table.arrived(1);
  for (let n = 1; n <= 10; n++) answers.push(sequencer.submit(place(`G:${n}`, "buy", 100, 5)));
  await table.arrived(2);
  t.is(table.waiting.length, 2);
  table.release();
  const seqs = (await Promise.all(answers)).map((outcome) => ackOf(outcome)?.seq);
  t.is(new Set(seqs).size, 2);
  t.is(seqs.filter((seq) => seq === seqs[1]).length, 10);
});

test("no more puts are in flight than the window allows, and what waits is appended when there is room", async (t) => {
  const { table, writer } = await openHeld(2);
  const { sequencer } = sequence(writer);
  table.held = true;
  const answers: Promise<Outcome>[] = [];
  for (let n = 0; n < 6; n++) {
    answers.push(sequencer.submit(place(`G:${n}`, "buy", 100, 5)));
    await settle(15);
  }
  await table.arrived(2);
  await settle();
  t.is(table.mostInFlight, 2);
  table.release();
  t.deepEqual(
    (await Promise.all(answers)).map(({ kind }) => kind),
    Array(6).fill("accepted"),
  );
});

test("more than fits one record goes into the next, in order", async (t) => {
  const { store, writer } = await openHeld();
  const { sequencer } = sequence(writer);
  const answers = Array.from({ length: 600 }, (_, n) => sequencer.submit(place(`G:${n}`, "buy", 100, 5)));
  const seqs = (await Promise.all(answers)).map((outcome) => ackOf(outcome)?.seq ?? 0);
  t.true(new Set(seqs).size >= 2);
  t.deepEqual(
    seqs,
    [...seqs].sort((a, b) => a - b),
  );
  const { items } = await store.read(0, writer.opening.epoch, { from: writer.opening.first });
  const placed = items.flatMap((item) =>
    item.kind === "record" ? (JSON.parse(item.body) as Entry[]).map(({ command }) => command) : [],
  );
  t.deepEqual(
    placed.map((command) => command.type === "place" && command.clientOrderId),
    Array.from({ length: 600 }, (_, n) => `G:${n}`),
  );
});

test("a duplicate of an order still on its way waits for it and gets the same acknowledgement", async (t) => {
  const { table, writer } = await openHeld();
  const { sequencer } = sequence(writer);
  table.held = true;
  const first = sequencer.submit(place("G:1", "buy", 100, 5));
  await table.arrived(1);
  const again = sequencer.submit(place("G:1", "buy", 100, 5));
  t.true(await isPending(again));
  table.release();
  const { ack } = (await first) as Extract<Outcome, { kind: "accepted" }>;
  t.deepEqual(await again, { kind: "accepted", ack, duplicate: true });
});

test("a cancel repeated gets the same quantity and acknowledgement", async (t) => {
  const { writer } = await openHeld();
  const { sequencer } = sequence(writer);
  await sequencer.submit(place("G:1", "buy", 100, 5));
  const first = await sequencer.submit(cancel("G:1"));
  t.is(first.kind, "cancelled");
  t.deepEqual(await sequencer.submit(cancel("G:1")), first);
});

test("a read shows nothing that is not acknowledged: it waits for what it would show", async (t) => {
  const { table, writer } = await openHeld();
  const { sequencer } = sequence(writer);
  await sequencer.submit(place("G:1", "sell", 100, 5));
  table.held = true;
  const taker = sequencer.submit(place("G:2", "buy", 100, 5, "bob"));
  await table.arrived(1);
  const read = sequencer.read("ann", "G:1");
  t.true(await isPending(read));
  t.is(sequencer.settled.find("ann", "G:1")?.status, "open");
  t.is(sequencer.settled.find("bob", "G:2"), undefined);
  table.release();
  await taker;
  t.is((await read)?.status, "filled");
});

/** Where the checkpoint stands that is taken while an order is on its way behind an acknowledged one. */
async function checkpointInFlight(sabotage?: Sabotage): Promise<{ acknowledged: object; saved: object[] }> {
  const { table, writer } = await openHeld();
  const { sequencer } = sequence(sabotage?.(writer) ?? writer);
  await sequencer.submit(place("G:1", "sell", 100, 5));
  await settle();
  const { epoch, seq, hash } = writer.head;
  const acknowledged = { shard: 0, epoch, seq, hash, state: sequencer.settled.serialise() };
  table.held = true;
  const taker = sequencer.submit(place("G:2", "buy", 100, 5, "bob"));
  await table.arrived(1);
  const saved: object[] = [];
  const checkpoints = { save: async (checkpoint: object) => void saved.push(checkpoint) };
  await new Checkpointer({ sequencer, checkpoints, log: () => {} }).save();
  table.release();
  await taker;
  return { acknowledged, saved };
}

test("a checkpoint holds acknowledged state only", async (t) => {
  const { acknowledged, saved } = await checkpointInFlight();
  t.deepEqual(saved, [acknowledged]);
});

test("sabotage: a checkpoint of unacknowledged state is found out", async (t) => {
  const { acknowledged, saved } = await checkpointInFlight(acknowledgingEarly);
  t.notDeepEqual(saved, [acknowledged]);
});

test("a checkpoint is due after 10 s with events, or after 2,000 records of whatever kind", async (t) => {
  const saved: number[] = [];
  let now = 0;
  const sequencer = {
    settled: new State(0),
    settledAt: { epoch: 1, seq: 1, hash: "" },
    settledRecords: 0,
    settledEvents: 0,
  };
  const checkpoints = { save: async ({ seq }: { seq: number }) => void saved.push(seq) };
  const checkpointer = new Checkpointer({ sequencer, checkpoints, log: () => {}, now: () => now });
  const tick = async (at: number, records: number, events: number) => {
    now = at;
    sequencer.settledRecords = records;
    sequencer.settledEvents = events;
    sequencer.settledAt = { ...sequencer.settledAt, seq: 1 + records };
    await checkpointer.tick();
  };
  await tick(9_999, 1, 1);
  await tick(10_000, 2, 2);
  await tick(19_999, 3, 3);
  await tick(20_000, 4, 4);
  await tick(90_000, 2003, 4);
  await tick(90_001, 2004, 4);
  t.deepEqual(saved, [3, 5, 2005]);
});

/** A writer whose confirmations the test grants. */
const confirmedByHand = (writer: Writer) => {
  const asked: (() => void)[] = [];
  const confirm = () => new Promise<void>((resolve) => asked.push(resolve));
  return {
    writer: altered(writer, { confirm }),
    grant: () => {
      for (const resolve of asked.splice(0)) resolve();
    },
  };
};

test("what depends on state leaves only after a confirmation begun after the request", async (t) => {
  const { writer: real } = await openHeld();
  const { writer, grant } = confirmedByHand(real);
  const { sequencer } = sequence(writer);
  await sequencer.submit(place("G:1", "sell", 100, 5));
  await sequencer.submit(place("G:2", "buy", 100, 5, "bob"));
  const answers = {
    duplicate: sequencer.submit(place("G:1", "sell", 100, 5)),
    conflict: sequencer.submit(place("G:1", "sell", 101, 5)),
    refused: sequencer.submit(cancel("G:1")),
    "unknown-order": sequencer.submit(cancel("G:9")),
    read: sequencer.read("ann", "G:1"),
  };
  for (const [name, answer] of Object.entries(answers)) t.true(await isPending(answer), name);
  grant();
  t.like(await answers.duplicate, { kind: "accepted", duplicate: true });
  t.deepEqual(await answers.conflict, { kind: "conflict" });
  t.deepEqual(await answers.refused, { kind: "refused", reason: "order is filled" });
  t.deepEqual(await answers["unknown-order"], { kind: "unknown-order" });
  t.is((await answers.read)?.status, "filled");
});

/** SABOTAGE, for a test only: duplicates and reads answered from memory. */
const neverConfirming = (writer: Writer) => altered(writer, { confirm: async () => {} });

/** Whether an engine that was fenced by another region still answers a duplicate. */
async function zombieAnswers(t: ExecutionContext, sabotage?: Sabotage): Promise<boolean> {
  const { store, writer } = await openHeld();
  const { sequencer, failures } = sequence(sabotage?.(writer) ?? writer);
  await sequencer.submit(place("G:1", "sell", 100, 5));
  await fence(store, 0, { region: "us-west-2", generation: 1, reason: "failover", sealer: "run-1" });
  const answers = [sequencer.submit(place("G:1", "sell", 100, 5)), sequencer.read("ann", "G:1")];
  const pending = await Promise.all(answers.map(isPending));
  if (sabotage === undefined) t.true(failures.some((error) => error instanceof FencedError));
  return pending.includes(false);
}

test("a fenced engine that never appends answers no duplicate and no read, and fails", async (t) => {
  t.false(await zombieAnswers(t));
});

test("sabotage: an engine that answers duplicates from memory is found out", async (t) => {
  t.true(await zombieAnswers(t, neverConfirming));
});

test("a fenced engine answers no order, and fails", async (t) => {
  const { store, writer } = await openHeld();
  const { sequencer, failures } = sequence(writer);
  await fence(store, 0, { region: "us-west-2", generation: 1, reason: "failover", sealer: "run-1" });
  t.true(await isPending(sequencer.submit(place("G:1", "sell", 100, 5))));
  t.true(failures[0] instanceof FencedError);
});

test("a command is turned away undecided when too many wait, or when it waited too long", async (t) => {
  const { table, writer } = await openHeld(1);
  let now = 0;
  const { sequencer } = sequence(writer, () => now);
  table.held = true;
  const first = sequencer.submit(place("G:first", "buy", 100, 5));
  await table.arrived(1);
  const waiting = Array.from({ length: MAX_QUEUED }, (_, n) =>
    sequencer.submit(place(`G:${n}`, "buy", 100, 5)),
  );
  t.deepEqual(await sequencer.submit(place("G:more", "buy", 100, 5)), {
    kind: "never-appended",
    reason: `${MAX_QUEUED} commands are waiting already`,
  });
  now = MAX_QUEUED_MS + 1;
  table.release();
  t.is((await first).kind, "accepted");
  for (const outcome of await Promise.all(waiting)) {
    t.deepEqual(outcome, { kind: "never-appended", reason: `waited more than ${MAX_QUEUED_MS} ms` });
  }
  t.is(sequencer.settled.size, 1);
});
