/**
 * The first event after which a projection is bad, by replaying into a scratch database: batch by batch until the
 * question is answered with rows, then that batch again in halves, which the database takes back, down to one record,
 * and that record event by event.
 */
import type { Client } from "pg";
import {
  type Anchor,
  anchorOf,
  type JournalStore,
  readValid,
  type ValidRecord,
} from "../../journal/index.ts";
import { type Application, eventsOf, type Part, Projection } from "../../replay/index.ts";
import { messageOf } from "../errors.ts";

export const DEFAULT_BATCH_RECORDS = 500;
/** Rows of the answer that are shown. */
const SHOWN_ROWS = 5;

export interface FindOptions {
  readonly store: JournalStore;
  readonly shards: readonly number[];
  /** Of an empty scratch database. */
  readonly connect: () => Promise<Client>;
  readonly application: Application;
  /** A query over the projection: it is bad when there is a row. */
  readonly predicate: string;
  readonly batchRecords?: number | undefined;
  readonly onProgress?: ((events: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Found {
  readonly shard: number;
  readonly epoch: number;
  readonly seq: number;
  /** Of the event in its record. */
  readonly index: number;
  /** Milliseconds since 1970. */
  readonly ts: number;
  readonly event: object;
  /** What the predicate answered then. */
  readonly rows: readonly object[];
  /** The last record of that shard before it; null: it is the first. */
  readonly after: Anchor | null;
}

/**
 * Undefined: the predicate holds nowhere, as far as the end of every batch shows. Shards are replayed together, in the
 * order of their records' times. Throws when the predicate is no query that this projection can answer.
 */
export async function findFirstBad(options: FindOptions): Promise<Found | undefined> {
  const client = await options.connect();
  try {
    const projection = new Projection(client, options.application);
    await projection.createSchema();
    const question = { ...options, predicate: options.predicate.trim().replace(/;$/, "") };
    const isGood = async () =>
      (await client.query(`SELECT FROM (${question.predicate}) AS bad LIMIT 1`)).rowCount === 0;
    const isGoodAtFirst = await isGood().catch((cause: unknown) => {
      throw new Error(
        `the predicate is no query that this projection can answer (${messageOf(cause)}): write it like SELECT * FROM trades WHERE price > 1000`,
        { cause },
      );
    });
    if (!isGoodAtFirst) {
      throw new Error(
        "the predicate is true of an empty projection: it must be a query that has a row only when something is wrong",
      );
    }
    for (const shard of options.shards) await projection.watermark(shard);
    return await new Search(question, client, projection, isGood).run();
  } finally {
    await client.end();
  }
}

interface ShardRecord {
  readonly shard: number;
  readonly valid: ValidRecord;
}

class Search {
  readonly #options: FindOptions;
  readonly #client: Client;
  readonly #projection: Projection;
  readonly #isGood: () => Promise<boolean>;
  readonly #at = new Map<number, Anchor>();

  constructor(options: FindOptions, client: Client, projection: Projection, isGood: () => Promise<boolean>) {
    this.#options = options;
    this.#client = client;
    this.#projection = projection;
    this.#isGood = isGood;
  }

  async run(): Promise<Found | undefined> {
    const { batchRecords = DEFAULT_BATCH_RECORDS, onProgress, signal } = this.#options;
    for await (const batch of inBatches(inTimeOrder(this.#options), batchRecords)) {
      signal?.throwIfAborted();
      if (!(await this.#apply(batch))) return await this.#narrow(batch);
      onProgress?.(batch.reduce((sum, { valid }) => sum + valid.upTo, 0));
    }
    return undefined;
  }

  /** The batch turns good into bad: so does one of its records. */
  async #narrow(batch: readonly ShardRecord[]): Promise<Found> {
    let suspects = batch;
    while (suspects.length > 1) {
      const half = suspects.slice(0, Math.ceil(suspects.length / 2));
      suspects = (await this.#apply(half)) ? suspects.slice(half.length) : half;
    }
    const [one] = suspects;
    if (one === undefined) throw new Error("a batch without records cannot turn bad");
    const { shard, valid } = one;
    const { record } = valid;
    const events = eventsOf(valid);
    for (let upTo = 1; upTo <= events.length; upTo++) {
      const rows: object[] = [];
      const part = await this.#part(shard, [{ record, upTo }]);
      const isGood = await this.#projection.applyIf([part], async () => {
        const { rows: bad } = await this.#client.query<object>(
          `SELECT * FROM (${this.#options.predicate}) AS bad LIMIT ${SHOWN_ROWS}`,
        );
        rows.push(...bad);
        return false;
      });
      const event = events[upTo - 1];
      if (isGood || rows.length === 0 || event === undefined) continue;
      const { epoch, seq, ts } = record;
      return { shard, epoch, seq, index: upTo - 1, ts, event, rows, after: this.#at.get(shard) ?? null };
    }
    throw new Error(
      `record ${record.epoch}.${record.seq} of shard ${shard} is bad as a whole, but none of its events is`,
    );
  }

  /** Keeps what leaves the projection good. */
  async #apply(batch: readonly ShardRecord[]): Promise<boolean> {
    const parts: Part[] = [];
    for (const [shard, records] of Map.groupBy(batch, (one) => one.shard)) {
      const valid = records.map((one) => one.valid);
      parts.push(await this.#part(shard, valid));
    }
    const kept = await this.#projection.applyIf(parts, this.#isGood);
    if (!kept) return false;
    for (const { shard, valid } of batch) this.#at.set(shard, anchorOf(valid));
    return true;
  }

  async #part(shard: number, records: readonly ValidRecord[]): Promise<Part> {
    const batch = await this.#projection.prepare(records);
    return { shard, from: this.#at.get(shard), batch };
  }
}

/** All shards' records, oldest first; those of one shard in the order of its log. */
async function* inTimeOrder({
  store,
  shards,
  signal,
}: FindOptions): AsyncGenerator<ShardRecord, void, undefined> {
  const logs = await Promise.all(
    shards.map(async (shard) => {
      const records = readValid(store, shard, { signal });
      return { shard, records, next: await records.next() };
    }),
  );
  for (;;) {
    const [oldest] = logs
      .filter(({ next }) => !next.done)
      .toSorted((a, b) => tsOf(a.next) - tsOf(b.next) || a.shard - b.shard);
    if (oldest === undefined || oldest.next.done) return;
    yield { shard: oldest.shard, valid: oldest.next.value };
    oldest.next = await oldest.records.next();
  }
}

const tsOf = (next: IteratorResult<ValidRecord, void>): number =>
  next.done ? Number.POSITIVE_INFINITY : next.value.record.ts;

async function* inBatches<T>(
  source: AsyncIterable<T>,
  size: number,
): AsyncGenerator<readonly T[], void, undefined> {
  let batch: T[] = [];
  for await (const item of source) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
