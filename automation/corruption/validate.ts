/**
 * Whether a projection is what the journal says: the chain of its range against the archive, each table of each shard
 * against a second fold that shares no code with the projector's, totals conserved, and the engines' state. The sums are
 * the writer's own: a reader may show states that never existed.
 */
import { createHash } from "node:crypto";
import type { Client } from "pg";
import { to as copyTo } from "pg-copy-streams";
import {
  type Anchor,
  type Archive,
  type JournalStore,
  NotInLogError,
  TamperedError,
  type ValidRecord,
  type VerifiedLog,
  verifyLog,
} from "../../journal/index.ts";
import { orderRow, type Row, tradeRow } from "../drill/audit/projection.ts";
import { Fold } from "../drill/audit/second-fold.ts";
import { type Difference, firstDifference } from "./difference.ts";
import {
  bucketOf,
  COLUMNS,
  differingBuckets,
  rowsQuery,
  type Sums,
  SumsByBucket,
  sumsOf,
  sumsQuery,
  TABLES,
  type Table,
  total,
} from "./sums.ts";

export interface ValidateOptions {
  readonly store: JournalStore;
  readonly shards: readonly number[];
  /** A new session on the writer, which the validation ends. */
  readonly connect: () => Promise<Client>;
  readonly archive?: Archive | undefined;
  /** What the engines report of themselves; one that stands elsewhere than the database proves nothing. */
  readonly engines?: readonly EngineState[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((events: number) => void) | undefined;
}

export interface EngineState {
  readonly shard: number;
  readonly head: Anchor | null;
  readonly stateChecksum: string | null;
}

export interface TableValidation {
  readonly table: Table;
  readonly equal: boolean;
  readonly database: Readonly<Sums>;
  readonly journal: Readonly<Sums>;
  /** Null when equal. */
  readonly first: Difference | null;
}

export interface ShardValidation {
  readonly shard: number;
  /** Where the projection stands, which is how far it was compared; null: at the beginning. */
  readonly watermark: Anchor | null;
  readonly chain:
    | { readonly holds: true; readonly log: VerifiedLog }
    | { readonly holds: false; readonly why: string };
  /** Empty where the chain does not hold: there is nothing to compare with. */
  readonly tables: readonly TableValidation[];
  /** Quantity: bought = sold = traded, in the database; notional: as in the journal. */
  readonly conserved: boolean;
  /** `unknown`: no engine reports a state at the watermark. */
  readonly engine: "equal" | "different" | "unknown";
  /** In words: events of the journal that fit no order. */
  readonly broken: readonly string[];
  readonly valid: boolean;
}

/** Throws when the database is a replica, or no projection. Writes nothing. */
export async function validate(options: ValidateOptions): Promise<readonly ShardValidation[]> {
  const client = await options.connect();
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const { rows } = await client.query<{ replica: boolean }>("SELECT pg_is_in_recovery() AS replica");
    if (rows[0]?.replica !== false) throw new Error("the database is a replica: validate the writer");
    const database = await databaseSums(client, options.shards);
    const results: ShardValidation[] = [];
    for (const shard of options.shards) results.push(await validateShard(options, client, database, shard));
    await client.query("COMMIT");
    return results;
  } finally {
    await client.end();
  }
}

async function validateShard(
  options: ValidateOptions,
  client: Client,
  database: SumsByBucket,
  shard: number,
): Promise<ShardValidation> {
  const watermark = await watermarkOf(client, shard);
  const journal = new SumsByBucket();
  const add = (table: Table, row: Row) => journal.add(table, shard, bucketOf(table, row), sumsOf(table, row));
  const folded = await fold(options, shard, watermark, add);
  const isBalanced = quantitiesBalance(database, shard);
  const engine = await compareEngine(options, client, shard, watermark);
  if (!folded.chain.holds) {
    return { shard, watermark, ...folded, tables: [], conserved: isBalanced, engine, valid: false };
  }
  const tables: TableValidation[] = [];
  for (const table of TABLES) {
    const [stored, said] = [database.buckets(table, shard), journal.buckets(table, shard)];
    const differing = differingBuckets(stored, said);
    tables.push({
      table,
      equal: differing.length === 0,
      database: total(stored.values()),
      journal: total(said.values()),
      first:
        differing.length === 0 ? null : await look(options, client, { shard, table, watermark, differing }),
    });
  }
  const conserved =
    isBalanced && tables.every(({ database: stored, journal: said }) => stored.notional === said.notional);
  const valid =
    tables.every(({ equal }) => equal) && conserved && engine !== "different" && folded.broken.length === 0;
  return { shard, watermark, ...folded, tables, conserved, engine, valid };
}

