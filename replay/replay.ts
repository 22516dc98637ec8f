/**
 * The journal into a database, from where its watermarks stand. First the whole range is verified, for a forged record
 * shows only at the one after it, or at the next archived head; then it is applied, shards in parallel. Killed anywhere,
 * the next run goes on from the watermarks.
 */
import type { Client } from "pg";
import {
  type Anchor,
  type Archive,
  type JournalStore,
  type Position,
  readValid,
  TamperedError,
  type ValidRecord,
  type VerifiedLog,
  verifyLog,
} from "../journal/index.ts";
import { Projection } from "./contract.ts";
import type { Application } from "./fold.ts";
import type { Gathering, Prepared } from "./gathering.ts";
import { inParallel } from "./parallel.ts";
import { Meter, type ProgressOptions } from "./progress.ts";
import { openTarget } from "./target.ts";

export const DEFAULT_WORKERS = 4;
/** Events per transaction, about: enough that the fixed cost of one does not show, little enough to hold in memory. */
export const DEFAULT_BATCH_EVENTS = 50_000;
const BATCH_CHARACTERS = 16 * 1024 * 1024;

export interface ReplayOptions extends ProgressOptions {
  readonly store: JournalStore;
  readonly shards: readonly number[];
  /** A new session on the target's writer, which the replay ends. */
  readonly connect: () => Promise<Client>;
  readonly application: Application;
  /** What the log is held against before anything is written; absent: its own chain alone. */
  readonly archive?: Archive | undefined;
  /** By shard: the last position that is replayed, or even looked at. Default: the log's end, as a cut left it. */
  readonly to?: ReadonlyMap<number, Position> | undefined;
  readonly workers?: number | undefined;
  readonly batchEvents?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ShardReplay {
  readonly shard: number;
  /** Where its watermark stood; null: at the beginning. */
  readonly from: Anchor | null;
  /** Where it stands now. */
  readonly to: Anchor | null;
  readonly records: number;
  readonly events: number;
  readonly anchors: VerifiedLog["anchors"];
}

export interface Replayed {
  readonly shards: readonly ShardReplay[];
  readonly events: number;
  readonly verifySeconds: number;
  readonly applySeconds: number;
}

/**
 * Safe to repeat. Throws TargetError and TamperedError before anything is written; WatermarkMovedError and
 * ProjectionError with all transactions before that one kept.
 */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { store, shards, application, connect, signal, workers = DEFAULT_WORKERS } = options;
  const session = await connect();
  try {
    const marks = await openTarget(session, { application, shards, store, signal });
    const startedAt = performance.now();
    const plans = await verifyAll(options, marks);
    const events = plans.reduce((sum, { log }) => sum + log.events, 0);
    const verifiedAt = performance.now();
    const meter = new Meter("apply", events, options);
    await inParallel(plans, workers, signal, (plan, stop) => applyShard(options, plan, meter, stop));
    return {
      shards: plans.map(({ shard, from, log }) => ({
        shard,
        from: from ?? null,
        to: log.head ?? from ?? null,
        records: log.records,
        events: log.events,
        anchors: log.anchors,
      })),
      events,
      verifySeconds: (verifiedAt - startedAt) / 1_000,
      applySeconds: (performance.now() - verifiedAt) / 1_000,
    };
  } finally {
    await session.end();
  }
}

interface Plan {
  readonly shard: number;
  readonly from: Anchor | undefined;
  readonly log: VerifiedLog;
}

async function verifyAll(
  options: ReplayOptions,
  marks: ReadonlyMap<number, Anchor | undefined>,
): Promise<readonly Plan[]> {
  const { store, shards, archive, to, signal, workers = DEFAULT_WORKERS } = options;
  const meter = new Meter("verify", null, options);
  return await inParallel(shards, workers, signal, async (shard, stop) => {
    const from = marks.get(shard);
    const log = await verifyLog(store, shard, {
      after: from,
      to: to?.get(shard),
      archive,
      signal: stop,
      onRecord: ({ upTo }) => meter.add(upTo),
    });
    return { shard, from, log };
  });
}

async function applyShard(
  { store, application, connect, batchEvents = DEFAULT_BATCH_EVENTS }: ReplayOptions,
  { shard, from, log }: Plan,
  meter: Meter,
  signal: AbortSignal,
): Promise<void> {
  if (log.head === null) return;
  const client = await connect();
  try {
    // Staging and sorting in memory; both count per session, of which there are few.
    await client.query("SET temp_buffers = '32MB'");
    await client.query("SET work_mem = '64MB'");
    const projection = new Projection(client, application);
    const records = readValid(store, shard, { after: from, to: log.head, signal });
    let at = from;
    for await (const batch of oneAhead(batches(projection, stillWhole(records), batchEvents))) {
      signal.throwIfAborted();
      at = await projection.apply(shard, at, batch);
      meter.add(batch.events);
    }
  } finally {
    await client.end();
  }
}

/** What was verified a moment ago is verified again as it is applied. */
async function* stillWhole(
  records: AsyncIterable<ValidRecord>,
): AsyncGenerator<ValidRecord, void, undefined> {
  try {
    yield* records;
  } catch (error) {
    if (!(error instanceof TamperedError)) throw error;
    throw new Error(`the journal was changed after it was verified: ${error.message}`, { cause: error });
  }
}

async function* batches(
  projection: Projection,
  records: AsyncIterable<ValidRecord>,
  maxEvents: number,
): AsyncGenerator<Prepared, void, undefined> {
  let batch: Gathering | undefined;
  for await (const valid of records) {
    batch ??= await projection.gather();
    batch.add(valid);
    if (batch.events < maxEvents && batch.characters < BATCH_CHARACTERS) continue;
    yield batch.finish();
    batch = undefined;
  }
  if (batch !== undefined) yield batch.finish();
}

/** Makes the next item while the last one is being used: reading and applying keep a core each busy. */
async function* oneAhead<T>(source: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  const ask = () => {
    const asked = source.next();
    asked.catch(() => {});
    return asked;
  };
  let asked = ask();
  for (let item = await asked; !item.done; item = await asked) {
    asked = ask();
    yield item.value;
  }
}
