/** Replay on a real PostgreSQL: the same bytes however it is cut, spread, stopped and killed. */

import anyTest, { type TestFn } from "ava";
import type pg from "pg";
import { fence, openArchive, openWriter, TamperedError } from "../../journal/index.ts";
import { type Progress, Projection, ProjectionError, TargetError } from "../../replay/index.ts";
import type { Entry } from "../../workload/engine/events.ts";
import { APPLICATION } from "../../workload/projector/application.ts";
import { MemoryTable, memoryJournal, memoryObjects } from "../journal/memory.ts";
import { place } from "../workload/engine/run.ts";
import {
  type Databases,
  linesOf,
  linesOfState,
  openDatabases,
  openShard,
} from "../workload/projector/database.ts";
import {
  bytesOf,
  connectTo,
  createDatabase,
  MortalSessions,
  random,
  replayInto,
  untilAlone,
  writeMarket,
} from "./fixtures.ts";

const test = anyTest.serial as TestFn<{ databases: Databases }>;

test.before(async (t) => {
  t.context.databases = await openDatabases();
});
test.after.always(async (t) => {
  await t.context.databases?.close();
});

const SHARDS = [0, 1, 2];

const emptied = (client: pg.Client) => client.query("TRUNCATE orders, trades, watermark");

test("the rows are those of the folded state, and the watermark is the log's end", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { send, state, writer } = await openShard(store, 0);
  await send([place("GOLD:1", "sell", 100, 5), place("GOLD:2", "buy", 100, 3, "bob")]);
  await send([
    place("GOLD:3", "buy", 100, 9, "bob"),
    { type: "cancel", client: "bob", clientOrderId: "GOLD:3" },
  ]);
  const { shards, events } = await replayInto(primary, database, store, { shards: [0] });
  t.deepEqual(await linesOf(primary, database, 0), linesOfState(state));
  const { epoch, seq, hash } = writer.head;
  t.like(shards[0], { from: null, to: { epoch, seq, hash }, events: 6 });
  t.is(events, 6);
});

test("any batch size and any number of workers give the same bytes, and a second replay changes none", async (t) => {
  const { primary } = t.context.databases;
  const store = memoryJournal();
  const states = await writeMarket(store, SHARDS.length, 7);
  const results = new Set<string>();
  for (const [batchEvents, workers] of [
    [1, 3],
    [2, 1],
    [13, 2],
    [100_000, 9],
  ] as const) {
    const database = await createDatabase(primary);
    const done = await replayInto(primary, database, store, { shards: SHARDS, batchEvents, workers });
    t.true(done.events > 100);
    results.add(await bytesOf(primary, database));
    for (const [shard, state] of states.entries()) {
      t.deepEqual(await linesOf(primary, database, shard), linesOfState(state));
    }
    const again = await replayInto(primary, database, store, { shards: SHARDS });
    t.is(again.events, 0);
    results.add(await bytesOf(primary, database));
  }
  t.is(results.size, 1);
});

test("shards replayed apart, as pods of a job do, and in stages give the same bytes", async (t) => {
  const { primary } = t.context.databases;
  const store = memoryJournal();
  await writeMarket(store, SHARDS.length, 8);
  const [whole, apart] = [await createDatabase(primary), await createDatabase(primary)];
  await replayInto(primary, whole, store, { shards: SHARDS });
  for (const seq of [3, 9, 20]) {
    const to = new Map(SHARDS.map((shard) => [shard, { epoch: 1, seq }]));
    await Promise.all(SHARDS.map((shard) => replayInto(primary, apart, store, { shards: [shard], to })));
  }
  await Promise.all(SHARDS.map((shard) => replayInto(primary, apart, store, { shards: [shard] })));
  t.is(await bytesOf(primary, apart), await bytesOf(primary, whole));
});

