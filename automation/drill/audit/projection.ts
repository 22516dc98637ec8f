/** The projection's rows, and whether they are what the second fold says, by row and by checksum. */
import { createHash } from "node:crypto";
import { type Folded, type FoldedOrder, type FoldedTrade, secondFold } from "./second-fold.ts";
import type { ValidLog } from "./valid-log.ts";

export interface Watermark {
  readonly shard: number;
  readonly epoch: number;
  readonly seq: number;
  readonly hash: string;
}

/** One order as the table has it, in the order of `ORDER_COLUMNS`; one trade, in that of `TRADE_COLUMNS`. */
export type Row = readonly (string | number)[];

export const ORDER_COLUMNS = [
  "client",
  "client_order_id",
  "shard",
  "instrument",
  "side",
  "price",
  "quantity",
  "remaining",
  "status",
  "epoch",
  "seq",
] as const;

export const TRADE_COLUMNS = [
  "shard",
  "epoch",
  "seq",
  "index",
  "instrument",
  "price",
  "quantity",
  "buy_client",
  "buy_order_id",
  "sell_client",
  "sell_order_id",
] as const;

export const TABLES = ["orders", "trades"] as const;
export type Table = (typeof TABLES)[number];

/** SHA-256 over the rows' texts (columns joined by `|`), sorted bytewise, one a line. */
export interface Checksum {
  readonly rows: number;
  /** Of `remaining` (orders) or `quantity` (trades). */
  readonly total: number;
  readonly digest: string;
}

/** All read in one snapshot on the writer; checksums computed there. Keys of checksums: shard. */
export interface Projection {
  readonly watermarks: readonly Watermark[];
  readonly orders: readonly Row[];
  readonly checksums: Readonly<Record<Table, Readonly<Record<number, Checksum>>>>;
}

const NOTHING: Checksum = checksum([], 0);

/** The rows that the projection must hold when it has applied `log` up to its watermark. */
export interface Expected {
  readonly folded: Folded;
  readonly orders: readonly Row[];
  readonly checksums: Projection["checksums"];
}

export function expect(logs: readonly ValidLog[], watermarks: readonly Watermark[]): Expected {
  const records = logs.flatMap((log) => {
    const watermark = watermarks.find(({ shard }) => shard === log.shard);
    const end = log.records.findIndex(
      ({ item }) => item.epoch === watermark?.epoch && item.seq === watermark.seq,
    );
    return log.records.slice(0, end + 1);
  });
  const folded = secondFold({ records });
  const orders = [...folded.orders.values()].map(orderRow);
  const trades = folded.trades.map(tradeRow);
  const checksums = {
    orders: checksumsOf(orders, ORDER_COLUMNS.indexOf("shard"), ORDER_COLUMNS.indexOf("remaining")),
    trades: checksumsOf(trades, TRADE_COLUMNS.indexOf("shard"), TRADE_COLUMNS.indexOf("quantity")),
  };
  return { folded, orders, checksums };
}

export const orderRow = ({ content, placedAt, remaining, status }: FoldedOrder): Row => [
  content.client,
  content.clientOrderId,
  placedAt.shard,
  content.instrument,
  content.side,
  content.price,
  content.quantity,
  remaining,
  status,
  placedAt.epoch,
  placedAt.seq,
];

export const tradeRow = (trade: FoldedTrade): Row => [
  trade.at.shard,
  trade.at.epoch,
  trade.at.seq,
  trade.index,
  trade.instrument,
  trade.price,
  trade.quantity,
  trade.buyClient,
  trade.buyOrderId,
  trade.sellClient,
  trade.sellOrderId,
];

/** In words, per table and shard: what differs. Empty: equal. */
export function differences(projection: Projection, logs: readonly ValidLog[]): string[] {
  const expected = expect(logs, projection.watermarks);
  const found: string[] = [];
  for (const { shard, records } of logs) {
    const watermark = projection.watermarks.find((mark) => mark.shard === shard);
    const there = records.find(({ item }) => item.epoch === watermark?.epoch && item.seq === watermark.seq);
    if (watermark !== undefined && there?.item.hash !== watermark.hash) {
      found.push(`shard ${shard}: watermark ${watermark.epoch}.${watermark.seq} is not in the valid log`);
    }
    for (const table of TABLES) {
      const is = projection.checksums[table][shard] ?? NOTHING;
      const should = expected.checksums[table][shard] ?? NOTHING;
      if (is.digest === should.digest && is.rows === should.rows && is.total === should.total) continue;
      found.push(
        `${table} of shard ${shard}: ${is.rows} rows, total ${is.total}; the journal says ${should.rows}, ${should.total}`,
      );
    }
  }
  return found;
}

function checksumsOf(rows: readonly Row[], shardAt: number, totalAt: number): Record<number, Checksum> {
  const shards = Map.groupBy(rows, (row) => Number(row[shardAt]));
  return Object.fromEntries(
    [...shards].map(([shard, of]) => {
      const total = of.reduce((sum, row) => sum + Number(row[totalAt]), 0);
      return [shard, checksum(of, total)];
    }),
  );
}

function checksum(rows: readonly Row[], total: number): Checksum {
  const lines = rows.map((row) => Buffer.from(row.join("|"))).sort(Buffer.compare);
  const hash = createHash("sha256");
  lines.forEach((line, index) => {
    if (index > 0) hash.update("\n");
    hash.update(line);
  });
  return { rows: rows.length, total, digest: hash.digest("hex") };
}
