/**
 * Wrong rows in the database: halted, restored to the second before, replayed, and served again, by the operator's own
 * commands on real PostgreSQL. The journal is whole, so that nothing acknowledged is lost.
 */
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import pg from "pg";
import { RefusedError } from "../../automation/errors.ts";
import { EAST, instruments, Place, send } from "./place.ts";

async function sql<T>(host: string, text: string): Promise<readonly T[]> {
  const client = new pg.Client({
    host,
    user: "postgres",
    database: "exchange",
    connectionTimeoutMillis: 3_000,
  });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows as T[];
  } finally {
    await client.end();
  }
}
const ROWS = "SELECT client_order_id, price, remaining, status FROM orders ORDER BY client_order_id";

test("wrong rows: halted, restored to the second before, replayed, resumed; the damaged database is kept and the preview clean", async (t) => {
  const place = await Place.open(t);
  const prod = await place.outputs("prod");
  const known = await instruments(prod);
  const ids = [...known.values()].flatMap((name) => [2, 3, 4].map((n) => `${name}:${n}`));
  for (const id of ids) t.is((await send(prod, id)).status, 201);
  await sleep(2_500);
  const before = new Date().toISOString();
  await sleep(1_500);
  await sql(prod.databaseEndpoint, "UPDATE orders SET price = price * 10");
  const late = [...known.values()].map((name) => `${name}:late`);
  for (const id of late) t.is((await send(prod, id)).status, 201);

  const restore = (...args: readonly string[]) =>
    place.script("dr.sh", "restore", "--restore-to", before, "--yes", "--confirm-region", EAST, ...args);
  const early = await restore();
  t.is(early.code, new RefusedError("").exitCode);
  t.regex(
    early.stderr,
    /writes are accepted in us-east-1 \(shard 0, 1\): halt it first with toggle-maintenance.sh --enable. Nothing was changed\n/,
  );
  t.is((await place.toggle("--enable", "--reason", "prices are tenfold")).code, 0);
  const restored = await restore();
  t.is(restored.code, 0, restored.stderr);

  const after = await place.outputs("prod");
  t.is(after.databaseClusterId, "exchange-us-east-1-r1");
  t.not(after.databaseEndpoint, prod.databaseEndpoint);
  const rows = await sql<{ client_order_id: string; price: number }>(after.databaseEndpoint, ROWS);
  t.true(
    [...ids, ...late].every((id) => rows.some((row) => row.client_order_id === id && row.price === 100)),
  );
  await t.throwsAsync(sql(prod.databaseEndpoint, ROWS), undefined, "the damaged one's old address");
  const clean = await place.script("dr.sh", "reconcile", "--stack", "prod");
  t.is(clean.stderr, "prod: role active is deployed and a preview is clean\n");

  t.is((await place.toggle("--disable")).code, 0);
  for (const name of known.values()) t.is((await send(prod, `${name}:after`)).status, 201);
  const again = await restore();
  t.regex(again.stderr, /writes are accepted/);
});
