/**
 * Wrong rows in the database: halted, restored to the second before, replayed, and served again, by the operator's own
 * commands on real PostgreSQL. The journal is whole, so that nothing acknowledged is lost. Then bad events in the journal:
 * the same with a cut, which takes those and no others, from engines, checkpoints and rows; and no restart, failover or
 * replay ever brings them back.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { DeleteObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import test from "ava";
import pg from "pg";
import { orderKey } from "../../automation/drill/audit/second-fold.ts";
import { askOrders } from "../../automation/drill/witness/api.ts";
import { RefusedError } from "../../automation/errors.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import { EAST, instruments, Place, send } from "./place.ts";

async function sql<T>(host: string, text: string, database = "exchange"): Promise<readonly T[]> {
  const client = new pg.Client({
    ...{ host, database, user: "postgres" },
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

test("wrong rows, then bad events: halted, restored to the second before, cut to the event, replayed, resumed; the damaged databases are kept, previews clean, and nothing brings a cut event back", async (t) => {
  t.timeout(10 * 60_000);
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
  t.regex(
    done.stderr,
    /4 command\(s\) acknowledged after the cut are in .*quarantine\.ndjson: dr quarantine resubmit/,
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
  t.is((await place.script("dr.sh", "reconcile")).code, 0);

  // Nothing brings them back: not a replay from the beginning, …
  const none = new Map(poisoned.map((id) => [id, 404]));
  t.deepEqual(await statuses(last, poisoned), none);
  await sql(last.databaseEndpoint, "CREATE DATABASE scratch");
  const scratch = `postgres://postgres@${last.databaseEndpoint}:5432/scratch`;
  const replayed = await place.script("dr.sh", "replay", "--database", scratch);
  t.is(replayed.code, 0, replayed.stderr);
  t.deepEqual(await sql(last.databaseEndpoint, ROWS, "scratch"), await sql(last.databaseEndpoint, ROWS));

  // … not engines that start again, from a checkpoint that is older than the cut, …
  await forgetCheckpoints(place, last);
  const engines = () =>
    place.sandbox.cluster(EAST).pods.all.filter(({ birth }) => birth.name.startsWith("engine-"));
  for (const engine of engines()) engine.delete();
  await until(async () => (await statuses(last, ids)).values().every((status) => status === 200));
  t.deepEqual(await statuses(last, poisoned), none);

  // … not another region that takes over. There they never were, either: the same ids may be used again.
  await place.sandbox.loseRegion(EAST, "kill");
  const failover = ["--target", "us-west-2", "--yes", "--confirm-target", "us-west-2"];
  await place.script("failover-region.sh", ...failover);
  const west = await place.outputs("dr");
  t.is(west.role, "active");
  await until(async () => (await statuses(west, ids)).values().every((status) => status === 200));
  t.deepEqual(await statuses(west, poisoned), none);
  for (const id of poisoned) t.is((await send(west, id)).status, 201);
});

/** What the region's API answers of each order. */
async function statuses(
  { elasticIps: addresses, listenerPort: port, publicName }: StackOutputs,
  ids: readonly string[],
): Promise<Map<string, number | null>> {
  const orders = ids.map((clientOrderId) => ({ client: "ann", clientOrderId }));
  const answers = await askOrders({ addresses, port, publicName }, orders, 30_000);
  return new Map(ids.map((id) => [id, answers.get(orderKey("ann", id))?.status ?? null]));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 60 && !(await holds()); looks++) await sleep(1_000);
}

/** All but the oldest of each shard. */
async function forgetCheckpoints(place: Place, { region, checkpointBucket: Bucket, shards }: StackOutputs) {
  const { AWS_ENDPOINT_URL: endpoint = "" } = place.environment;
  const credentials = { accessKeyId: "sandbox", secretAccessKey: "sandbox" };
  const s3 = new S3Client({ region, endpoint, credentials, forcePathStyle: true });
  for (let shard = 0; shard < shards; shard++) {
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: `checkpoints/${shard}/` }),
    );
    for (const { Key } of Contents.slice(0, -1)) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  }
  s3.destroy();
}