test("killed a hundred times at random, it comes to the same bytes", async (t) => {
  t.timeout(240_000);
  const { primary } = t.context.databases;
  const store = memoryJournal();
  await writeMarket(store, SHARDS.length, 9);
  const [whole, killed] = [await createDatabase(primary), await createDatabase(primary)];
  await replayInto(primary, whole, store, { shards: SHARDS });
  const should = await bytesOf(primary, whole);

  const draw = random(9);
  let [kills, finished] = [0, 0];
  while (kills < 100) {
    const mortal = new MortalSessions(connectTo(primary, killed), draw(60), draw(2) === 1);
    const options = { shards: SHARDS, batchEvents: 1 + draw(40), workers: 1 + draw(3) };
    const ended = await replayInto(primary, killed, store, { ...options, connect: mortal.connect }).then(
      () => true,
      (error: unknown) => {
        if (!mortal.isDead) throw error;
        return false;
      },
    );
    await untilAlone(primary, killed);
    if (!ended) {
      kills += 1;
      continue;
    }
    finished += 1;
    t.is(await bytesOf(primary, killed), should);
    await primary.session(emptied, killed);
  }
  await replayInto(primary, killed, store, { shards: SHARDS });
  t.is(await bytesOf(primary, killed), should);
  t.log(`${kills} kills, ${finished} runs came to the end in between`);
});

test("a log that is longer than a page and a batch keeps the order of its events", async (t) => {
  const { primary } = t.context.databases;
  const table = new MemoryTable();
  table.pageSize = 3;
  const store = memoryJournal(table);
  await writeMarket(store, 1, 10);
  const [small, large] = [await createDatabase(primary), await createDatabase(primary)];
  await replayInto(primary, small, store, { shards: [0], batchEvents: 4 });
  table.pageSize = 1_000;
  await replayInto(primary, large, store, { shards: [0] });
  t.is(await bytesOf(primary, small), await bytesOf(primary, large));
});

test("after a cut, the projection ends where the cut says, inside a record too", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { send, writer } = await openShard(store, 0);
  await send([place("GOLD:1", "sell", 100, 5)]);
  await send([place("GOLD:2", "buy", 100, 5, "bob")]);
  const { epoch, seq } = writer.head;
  const cut = { epoch, seq, index: 1 };
  await fence(store, 0, { region: "us-east-1", generation: 0, reason: "cut", sealer: "run-1", cut });
  const { shards } = await replayInto(primary, database, store, { shards: [0] });
  t.like(shards[0], { events: 2, to: { epoch, seq, index: 1 } });
  t.deepEqual(
    (await linesOf(primary, database, 0)).map((line) => line.split("|")[7]),
    ["open", "open"],
  );
});

test("a broken chain is refused before anything is written, up to which record it can be replayed is its position", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const table = new MemoryTable();
  const store = memoryJournal(table);
  const { send } = await openShard(store, 0);
  for (let n = 1; n <= 4; n++) await send([place(`GOLD:${n}`, "buy", 100, n)]);
  const [[, log] = []] = [...table.logs].filter(([key]) => key === "0#1");
  const third = [...(log?.values() ?? [])].find(
    (item) => item.kind === "record" && item.body.includes("GOLD:3"),
  );
  if (third?.kind !== "record") return t.fail();
  log?.set(third.seq, { ...third, body: third.body.replace('"quantity":3', '"quantity":9') });
  await t.throwsAsync(replayInto(primary, database, store, { shards: [0] }), {
    instanceOf: TamperedError,
    message: `shard 0, epoch 1, seq ${third.seq}: the record does not hash to its hash: stop and compare with the archive`,
  });
  t.deepEqual(await linesOf(primary, database, 0), []);
  const to = new Map([[0, { epoch: 1, seq: third.seq - 1 }]]);
  t.is((await replayInto(primary, database, store, { shards: [0], to })).events, 2);
});

