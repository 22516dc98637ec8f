/** Validation against what the projector's own SQL makes, and against each thing that somebody may do to it. */
import anyTest, { type ExecutionContext, type TestFn } from "ava";
import { inWords, type ShardValidation, validate } from "../../../automation/corruption/index.ts";
import { type JournalStore, openArchive } from "../../../journal/index.ts";
import type { Postgres } from "../../../sandbox/aurora/postgres.ts";
import { MemoryTable, memoryJournal, memoryObjects } from "../../journal/memory.ts";
import { connectTo, createDatabase, replayInto, writeMarket } from "../../replay/fixtures.ts";
import { place } from "../../workload/engine/run.ts";
import { type Databases, openDatabases, openShard } from "../../workload/projector/database.ts";

const test = anyTest.serial as TestFn<{ databases: Databases }>;

test.before(async (t) => {
  t.context.databases = await openDatabases();
});
test.after.always(async (t) => {
  await t.context.databases?.close();
});

async function replayed(server: Postgres, store: JournalStore, shards: readonly number[]) {
  const database = await createDatabase(server);
  await replayInto(server, database, store, { shards });
  return {
    validate: (options: Partial<Parameters<typeof validate>[0]> = {}) =>
      validate({ store, shards, connect: connectTo(server, database), ...options }),
    damage: (sql: string) => server.session((client) => client.query(sql), database),
  };
}

/** Four orders in two records, one trade of 3. */
async function small(t: ExecutionContext<{ databases: Databases }>) {
  const table = new MemoryTable();
  const store = memoryJournal(table);
  const { send, writer, state } = await openShard(store, 0);
  await send([place("GOLD:1", "sell", 100, 5), place("GOLD:2", "buy", 100, 3, "bob")]);
  await send([
    place("GOLD:3", "buy", 90, 9, "bob"),
    { type: "cancel", client: "bob", clientOrderId: "GOLD:3" },
  ]);
  return { table, store, writer, state, ...(await replayed(t.context.databases.primary, store, [0])) };
}

const words = ([one]: readonly ShardValidation[]): string[] =>
  (one?.tables ?? []).flatMap(({ first }) => (first === null ? [] : [inWords(first)]));

test("what was replayed is valid, table by table, with its totals", async (t) => {
  const { validate: check, writer, state } = await small(t);
  const { epoch, seq, hash } = writer.head;
  const engines = [{ shard: 0, head: { epoch, seq, hash }, stateChecksum: state.checksum() }];
  const [result] = await check({ engines });
  t.like(result ?? {}, {
    shard: 0,
    watermark: { epoch, seq, hash },
    chain: { holds: true },
    conserved: true,
    engine: "equal",
    broken: [],
    valid: true,
  });
  t.deepEqual(
    result?.tables.map(({ table, equal, database, journal }) => [
      table,
      equal,
      database.rows,
      journal.rows,
      database.bought,
      database.notional,
    ]),
    [
      ["orders", true, 3n, 3n, 3n, 0n],
      ["trades", true, 1n, 1n, 3n, 300n],
    ],
  );
});

test("markets of several shards are valid, each by itself", async (t) => {
  const store = memoryJournal();
  await writeMarket(store, 2, 21);
  const { validate: check, damage } = await replayed(t.context.databases.primary, store, [0, 1]);
  t.deepEqual(
    (await check()).map(({ valid, conserved }) => [valid, conserved]),
    [
      [true, true],
      [true, true],
    ],
  );
  await damage("UPDATE orders SET price = price + 1 WHERE shard = 1");
  t.deepEqual(
    (await check()).map(({ valid }) => valid),
    [true, false],
  );
});

