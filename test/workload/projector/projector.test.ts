/** The projector on a real PostgreSQL that is promoted, killed, frozen and shared. */
import { setTimeout as sleep } from "node:timers/promises";
import anyTest, { type ExecutionContext, type TestFn } from "ava";
import fc from "fast-check";
import { fence, type JournalStore } from "../../../journal/index.ts";
import { Projection } from "../../../replay/index.ts";
import { type Postgres, SUPERUSER } from "../../../sandbox/aurora/postgres.ts";
import type { Command } from "../../../workload/engine/events.ts";
import { APPLICATION } from "../../../workload/projector/application.ts";
import { type ConnectionSettings, connect } from "../../../workload/projector/connection.ts";
import { Projector } from "../../../workload/projector/projector.ts";
import { READER_ROLE } from "../../../workload/projector/schema.ts";
import { memoryJournal } from "../../journal/memory.ts";
import { commands } from "../engine/arbitrary.ts";
import { place } from "../engine/run.ts";
import { type Databases, linesOf, linesOfState, openDatabases, openShard, settingsOf } from "./database.ts";

const test = anyTest.serial as TestFn<{ databases: Databases }>;

test.before(async (t) => {
  t.context.databases = await openDatabases();
});
test.after.always(async (t) => {
  await t.context.databases?.close();
});

let databases = 0;
async function createDatabase(server: Postgres): Promise<string> {
  const name = `exchange_${databases++}`;
  await server.query(`CREATE DATABASE ${name}`);
  return name;
}

const LIMITS = { connectMs: 1000, statementMs: 800, queryMs: 1000 };

interface Started {
  readonly projector: Projector;
  readonly events: string[];
  readonly stop: () => Promise<void>;
}

function start(
  t: ExecutionContext,
  store: JournalStore,
  server: Postgres,
  database: string,
  shards = 1,
): Started {
  const events: string[] = [];
  const projector = new Projector({
    store,
    shards,
    connect: () => connect(settingsOf(server, database), LIMITS),
    log: (event) => events.push(event),
  });
  const stop = new AbortController();
  const ended = projector.run(stop.signal);
  const end = () => {
    stop.abort();
    return ended;
  };
  t.teardown(end);
  return { projector, events, stop: end };
}

async function until(
  t: ExecutionContext,
  what: string,
  holds: () => boolean,
  withinMs = 20_000,
): Promise<void> {
  for (const end = Date.now() + withinMs; !holds(); ) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
  t.log(what);
}

const appliedTo = ({ projector }: Started, shard: number): number =>
  projector.status().watermarks.find((mark) => mark.shard === shard)?.seq ?? 0;

const market = (seed: number): readonly Command[] => fc.sample(commands, { numRuns: 5, seed }).flat();

test("every shard's log becomes the rows of its state, trades included, with the watermark at its end", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const shards = [await openShard(store, 0), await openShard(store, 1)];
  const ours = (commands: readonly Command[], shard: number): readonly Command[] =>
    commands.map((command) =>
      "client" in command ? { ...command, client: `${command.client}${shard}` } : command,
    );
  for (const [shard, { send }] of shards.entries()) await send(ours(market(shard), shard));
  const started = start(t, store, primary, database, 2);
  for (const [shard, { send }] of shards.entries()) await send(ours(market(shard + 10), shard));
  for (const [shard, { writer, state }] of shards.entries()) {
    await until(t, `shard ${shard} caught up`, () => appliedTo(started, shard) === writer.head.seq);
    t.true(state.size > 20);
    t.deepEqual(await linesOf(primary, database, shard), linesOfState(state));
  }
  t.true(started.projector.status().writable);
  await primary.session(async (client) => {
    const { rows } = await client.query(
      `SELECT sum(t.quantity)::int AS bought, (SELECT sum(quantity - remaining)::int FROM orders WHERE side = 'buy') AS filled
       FROM trades t`,
    );
    t.true(rows[0].bought > 0);
    t.is(rows[0].bought, rows[0].filled);
  }, database);
});

test("a projector that starts again goes on behind its watermark: nothing twice, nothing left out", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { writer, state, send } = await openShard(store, 0);
  await send(market(1));
  const first = start(t, store, primary, database);
  await until(t, "first caught up", () => appliedTo(first, 0) === writer.head.seq);
  await first.stop();
  await send(market(2));
  const second = start(t, store, primary, database);
  await until(t, "second caught up", () => appliedTo(second, 0) === writer.head.seq);
  t.deepEqual(await linesOf(primary, database, 0), linesOfState(state));
  t.is(second.projector.status().rebuilds, 0);
});