test("a log rewritten to its end is refused by the archive's heads before anything is written", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const archive = openArchive(memoryObjects());
  const store = memoryJournal();
  const { send, writer } = await openShard(store, 0);
  await send([place("GOLD:1", "buy", 100, 1)]);
  await archive.saveHead({ ...writer.head, shard: 0, hash: "f".repeat(64) });
  await t.throwsAsync(replayInto(primary, database, store, { shards: [0], archive }), {
    instanceOf: TamperedError,
    message: `shard 0, epoch 1, seq 1: the archive has the hash ${"f".repeat(64)}, the journal has ${writer.head.hash}: stop and compare with the archive`,
  });
  t.deepEqual(await linesOf(primary, database, 0), []);
});

test("rows that contradict the log stop the replay, and what was applied before is kept", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { send, writer } = await openShard(store, 0);
  await send([place("GOLD:1", "buy", 100, 1)]);
  const kept = writer.head;
  await replayInto(primary, database, store, { shards: [0] });
  await send([{ type: "cancel", client: "ann", clientOrderId: "GOLD:1" }]);
  await primary.session((client) => client.query("DELETE FROM orders"), database);
  const error = await t.throwsAsync(replayInto(primary, database, store, { shards: [0] }), {
    instanceOf: ProjectionError,
    message: "the rows contradict the log",
  });
  t.like(error?.cause ?? {}, { message: "the log changes 1 open orders, the table has 0 of them" });
  const session = await connectTo(primary, database)();
  t.teardown(() => session.end());
  t.like(await new Projection(session, APPLICATION).watermark(0), { seq: kept.seq });
});

test("a log that contradicts itself stops the replay at that record, and what was before is kept", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { send, writer } = await openShard(store, 0);
  await send([place("GOLD:1", "buy", 100, 1)]);
  const { seq } = writer.head;
  const { type: _, ...content } = place("GOLD:2", "buy", 100, 1);
  const entry: Entry = { command: { type: "place", ...content }, events: [{ type: "placed", ...content }] };
  await writer.append(JSON.stringify([entry, entry]), 2);
  await t.throwsAsync(replayInto(primary, database, store, { shards: [0], batchEvents: 1 }), {
    instanceOf: ProjectionError,
    message: `record 1.${seq + 1} of shard 0: order GOLD:2 of ann is placed again`,
  });
  t.deepEqual(
    (await linesOf(primary, database, 0)).map((line) => line.split("|")[1]),
    ["GOLD:1"],
  );
});

test("a projection that an earlier version filled, and staged for in other columns, is gone on with", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { send, state } = await openShard(store, 0);
  await send([place("GOLD:1", "sell", 100, 5)]);
  await replayInto(primary, database, store, { shards: [0] });
  await primary.session(
    (client) =>
      client.query("DROP TABLE projection_event; CREATE TABLE projection_event (type text, client text)"),
    database,
  );
  await send([place("GOLD:2", "buy", 100, 3, "bob")]);
  await replayInto(primary, database, store, { shards: [0] });
  t.deepEqual(await linesOf(primary, database, 0), linesOfState(state));
});

test("another application brings its own tables and its own function, and its events may say anything", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const writer = await openWriter({ store, shard: 0, region: "us-east-1", writer: "notes" });
  const said = ['tab\t, line\n, return\r, quote", back\\slash, \\N', "naïve ✓ 𝄞", ""];
  const events = said.map((text, n) => ({ text, amount: n / 4, tags: { n: [n] }, unasked: true }));
  await writer.append(
    JSON.stringify([
      { command: {}, events: events.slice(0, 2) },
      { command: {}, events: [{}] },
    ]),
    3,
  );
  await writer.append(JSON.stringify([{ command: {}, events: events.slice(2) }]), 1);
  const schema = `
    CREATE TABLE IF NOT EXISTS projection_event (text text, amount numeric, tags json);
    CREATE TABLE IF NOT EXISTS notes (shard int, epoch int, seq bigint, ts bigint, index int, text text, amount numeric, tags json);
    CREATE OR REPLACE FUNCTION projection_apply(shard integer, seq bigint, events regclass) RETURNS void
    LANGUAGE plpgsql AS $$
    BEGIN
      EXECUTE format('INSERT INTO notes SELECT $1, epoch, seq, ts, index, text, amount, tags FROM %s', events) USING shard;
    END $$;`;
  await replayInto(primary, database, store, { shards: [0], application: { schema } });
  await primary.session(async (client) => {
    const { rows } = await client.query(
      "SELECT seq::int, index, text, amount::float, tags FROM notes ORDER BY seq, index",
    );
    t.deepEqual(rows, [
      { seq: 1, index: 0, text: said[0], amount: 0, tags: { n: [0] } },
      { seq: 1, index: 1, text: said[1], amount: 0.25, tags: { n: [1] } },
      { seq: 1, index: 2, text: null, amount: null, tags: null },
      { seq: 2, index: 0, text: "", amount: 0.5, tags: { n: [2] } },
    ]);
  }, database);
});

