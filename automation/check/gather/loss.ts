/** How far the passive database is behind the journal, and how fast the journal grows. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Anchor } from "../../../journal/model.ts";
import type { DatabasePort, JournalPort } from "../../failover/ports.ts";
import type { LossForecast } from "../forecast.ts";

const SAMPLE_MILLISECONDS = 2_000;

export interface Behind extends LossForecast {
  /** What is written to the journal, all shards together. */
  readonly recordsPerSecond: number;
  /** Age of the database's state; null: unknown, or nothing is written. */
  readonly seconds: number | null;
}

export async function loss(
  journal: Pick<JournalPort, "heads" | "tail">,
  database: Pick<DatabasePort, "watermarks">,
): Promise<Behind> {
  const before = await journal.heads();
  const began = performance.now();
  await sleep(SAMPLE_MILLISECONDS);
  const marks = await database.watermarks().catch(() => undefined);
  const [written, missing] = await Promise.all([
    sum(before.map((head) => journal.tail(head.shard, head.seq === 0 ? undefined : head))),
    marks === undefined ? null : sum(marks.map((mark, shard) => journal.tail(shard, orNone(mark)))),
  ]);
  const seconds = (performance.now() - began) / 1000;
  const eventsPerSecond = (written?.events ?? 0) / seconds;
  const databaseEvents = missing?.events ?? null;
  return {
    orders: 0,
    databaseEvents,
    eventsPerSecond,
    recordsPerSecond: (written?.records ?? 0) / seconds,
    seconds: databaseEvents === null || eventsPerSecond === 0 ? null : databaseEvents / eventsPerSecond,
  };
}

const orNone = (mark: Anchor | null): Anchor | undefined => mark ?? undefined;

/** Null: one of them is not in the valid log. */
async function sum(
  tails: readonly ReturnType<JournalPort["tail"]>[],
): Promise<{ readonly records: number; readonly events: number } | null> {
  let [records, events] = [0, 0];
  for (const tail of await Promise.all(tails)) {
    if (tail === undefined) return null;
    records += tail.records;
    events += tail.events;
  }
  return { records, events };
}
