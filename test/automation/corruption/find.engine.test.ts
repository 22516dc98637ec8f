/** The first bad event, found by replaying into a scratch database on a real server. */
import anyTest, { type TestFn } from "ava";
import fc from "fast-check";
import { createScratch, findFirstBad } from "../../../automation/corruption/index.ts";
import { type JournalStore, readValid } from "../../../journal/index.ts";
import { eventsOf } from "../../../replay/index.ts";
import { SUPERUSER } from "../../../sandbox/aurora/postgres.ts";
import { APPLICATION } from "../../../workload/projector/application.ts";
import { memoryJournal } from "../../journal/memory.ts";
import { writeMarket } from "../../replay/fixtures.ts";
import { place } from "../../workload/engine/run.ts";
import { type Databases, openDatabases, openShard } from "../../workload/projector/database.ts";

const test = anyTest.serial as TestFn<{ databases: Databases }>;

test.before(async (t) => {
  t.context.databases = await openDatabases();
});
test.after.always(async (t) => {
  await t.context.databases?.close();
});

async function find(
  { primary }: Databases,
  store: JournalStore,
  predicate: string,
  { shards = [0], batchRecords = 500 } = {},
) {
  const { host, port } = primary.address;
  const scratch = await createScratch(`postgres://${SUPERUSER}@${host}:${port}/postgres`);
  try {
    return await findFirstBad({
      store,
      shards,
      connect: scratch.connect,
      application: APPLICATION,
      predicate,
      batchRecords,
    });
  } finally {
    await scratch.drop();
  }
}

const at = (now: () => number) =>
  memoryJournal(undefined, { clock: { now, sleep: () => Promise.resolve() } });

test("the event that makes it bad is named: shard, position, millisecond, itself, and what the question found", async (t) => {
  let now = 1_000;
  const store = at(() => now);
  const { send, writer } = await openShard(store, 0);
  await send([place("GOLD:1", "sell", 100, 5)]);
  const before = writer.head;
  now = 1_234;
  await send([
    place("GOLD:2", "buy", 90, 1),
    place("GOLD:3", "buy", 9_999, 2, "mallory"),
    place("GOLD:4", "buy", 1, 1),
  ]);
  await send([place("GOLD:5", "buy", 9_999, 1)]);
  const found = await find(
    t.context.databases,
    store,
    "SELECT client, price FROM orders WHERE price > 5000;",
  );
  t.deepEqual(found, {
    shard: 0,
    epoch: 1,
    seq: before.seq + 1,
    index: 1,
    ts: 1_234,
    event: {
      type: "placed",
      client: "mallory",
      clientOrderId: "GOLD:3",
      instrument: "GOLD",
      side: "buy",
      price: 9_999,
      quantity: 2,
    },
    rows: [{ client: "mallory", price: 9_999 }],
    after: { epoch: 1, seq: before.seq, hash: before.hash },
  });
});

test("of several shards the earliest by the clock is found, whatever their numbers", async (t) => {
  let now = 5_000;
  const store = at(() => now);
  const [zero, one] = [await openShard(store, 0), await openShard(store, 1)];
  now = 6_000;
  await zero.send([place("GOLD:1", "buy", 7_777, 1, "late")]);
  now = 5_500;
  await one.send([place("IRON:1", "buy", 7_777, 1, "early")]);
  const found = await find(t.context.databases, store, "SELECT FROM orders WHERE price = 7777", {
    shards: [0, 1],
  });
  t.like(found ?? {}, { shard: 1, ts: 5_500 });
});

test("wherever the bad event lies and however large a batch is, it is the one that is found", async (t) => {
  const store = memoryJournal();
  await writeMarket(store, 1, 31);
  const places: { epoch: number; seq: number; index: number; key: string }[] = [];
  for await (const valid of readValid(store, 0)) {
    for (const [index, event] of eventsOf(valid).entries()) {
      const { type, client, clientOrderId } = event as Record<string, string>;
      if (type !== "placed") continue;
      places.push({
        epoch: valid.record.epoch,
        seq: valid.record.seq,
        index,
        key: `${client} ${clientOrderId}`,
      });
    }
  }
  await fc.assert(
    fc.asyncProperty(fc.nat(places.length - 1), fc.integer({ min: 1, max: 60 }), async (n, batchRecords) => {
      const { key, ...place } = places[n] ?? { key: "" };
      const predicate = `SELECT FROM orders WHERE client || ' ' || client_order_id = '${key}'`;
      t.like((await find(t.context.databases, store, predicate, { batchRecords })) ?? {}, place);
    }),
    { numRuns: 8, seed: 1 },
  );
});

test("what is nowhere wrong is not found; what is always true, or no query, is an error", async (t) => {
  const store = memoryJournal();
  const { send } = await openShard(store, 0);
  await send([place("GOLD:1", "buy", 100, 1)]);
  t.is(await find(t.context.databases, store, "SELECT FROM orders WHERE price < 0"), undefined);
  await t.throwsAsync(find(t.context.databases, store, "SELECT 1"), {
    message:
      "the predicate is true of an empty projection: it must be a query that has a row only when something is wrong",
  });
  await t.throwsAsync(find(t.context.databases, store, "price > 5"), {
    message:
      'the predicate is no query that this projection can answer (syntax error at or near ">"): write it like SELECT * FROM trades WHERE price > 1000',
  });
  const left = await t.context.databases.primary.query(
    "SELECT FROM pg_database WHERE datname LIKE 'dr\\_scratch%'",
  );
  t.is(left.length, 0);
});