test("a watermark that somebody else moved stops its shard, says so, and leaves the others going", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const [zero, one] = [await openShard(store, 0), await openShard(store, 1)];
  await zero.send([place("GOLD:1", "buy", 100, 1)]);
  const started = start(t, store, primary, database, 2);
  await until(t, "applied", () => appliedTo(started, 0) === zero.writer.head.seq);
  await primary.session(
    (client) => client.query("UPDATE watermark SET hash = 'other' WHERE shard = 0"),
    database,
  );
  await zero.send([place("GOLD:2", "buy", 100, 1)]);
  await until(t, "stopped", () => started.projector.status().stopped.length === 1);
  t.like(started.projector.status().stopped[0] ?? {}, {
    shard: 0,
    reason: `WatermarkMovedError: watermark of shard 0 is no longer at 1.${zero.writer.head.seq - 1}: another projector is at work`,
  });
  t.is((await linesOf(primary, database, 0)).length, 1, "the rows of the refused batch are not there");
  await one.send([place("IRON:1", "buy", 100, 1)]);
  await until(t, "the other shard goes on", () => appliedTo(started, 1) === one.writer.head.seq);
});

test("rows that contradict the log stop their shard, and say so", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { writer, send } = await openShard(store, 0);
  await send([place("GOLD:1", "buy", 100, 1)]);
  const started = start(t, store, primary, database);
  await until(t, "applied", () => appliedTo(started, 0) === writer.head.seq);
  await primary.session(
    (client) => client.query("UPDATE orders SET client_order_id = 'GOLD:2' WHERE client_order_id = 'GOLD:1'"),
    database,
  );
  await send([place("GOLD:2", "buy", 100, 1)]);
  await until(t, "stopped", () => started.projector.status().stopped.length === 1);
  t.regex(
    started.projector.status().stopped[0]?.reason ?? "",
    /^ProjectionError: the rows contradict the log: error: duplicate key value violates unique constraint/,
  );
});

test("a session that falls silent is ended by the server, and its lock is free again", async (t) => {
  const { primary } = t.context.databases;
  const settings = settingsOf(primary, await createDatabase(primary));
  const silent = await connect(settings, LIMITS);
  t.teardown(silent.close);
  t.true(await new Projection(silent.client, APPLICATION).lock("alone"));
  const waiting = await connect(settings, LIMITS);
  t.teardown(waiting.close);
  const projection = new Projection(waiting.client, APPLICATION);
  t.false(await projection.lock("alone"));
  await until(t, "the silent session is lost", () => {
    projection.writable().catch(() => {});
    return silent.lost.aborted;
  });
  t.true(await projection.lock("alone"));
});

test("a second projector waits for the first, and takes over when it ends", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { writer, state, send } = await openShard(store, 0);
  const first = start(t, store, primary, database);
  await until(t, "first works", () => first.projector.status().writable);
  const second = start(t, store, primary, database);
  await send(market(3));
  await until(t, "first caught up", () => appliedTo(first, 0) === writer.head.seq);
  t.false(second.projector.status().writable);
  await first.stop();
  await send(market(4));
  await until(t, "second caught up", () => appliedTo(second, 0) === writer.head.seq);
  t.deepEqual(await linesOf(primary, database, 0), linesOfState(state));
});

test("a connection cut in the middle is replaced, and each record is applied once", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { writer, state, send } = await openShard(store, 0);
  const started = start(t, store, primary, database);
  await until(t, "works", () => started.projector.status().writable);
  for (let n = 0; n < 5; n++) {
    await send(market(20 + n));
    await primary.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'projector' AND datname = $1",
      [database],
    );
  }
  await until(t, "caught up", () => appliedTo(started, 0) === writer.head.seq);
  t.deepEqual(await linesOf(primary, database, 0), linesOfState(state));
  t.true(started.events.includes("database-lost"));
});

test("a frozen database is noticed within its limits and taken up again when it thaws", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { writer, state, send } = await openShard(store, 0);
  const started = start(t, store, primary, database);
  await until(t, "works", () => started.projector.status().writable);
  primary.freeze();
  await send(market(5));
  await until(t, "noticed", () => !started.projector.status().writable, 10_000);
  primary.thaw();
  await until(t, "caught up", () => appliedTo(started, 0) === writer.head.seq);
  t.deepEqual(await linesOf(primary, database, 0), linesOfState(state));
});

