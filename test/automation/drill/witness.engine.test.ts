/** The judge's witnesses against what they read in a drill: the journal's own writer, the projector's own tables. */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import test from "ava";
import pg from "pg";
import { differences } from "../../../automation/drill/audit/projection.ts";
import { secondFold } from "../../../automation/drill/audit/second-fold.ts";
import { validLog } from "../../../automation/drill/audit/valid-log.ts";
import { askOrders, isActive } from "../../../automation/drill/witness/api.ts";
import { readJournalTable } from "../../../automation/drill/witness/journal-table.ts";
import {
  isWritable,
  readProjection,
  readReplica,
  readWatermarks,
} from "../../../automation/drill/witness/projection-query.ts";
import { fence, openDynamoJournal, openWriter, readValid, type ValidRecord } from "../../../journal/index.ts";
import { Projection } from "../../../replay/index.ts";
import { findBinaries } from "../../../sandbox/aurora/binaries.ts";
import { Postgres } from "../../../sandbox/aurora/postgres.ts";
import { Processes } from "../../../sandbox/processes.ts";
import { APPLICATION } from "../../../workload/projector/application.ts";
import { Shard } from "./history.ts";

const dynalite = createRequire(import.meta.url)("dynalite") as (options: { createTableMs: number }) => Server;
const PRIMARY = "us-east-1" as const;
const SECONDARY = "us-west-2" as const;
const TABLE = "exchange-journal";
const credentials = { accessKeyId: "test", secretAccessKey: "test" };

let server: Server;
let client: DynamoDBClient;
let postgres: Postgres;
let processes: Processes;
let directory: string;
let database: string;

const listen = async (listener: Server): Promise<number> => {
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return (listener.address() as AddressInfo).port;
};
const source = () => {
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, credentials, region: SECONDARY, table: TABLE };
};

test.before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "witness-"));
  server = dynalite({ createTableMs: 0 });
  client = new DynamoDBClient({
    ...{ endpoint: `http://127.0.0.1:${await listen(server)}`, region: PRIMARY, credentials },
  });
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "N" },
      ],
    }),
  );
  processes = new Processes(path.join(directory, "ledger"));
  // As root, PostgreSQL runs as another user, who must get through.
  await chmod(directory, 0o755);
  const port = await freePort();
  const address = { host: "127.0.0.1", port };
  const name = "witness";
  postgres = new Postgres({
    ...{
      binaries: await findBinaries(),
      processes,
      directory: path.join(directory, "cluster"),
      address,
      name,
    },
  });
  await postgres.initialise();
  database = `postgresql://postgres@127.0.0.1:${port}/postgres?sslmode=disable`;
});

