/** Reads the projection on the writer, rows, totals and checksums in one snapshot. */
import pg from "pg";
import {
  type Checksum,
  ORDER_COLUMNS,
  type Projection,
  type Row,
  TABLES,
  type Table,
  TRADE_COLUMNS,
  type Watermark,
} from "../audit/projection.ts";

const CONNECT_MILLISECONDS = 3_000;

const COLUMNS: Readonly<Record<Table, readonly string[]>> = { orders: ORDER_COLUMNS, trades: TRADE_COLUMNS };
const TOTALS: Readonly<Record<Table, string>> = { orders: "remaining", trades: "quantity" };
const NUMBERS = new Set(["shard", "price", "quantity", "remaining", "epoch", "seq"]);

const columns = (table: Table): string => COLUMNS[table].map((column) => `"${column}"`).join(", ");

/** The server's own arithmetic, so that what is compared is what is stored, not what a driver made of it. */
const checksumQuery = (table: Table): string => `
  SELECT shard, count(*)::text AS rows, coalesce(sum("${TOTALS[table]}"), 0)::text AS total,
    encode(sha256(convert_to(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), 'UTF8')), 'hex') AS digest
  FROM (SELECT *, concat_ws('|', ${columns(table)}) AS line FROM ${table}) AS lines
  GROUP BY shard`;

/** A shard of which nothing was applied yet stands at 0. */
const WATERMARKS = "SELECT shard, epoch, seq, hash FROM watermark WHERE seq > 0";

type Numbered = Record<string, string | number>;

export async function readProjection(connectionString: string): Promise<Projection> {
  return await connected(connectionString, readProjectionOf);
}

/** All in one snapshot. */
export async function readProjectionOf(client: pg.Client): Promise<Projection> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const watermarks = await client.query<Numbered>(WATERMARKS);
  const orders = await client.query<Numbered>(`SELECT ${columns("orders")} FROM orders`);
  const checksums: Record<Table, Record<number, Checksum>> = { orders: {}, trades: {} };
  for (const table of TABLES) {
    const { rows } = await client.query<Numbered>(checksumQuery(table));
    for (const { shard, rows: count, total, digest } of rows) {
      checksums[table][Number(shard)] = {
        rows: Number(count),
        total: Number(total),
        digest: String(digest),
      };
    }
  }
  await client.query("COMMIT");
  return {
    watermarks: watermarks.rows.map(markOf),
    orders: orders.rows.map((row): Row => ORDER_COLUMNS.map((column) => columnValue(column, row[column]))),
    checksums,
  };
}

export async function readWatermarks(connectionString: string): Promise<readonly Watermark[]> {
  return await connected(connectionString, async (client) => {
    const { rows } = await client.query<Numbered>(WATERMARKS);
    return rows.map(markOf);
  });
}

/** False: a replica, or not there. */
export async function isWritable(connectionString: string): Promise<boolean> {
  return await connected(connectionString, async (client) => !(await inRecovery(client))).catch(() => false);
}

/** Watermarks of a database that is still a replica; undefined: it is none, or not there. */
export async function readReplica(connectionString: string): Promise<readonly Watermark[] | undefined> {
  return await connected(connectionString, async (client) => {
    const { rows } = await client.query<Numbered>(WATERMARKS);
    // Asked afterwards: what was read of a replica was read before the promotion.
    return (await inRecovery(client)) ? rows.map(markOf) : undefined;
  }).catch(() => undefined);
}

async function inRecovery(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ replica: boolean }>("SELECT pg_is_in_recovery() AS replica");
  return rows[0]?.replica !== false;
}

const markOf = ({ shard, epoch, seq, hash }: Numbered): Watermark => ({
  shard: Number(shard),
  epoch: Number(epoch),
  seq: Number(seq),
  hash: String(hash),
});

/** `bigint` comes as text. */
const columnValue = (column: string, value: string | number | undefined): string | number =>
  NUMBERS.has(column) ? Number(value) : String(value);

async function connected<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_MILLISECONDS });
  // A connection that breaks rejects the query under way; without a listener it would also end the process.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