test("progress tells events, rate and the time left, first of the verification, then of the replay", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  await writeMarket(store, 1, 11);
  const told: Progress[] = [];
  const { events } = await replayInto(primary, database, store, {
    shards: [0],
    batchEvents: 1,
    onProgress: (progress) => told.push(progress),
    progressMilliseconds: 0,
  });
  const [first, last] = [told[0], told.at(-1)];
  t.like(first, { phase: "verify", total: null, etaSeconds: null });
  t.like(last, { phase: "apply", events, total: events, etaSeconds: 0 });
  t.true((last?.eventsPerSecond ?? 0) > 0);
});

const refusals: readonly {
  readonly title: string;
  readonly prepare: string;
  readonly message: (database: string) => string;
}[] = [
  {
    title: "that is somebody else's",
    prepare: "CREATE TABLE invoices (id int); CREATE TABLE customers (id int)",
    message: (database) =>
      `database ${database} has the tables customers, invoices but no watermark: it is no projection of this journal; name an empty database or a restored one`,
  },
  {
    title: "whose rows no watermark speaks of",
    prepare: "INSERT INTO trades VALUES (0, 1, 1, 0, 'GOLD', 1, 1, 'a', 'b', 'c', 'd')",
    message: (database) =>
      `database ${database} has rows in trades but no watermark above 0: it is not empty, and what is in it did not come from the journal; empty it, or name another`,
  },
  {
    title: "whose watermark the log does not have",
    prepare: `INSERT INTO watermark VALUES (0, 1, 1, '${"f".repeat(64)}')`,
    message: (database) =>
      `database ${database} stands at 1.1 in shard 0, which is not in the valid log: restore it to an earlier time, before the cut`,
  },
];
for (const { title, prepare, message } of refusals) {
  test(`a database ${title} is refused and left as it is`, async (t) => {
    const { primary } = t.context.databases;
    const database = await createDatabase(primary);
    const store = memoryJournal();
    const { send } = await openShard(store, 0);
    await send([place("GOLD:1", "buy", 100, 1)]);
    const session = await connectTo(primary, database)();
    t.teardown(() => session.end());
    if (!prepare.startsWith("CREATE")) await new Projection(session, APPLICATION).createSchema();
    await session.query(prepare);
    await t.throwsAsync(replayInto(primary, database, store, { shards: [0] }), {
      instanceOf: TargetError,
      message: message(database),
    });
    if (!prepare.startsWith("CREATE")) t.deepEqual(await linesOf(primary, database, 0), []);
  });
}

test("a database in which a projector works is refused", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const session = await connectTo(primary, database)();
  t.teardown(() => session.end());
  t.true(await new Projection(session, APPLICATION).lock("alone"));
  await t.throwsAsync(replayInto(primary, database, memoryJournal(), { shards: [0] }), {
    instanceOf: TargetError,
    message: `a projector is at work in database ${database}: stop it first, or let it catch up by itself`,
  });
});

test("a replica is refused", async (t) => {
  const { databases } = t.context;
  const database = await createDatabase(databases.primary);
  const standby = await databases.addStandby();
  await t.throwsAsync(replayInto(standby, database, memoryJournal(), { shards: [0] }), {
    instanceOf: TargetError,
    message: `database ${database} is a replica: name the writer, or promote it first`,
  });
});