test.after.always(async () => {
  await postgres?.discard();
  await processes?.close();
  client?.destroy();
  server?.close();
  if (directory) await rm(directory, { recursive: true });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listen(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Bodies of a small market, as the model of `history.ts` makes them. */
function bodies(shard: number): { readonly body: string; readonly events: number }[] {
  const model = new Shard(shard);
  const buy = { client: "client-1", side: "buy" as const, price: 100, quantity: 5 };
  model.place({ ...buy, id: "AAA:1" }, "AAA");
  model.place({ ...buy, id: "AAA:2" }, "AAA");
  model.place({ client: "client-2", id: "AAA:3", side: "sell", price: 99, quantity: 7 }, "AAA");
  model.cancel("client-1", "AAA:2");
  model.place({ client: "client-3", id: "AAA:4", side: "sell", price: 120, quantity: 1 }, "AAA");
  return model.items.flatMap((item) =>
    item.kind === "record" ? [{ body: item.body.replaceAll("AAA", `S${shard}`), events: item.events }] : [],
  );
}

async function writeJournal(shards: number): Promise<void> {
  const store = openDynamoJournal({ client, table: TABLE, primary: PRIMARY });
  for (let shard = 0; shard < shards; shard++) {
    const all = bodies(shard);
    const old = await openWriter({ store, shard, region: PRIMARY, writer: `old-${shard}` });
    for (const { body, events } of all.slice(0, 3)) await old.append(body, events);
    await fence(store, shard, { region: SECONDARY, generation: 1, reason: "failover", sealer: "run" });
    const next = await openWriter({ store, shard, region: SECONDARY, writer: `new-${shard}` });
    for (const { body, events } of all.slice(3)) await next.append(body, events);
    next.close();
  }
}

test.serial("what the journal's own writer and fence stored is a sound log to the judge", async (t) => {
  await writeJournal(2);
  const items = await readJournalTable(source());
  for (const shard of [0, 1]) {
    const log = validLog(items, shard, PRIMARY);
    t.deepEqual(log.broken, []);
    t.deepEqual([log.gapsAtSeal, log.orphans, log.records.length], [0, 0, 5]);
    t.deepEqual(
      log.seals.map(({ reason, region }) => `${reason} ${region}`),
      ["start us-east-1", "failover us-west-2", "start us-west-2"],
    );
    const folded = secondFold(log);
    t.deepEqual(folded.broken, []);
    t.deepEqual(
      [...folded.orders.values()].map(({ status, remaining }) => `${status} ${remaining}`),
      ["filled 0", "cancelled 3", "filled 0", "open 1"],
    );
  }
});

test.serial("what the projector's own code made of it is equal, by row, total and checksum", async (t) => {
  const connection = new pg.Client(database);
  await connection.connect();
  const projection = new Projection(connection, APPLICATION);
  await projection.createSchema();
  t.deepEqual(await readWatermarks(database), []);
  const store = openDynamoJournal({ client, table: TABLE, primary: PRIMARY });
  for (const shard of [0, 1]) {
    t.is(await projection.watermark(shard), undefined);
    const records: ValidRecord[] = [];
    for await (const record of readValid(store, shard)) records.push(record);
    const [first, ...rest] = records;
    if (first) await projection.apply(shard, undefined, await projection.prepare([first, ...rest]));
  }
  await connection.end();

  const items = await readJournalTable(source());
  const logs = [0, 1].map((shard) => validLog(items, shard, PRIMARY));
  const read = await readProjection(database);
  t.is(read.orders.length, 8);
  t.deepEqual(differences(read, logs), []);
  t.deepEqual(await readWatermarks(database), read.watermarks);
});

for (const [what, sql] of [
  ["a row too few", "DELETE FROM orders WHERE client_order_id = 'S0:4'"],
  ["a row changed", "UPDATE orders SET remaining = remaining - 1 WHERE client_order_id = 'S0:4'"],
  [
    "a trade twice",
    "INSERT INTO trades SELECT shard, epoch, seq, index + 90, instrument, price, quantity, buy_client, buy_order_id, sell_client, sell_order_id FROM trades WHERE shard = 0",
  ],
] as const) {
  test.serial(`${what} in the database is seen, in its table and shard`, async (t) => {
    const logs = validLogs(await readJournalTable(source()));
    const connection = new pg.Client(database);
    await connection.connect();
    t.teardown(() => connection.end());
    const [table] = sql.includes("trades") ? ["trades"] : ["orders"];
    await connection.query(`CREATE TABLE kept AS SELECT * FROM ${table}`);
    await connection.query(sql);
    const found = differences(await readProjection(database), logs);
    await connection.query(`TRUNCATE ${table}; INSERT INTO ${table} SELECT * FROM kept; DROP TABLE kept`);
    t.is(found.length, 1);
    t.true(found[0]?.startsWith(`${table} of shard 0: `), found[0]);
    t.deepEqual(differences(await readProjection(database), logs), []);
  });
}

const validLogs = (items: Awaited<ReturnType<typeof readJournalTable>>) =>
  [0, 1].map((shard) => validLog(items, shard, PRIMARY));

test.serial("a database that takes writes is told from a replica and from none", async (t) => {
  t.true(await isWritable(database));
  t.is(await readReplica(database), undefined);
  const nowhere = "postgresql://postgres@127.0.0.1:1/postgres";
  t.false(await isWritable(nowhere));
  t.is(await readReplica(nowhere), undefined);
});

test("orders are asked for until the API has a word on them; no answer is told as such", async (t) => {
  const ack = { shard: 0, epoch: 1, seq: 1, hash: "00" };
  const tries = new Map<string, number>();
  const api = createServer((request, response) => {
    const url = request.url ?? "";
    const count = (tries.get(url) ?? 0) + 1;
    tries.set(url, count);
    if (url === "/active") return response.writeHead(200).end();
    if (url.includes("absent")) return response.writeHead(404).end();
    if (url.includes("never") || (url.includes("later") && count < 3)) return response.writeHead(503).end();
    return response.end(JSON.stringify({ status: "open", remaining: 2, ack, region: SECONDARY }));
  });
  const port = await listen(api);
  t.teardown(() => api.close());
  const where = { addresses: ["127.0.0.1"], port, publicName: "exchange.example.com" };
  const wanted = ["there", "absent", "later", "never"].map((id) => ({
    client: "c",
    clientOrderId: `A:${id}`,
  }));
  const open = { status: 200, ack, state: { status: "open", remaining: 2 } };
  t.deepEqual(Object.fromEntries(await askOrders(where, wanted, 10_000)), {
    "c\nA:there": open,
    "c\nA:absent": { status: 404 },
    "c\nA:later": open,
    "c\nA:never": { status: 503 },
  });
  t.is((await askOrders(where, wanted, -1)).size, 0);
  t.true(await isActive(where));
  t.false(await isActive({ ...where, port: 1 }));
});