test("a projection whose watermark is not in the valid log is built again from the beginning", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { writer, send } = await openShard(store, 0);
  await send([place("GOLD:1", "buy", 100, 1)]);
  const kept = writer.head;
  await send([place("GOLD:2", "buy", 100, 1)]);
  const first = start(t, store, primary, database);
  await until(t, "applied", () => appliedTo(first, 0) === writer.head.seq);
  await first.stop();
  await fence(store, 0, {
    region: "us-east-1",
    generation: 0,
    reason: "cut",
    sealer: "run-1",
    cut: { epoch: kept.epoch, seq: kept.seq, index: null },
  });
  const second = start(t, store, primary, database);
  await until(
    t,
    "rebuilt",
    () => second.projector.status().rebuilds === 1 && appliedTo(second, 0) === kept.seq,
  );
  t.deepEqual(
    (await linesOf(primary, database, 0)).map((line) => line.split("|")[1]),
    ["GOLD:1"],
  );
});

test("a cut under a running projector is noticed by itself", async (t) => {
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const store = memoryJournal();
  const { writer, send } = await openShard(store, 0);
  await send([place("GOLD:1", "sell", 100, 1)]);
  const kept = writer.head;
  await send([place("GOLD:2", "buy", 100, 1, "bob")]);
  const started = start(t, store, primary, database);
  await until(t, "applied", () => appliedTo(started, 0) === writer.head.seq);
  await fence(store, 0, {
    region: "us-east-1",
    generation: 0,
    reason: "cut",
    sealer: "run-1",
    cut: { epoch: kept.epoch, seq: kept.seq + 1, index: 1 },
  });
  await until(
    t,
    "rebuilt",
    () => started.projector.status().rebuilds === 1 && appliedTo(started, 0) === kept.seq + 1,
  );
  t.deepEqual(
    (await linesOf(primary, database, 0)).map((line) => line.split("|")[7]),
    ["open", "open"],
    "placed, and the trade is cut off",
  );
  await started.stop();
  const again = start(t, store, primary, database);
  await until(t, "up again", () => appliedTo(again, 0) === kept.seq + 1);
  t.is(again.projector.status().rebuilds, 0, "it remembers that the record counts in part");
});

test("a read-only database is waited for: work begins when it is promoted, without a restart", async (t) => {
  const { databases } = t.context;
  const database = await createDatabase(databases.primary);
  const standby = await databases.addStandby();
  const store = memoryJournal();
  const { writer, state, send } = await openShard(store, 0);
  await send(market(6));
  const started = start(t, store, standby, database);
  await sleep(500);
  t.false(started.projector.status().writable);
  t.deepEqual(started.projector.status().watermarks, []);
  await standby.promote();
  await until(t, "caught up", () => appliedTo(started, 0) === writer.head.seq);
  t.deepEqual(await linesOf(standby, database, 0), linesOfState(state));
});

test("a user who is not there yet is made by the owner, may do no more than project, and then needs no owner", async (t) => {
  const { primary } = t.context.databases;
  const settings = settingsOf(primary, await createDatabase(primary));
  const as = (user: string, owner: ConnectionSettings["database"]["owner"]): ConnectionSettings => ({
    ...settings,
    database: { ...settings.database, user, owner },
  });
  await t.throwsAsync(connect(as("newcomer", null), LIMITS), { message: 'role "newcomer" does not exist' });
  (await connect(as("newcomer", { user: SUPERUSER, password: "any" }), LIMITS)).close();
  const { client, close } = await connect(as("newcomer", null), LIMITS);
  t.teardown(close);
  await new Projection(client, APPLICATION).createSchema();
  const { rows } = await client.query(
    "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user",
  );
  t.deepEqual(rows, [{ rolsuper: false, rolcreaterole: false, rolcreatedb: false }]);
  const readable = await client.query(
    `SELECT has_table_privilege('${READER_ROLE}', 'orders', 'SELECT') AS may_read,
            has_table_privilege('${READER_ROLE}', 'orders', 'UPDATE') AS may_write`,
  );
  t.deepEqual(readable.rows, [{ may_read: true, may_write: false }]);
});