async function fold(
  { store, archive, signal, onProgress }: ValidateOptions,
  shard: number,
  watermark: Anchor | null,
  add: (table: Table, row: Row) => void,
): Promise<Pick<ShardValidation, "chain" | "broken">> {
  const second = new Fold({
    order: (order) => add("orders", orderRow(order)),
    trade: (trade) => add("trades", tradeRow(trade)),
  });
  let last: Anchor | undefined;
  const onRecord = ({ record, upTo }: ValidRecord) => {
    second.add({ item: record, events: upTo });
    last = record;
    onProgress?.(upTo);
  };
  if (watermark === null) {
    const log = { records: 0, events: 0, head: null, anchors: { agreeing: 0, cutOff: 0, unanchored: 0 } };
    return { chain: { holds: true, log }, broken: [] };
  }
  try {
    const log = await verifyLog(store, shard, { to: watermark, archive, signal, onRecord });
    if (last?.hash !== watermark.hash) {
      return {
        chain: {
          holds: false,
          why: `the watermark ${watermark.epoch}.${watermark.seq} is not in the valid log`,
        },
        broken: [],
      };
    }
    for (const order of second.orders.values()) add("orders", orderRow(order));
    return { chain: { holds: true, log }, broken: [...second.broken, ...wordsOf(second)] };
  } catch (error) {
    if (!(error instanceof TamperedError || error instanceof NotInLogError)) throw error;
    return { chain: { holds: false, why: error.message }, broken: second.broken };
  }
}

const wordsOf = ({ duplicates, resurrected }: Fold): string[] => [
  ...Array.from(duplicates, (key) => `${key.replace("\n", " ")} is placed, cancelled or executed too often`),
  ...Array.from(resurrected, (key) => `${key.replace("\n", " ")} traded after it was cancelled`),
];

async function watermarkOf(client: Client, shard: number): Promise<Anchor | null> {
  const { rows } = await client.query<{ epoch: number; seq: string; hash: string; events: number | null }>(
    "SELECT epoch, seq, hash, events FROM watermark WHERE shard = $1 AND seq > 0",
    [shard],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const { epoch, seq, hash: digest, events } = row;
  return { epoch, seq: Number(seq), hash: digest, ...(events === null ? {} : { index: events }) };
}

async function databaseSums(client: Client, shards: readonly number[]): Promise<SumsByBucket> {
  const sums = new SumsByBucket();
  for (const table of TABLES) {
    const { rows } = await client.query<Record<keyof Sums, string> & { shard: number; bucket: number }>(
      sumsQuery(table),
      [shards],
    );
    for (const { shard, bucket, ...texts } of rows) {
      const numbers = Object.entries(texts).map(([name, text]) => [name, BigInt(text)]);
      sums.add(table, shard, bucket, Object.fromEntries(numbers) as Sums);
    }
  }
  return sums;
}

function quantitiesBalance(database: SumsByBucket, shard: number): boolean {
  const orders = total(database.buckets("orders", shard).values());
  const trades = total(database.buckets("trades", shard).values());
  return orders.bought === trades.bought && orders.sold === trades.sold;
}

/** The engine's own checksum, out of the table: SHA-256 over its orders' lines, sorted. */
async function compareEngine(
  { engines = [] }: ValidateOptions,
  client: Client,
  shard: number,
  watermark: Anchor | null,
): Promise<ShardValidation["engine"]> {
  const engine = engines.find((one) => one.shard === shard);
  if (engine?.stateChecksum == null || engine.head?.hash !== watermark?.hash) return "unknown";
  const columns = COLUMNS.orders.filter((column) => column !== "shard").join(", ");
  const lines = client.query(
    copyTo(
      `COPY (SELECT line FROM (SELECT concat_ws('|', ${columns}) AS line FROM orders WHERE shard = ${shard}) AS all_lines
       ORDER BY line COLLATE "C") TO STDOUT`,
    ),
  );
  const digest = createHash("sha256");
  // COPY ends each line, the engine joins them: the last byte does not count.
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of lines as AsyncIterable<Buffer>) {
    digest.update(held).update(chunk.subarray(0, -1));
    held = chunk.subarray(-1);
  }
  return digest.digest("hex") === engine.stateChecksum ? "equal" : "different";
}

interface Place {
  readonly shard: number;
  readonly table: Table;
  readonly watermark: Anchor | null;
  readonly differing: readonly number[];
}

/** A second look, at the rows of some buckets only. */
const LOOKED_AT = 4;

async function look(
  options: ValidateOptions,
  client: Client,
  { shard, table, watermark, differing }: Place,
): Promise<Difference | null> {
  const wanted = new Set(differing.slice(0, LOOKED_AT));
  const said: Row[] = [];
  await fold({ ...options, onProgress: undefined, archive: undefined }, shard, watermark, (of, row) => {
    if (of === table && wanted.has(bucketOf(table, row))) said.push(row);
  });
  const { rows } = await client.query<Record<string, string | number>>(rowsQuery(table), [
    shard,
    [...wanted],
  ]);
  const stored = rows.map((row): Row => COLUMNS[table].map((column) => row[column] ?? ""));
  return firstDifference(table, stored, said);
}