const damages: readonly { readonly what: string; readonly sql: string; readonly words: readonly string[] }[] =
  [
    {
      what: "a changed column",
      sql: "UPDATE orders SET price = 101 WHERE client_order_id = 'GOLD:1'",
      words: ["orders ann|GOLD:1 (record 1.1): price is 101, the journal says 100"],
    },
    {
      what: "a row too few",
      sql: "DELETE FROM orders WHERE client_order_id = 'GOLD:3'",
      words: ["orders bob|GOLD:3 (record 1.2) is missing in the database"],
    },
    {
      what: "a row too many",
      sql: "INSERT INTO trades SELECT shard, epoch, seq, 7, instrument, price, quantity, buy_client, buy_order_id, sell_client, sell_order_id FROM trades",
      words: ["trades 0|1|1|7 (record 1.1) is not in the journal"],
    },
    {
      what: "an overwritten text",
      sql: "UPDATE trades SET buy_client = md5(buy_client)",
      words: [
        "trades 0|1|1|2 (record 1.1): buy_client is 9f9d51bc70ef21ca5c14f307980a29d8, the journal says bob",
      ],
    },
    {
      what: "several rows, of which the first in the log is shown",
      sql: "UPDATE orders SET remaining = remaining + 1",
      words: ["orders ann|GOLD:1 (record 1.1): remaining is 3, the journal says 2"],
    },
  ];
for (const { what, sql, words: expected } of damages) {
  test(`${what} is found and shown`, async (t) => {
    const { validate: check, damage } = await small(t);
    await damage(sql);
    const results = await check();
    t.false(results[0]?.valid);
    t.deepEqual(words(results), expected);
  });
}

test("totals that are not conserved are said, and an engine that holds other orders", async (t) => {
  const { validate: check, damage, writer, state } = await small(t);
  const { epoch, seq, hash } = writer.head;
  await damage("UPDATE orders SET remaining = 4 WHERE client_order_id = 'GOLD:1'");
  const engines = [{ shard: 0, head: { epoch, seq, hash }, stateChecksum: state.checksum() }];
  const [result] = await check({ engines });
  t.like(result ?? {}, { conserved: false, engine: "different", valid: false });
});

test("an engine that stands elsewhere, or says nothing, is unknown and proves nothing", async (t) => {
  const { validate: check, state } = await small(t);
  for (const engines of [
    [],
    [{ shard: 0, head: null, stateChecksum: state.checksum() }],
    [{ shard: 0, head: { epoch: 1, seq: 1, hash: "e".repeat(64) }, stateChecksum: state.checksum() }],
  ]) {
    const [result] = await check({ engines });
    t.like(result ?? {}, { engine: "unknown", valid: true });
  }
});

test("a chain that is broken, or is not what was archived, makes nothing valid", async (t) => {
  const { validate: check, table, writer } = await small(t);
  const archive = openArchive(memoryObjects());
  const { epoch, seq } = writer.head;
  await archive.saveHead({ shard: 0, epoch, seq, hash: "f".repeat(64), ts: 1 });
  const [rewritten] = await check({ archive });
  t.deepEqual(rewritten?.chain, {
    holds: false,
    why: `shard 0, epoch 1, seq 2: the archive has the hash ${"f".repeat(64)}, the journal has ${writer.head.hash}: stop and compare with the archive`,
  });
  const first = table.log(0, 1).get(1);
  if (first?.kind !== "record") return t.fail();
  table.log(0, 1).set(1, { ...first, body: first.body.replaceAll("ann", "eve") });
  const [broken] = await check();
  t.deepEqual(broken?.chain, {
    holds: false,
    why: "shard 0, epoch 1, seq 1: the record does not hash to its hash: stop and compare with the archive",
  });
  t.false(broken?.valid);
});

test("an empty projection of an empty log is valid; a replica is refused", async (t) => {
  const { databases } = t.context;
  const { validate: check } = await replayed(databases.primary, memoryJournal(), [0]);
  t.like((await check())[0] ?? {}, { watermark: null, valid: true });
  const standby = await databases.addStandby();
  await t.throwsAsync(check({ connect: connectTo(standby, "postgres") }), {
    message: "the database is a replica: validate the writer",
  });
});
