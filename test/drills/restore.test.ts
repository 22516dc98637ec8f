/**
 * Wrong rows in the database: halted, restored to the second before, replayed, and served again, by the operator's own
 * commands on real PostgreSQL. The journal is whole, so that nothing acknowledged is lost. Then bad events in the journal:
 * the same with a cut, which takes those and no others, from engines, checkpoints and rows.
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

test("wrong rows, then bad events: halted, restored to the second before, cut to the event, replayed, resumed; the damaged databases are kept and previews clean", async (t) => {
  t.timeout(8 * 60_000);
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

  const restore = (to: string, ...args: readonly string[]) =>
    place.script("dr.sh", "restore", "--restore-to", to, "--yes", "--confirm-region", EAST, ...args);
  const early = await restore(before);
  t.is(early.code, new RefusedError("").exitCode);
  t.regex(
    early.stderr,
    /writes are accepted in us-east-1 \(shard 0, 1\): halt it first with toggle-maintenance.sh --enable. Nothing was changed\n/,
  );
  t.is((await place.toggle("--enable", "--reason", "prices are tenfold")).code, 0);
  const restored = await restore(before);
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

  // Now the events themselves are bad, the engines' checkpoints with them.
  await sleep(2_500);
  const cut = new Date().toISOString();
  const poisoned = [...known.values()].flatMap((name) => [`${name}:bad1`, `${name}:bad2`]);
  for (const id of poisoned) t.is((await send(prod, id, { price: 1 })).status, 201);
  t.is((await place.toggle("--enable")).code, 0);
  const shown = await place.script("dr.sh", "restore", "--restore-to", cut, "--cut", cut, "--dry-run");
  t.regex(
    shown.stderr,
    /shard 0: stays up to epoch \d+, seq \d+; 2 event\(s\) go, the first at epoch \d+, seq \d+, index 0, /,
  );
  const done = await restore(cut, "--cut", cut);
  t.is(done.code, 0, done.stderr);
  t.regex(
    done.stderr,
    /cut .* 2 shard\(s\) cut, 4 event\(s\) are no longer log, [1-9]\d* checkpoint\(s\) behind it marked/,
  );
  t.is((await place.toggle("--disable")).code, 0);
  const last = await place.outputs("prod");
  t.is(last.databaseClusterId, "exchange-us-east-1-r2");
  const stays = (await sql<{ client_order_id: string }>(last.databaseEndpoint, ROWS)).map(
    (row) => row.client_order_id,
  );
  t.deepEqual(
    stays.filter((id) => poisoned.includes(id)),
    [],
  );
  t.true([...ids, ...late].every((id) => stays.includes(id)));
  // They never were: the same ids may be used again.
  for (const id of poisoned) t.is((await send(prod, id)).status, 201);
  t.is((await place.script("dr.sh", "reconcile")).code, 0);
});
