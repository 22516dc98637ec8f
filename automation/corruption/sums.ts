/**
 * What a table's part of one shard comes to, bucket by bucket: a sum over the rows' hashes does not depend on their
 * order, so that both sides add up as they go and neither holds the rows. A bucket that differs says where to look.
 */
import { hash } from "node:crypto";
import { ORDER_COLUMNS, type Row, TABLES, type Table, TRADE_COLUMNS } from "../drill/audit/projection.ts";

export const COLUMNS: Readonly<Record<Table, readonly string[]>> = {
  orders: ORDER_COLUMNS,
  trades: TRADE_COLUMNS,
};
export const KEYS: Readonly<Record<Table, readonly string[]>> = {
  orders: ["client", "client_order_id"],
  trades: ["shard", "epoch", "seq", "index"],
};
/** Few enough that one's rows fit in memory when they are compared: a 256th of the table. */
export const BUCKETS = 256;

export interface Sums {
  rows: bigint;
  /** Executed quantity of the buy orders, or of the trades. */
  bought: bigint;
  sold: bigint;
  /** Price × quantity of the trades. */
  notional: bigint;
  /** Two halves of 64 bits of the rows' SHA-256, as signed numbers. */
  high: bigint;
  low: bigint;
}

export const NOTHING: Readonly<Sums> = { rows: 0n, bought: 0n, sold: 0n, notional: 0n, high: 0n, low: 0n };

export const sameSums = (a: Readonly<Sums>, b: Readonly<Sums>): boolean =>
  a.rows === b.rows && a.high === b.high && a.low === b.low;

export function addTo(sums: Sums, more: Readonly<Sums>): void {
  sums.rows += more.rows;
  sums.bought += more.bought;
  sums.sold += more.sold;
  sums.notional += more.notional;
  sums.high += more.high;
  sums.low += more.low;
}

export const total = (buckets: Iterable<Readonly<Sums>>): Sums => {
  const all = { ...NOTHING };
  for (const bucket of buckets) addTo(all, bucket);
  return all;
};

const sha256 = (text: string): Buffer => hash("sha256", text, "buffer");

export const keyOf = (table: Table, row: Row): string =>
  KEYS[table].map((column) => row[COLUMNS[table].indexOf(column)]).join("|");
export const bucketOf = (table: Table, row: Row): number => sha256(keyOf(table, row))[0] ?? 0;

export function sumsOf(table: Table, row: Row): Sums {
  const digest = sha256(row.join("|"));
  const number = (column: string) => Number(row[COLUMNS[table].indexOf(column)]);
  const parts = { rows: 1n, high: digest.readBigInt64BE(0), low: digest.readBigInt64BE(8) };
  const quantity = BigInt(number("quantity"));
  if (table === "trades") {
    return { ...parts, bought: quantity, sold: quantity, notional: quantity * BigInt(number("price")) };
  }
  const executed = quantity - BigInt(number("remaining"));
  const isBuy = row[ORDER_COLUMNS.indexOf("side")] === "buy";
  return { ...parts, bought: isBuy ? executed : 0n, sold: isBuy ? 0n : executed, notional: 0n };
}

const quoted = (columns: readonly string[]): string => columns.map((column) => `"${column}"`).join(", ");
const TOTALS: Readonly<Record<Table, string>> = {
  orders: `coalesce(sum(quantity::bigint - remaining) FILTER (WHERE side = 'buy'), 0) AS bought,
    coalesce(sum(quantity::bigint - remaining) FILTER (WHERE side = 'sell'), 0) AS sold, 0 AS notional`,
  trades: `coalesce(sum(quantity::bigint), 0) AS bought, coalesce(sum(quantity::bigint), 0) AS sold,
    coalesce(sum(price::numeric * quantity), 0) AS notional`,
};

const bucketSql = (table: Table): string =>
  `get_byte(sha256(convert_to(concat_ws('|', ${quoted(KEYS[table])}), 'UTF8')), 0)`;
const half = (from: number): string =>
  `sum(('x' || substr(digest, ${from}, 16))::bit(64)::bigint::numeric)::text`;

/** The same sums by the server's own arithmetic, so that what is compared is what is stored. $1: the shards. */
export const sumsQuery = (table: Table): string => `
  SELECT shard, bucket, count(*)::text AS rows, ${half(1)} AS high, ${half(17)} AS low, ${TOTALS[table]}
  FROM (
    SELECT *, ${bucketSql(table)} AS bucket,
      encode(sha256(convert_to(concat_ws('|', ${quoted(COLUMNS[table])}), 'UTF8')), 'hex') AS digest
    FROM ${table} WHERE shard = ANY ($1)
  ) AS hashed
  GROUP BY shard, bucket`;

/** $1: a shard, $2: buckets. */
export const rowsQuery = (table: Table): string =>
  `SELECT ${quoted(COLUMNS[table])} FROM ${table} WHERE shard = $1 AND ${bucketSql(table)} = ANY ($2)`;

/** By table and shard, the sums of each bucket that has rows. */
export class SumsByBucket {
  readonly #sums = new Map<string, Map<number, Sums>>();

  buckets(table: Table, shard: number): ReadonlyMap<number, Readonly<Sums>> {
    return this.#of(table, shard);
  }

  add(table: Table, shard: number, bucket: number, sums: Readonly<Sums>): void {
    const buckets = this.#of(table, shard);
    const known = buckets.get(bucket);
    if (known === undefined) buckets.set(bucket, { ...sums });
    else addTo(known, sums);
  }

  #of(table: Table, shard: number): Map<number, Sums> {
    const key = `${table} ${shard}`;
    const known = this.#sums.get(key) ?? new Map<number, Sums>();
    this.#sums.set(key, known);
    return known;
  }
}

/** Buckets that are not the same on both sides, in order. */
export function differingBuckets(
  a: ReadonlyMap<number, Readonly<Sums>>,
  b: ReadonlyMap<number, Readonly<Sums>>,
): number[] {
  return Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter(
    (bucket) => !sameSums(a.get(bucket) ?? NOTHING, b.get(bucket) ?? NOTHING),
  );
}

export { TABLES, type Table };
