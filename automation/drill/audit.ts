/**
 * The judge: what the clients were told against what the journal, the new region's API and the caught-up
 * projection hold. Pure; shares no code with `journal/` and `workload/`, so that a mistake there cannot hide itself.
 */
import type { Coverage, Integrity, RecoveryPoint } from "../report/evidence.ts";
import type { Defect } from "./audit/defect.ts";
import type { TableItem } from "./audit/items.ts";
import { type Operation, operationsOf } from "./audit/operations.ts";
import { differences, type Projection, type Watermark } from "./audit/projection.ts";
import { type Folded, orderKey, secondFold } from "./audit/second-fold.ts";
import { answersAfterFence, answersBesideTheLog, answersFromThePast } from "./audit/stale.ts";
import { type ValidLog, validLog } from "./audit/valid-log.ts";
import { type ApiAnswer, placeOf, rowsByKey, writeDefects } from "./audit/writes.ts";
import type { ClientLog } from "./client-log.ts";

export interface Testimony {
  readonly clients: ClientLog;
  /** Every item of the log partitions, orphans included. */
  readonly items: readonly TableItem[];
  readonly shards: number;
  /** Owner of every shard before the first seal. */
  readonly primary: string;
  /** Region that was lost. */
  readonly lost: string;
  /** When the last shard was sealed away from it, milliseconds since 1970; null: never. */
  readonly fencedAt: number | null;
  /** Null: it could not be read. */
  readonly projection: Projection | null;
  /** The last watermarks of the database before it was promoted; null: they could not be read. */
  readonly replica: readonly Watermark[] | null;
  /** By order key, for the orders that were asked for. */
  readonly api: ReadonlyMap<string, ApiAnswer>;
}

export interface Audit {
  readonly rpo: Pick<RecoveryPoint, "acknowledged" | "lost" | "unknown" | "unknownRecovered">;
  readonly integrity: Integrity;
  readonly coverage: Pick<Coverage, "gapsAtSeal" | "orphans">;
  /** Events of the lost region that the database had not got when it was promoted; null: unknown. */
  readonly measuredGapEvents: number | null;
  /** One of each kind and subject. */
  readonly defects: readonly Defect[];
}

export function audit(testimony: Testimony): Audit {
  const { clients, projection } = testimony;
  const logs = Array.from({ length: testimony.shards }, (_, shard) =>
    validLog(testimony.items, shard, testimony.primary),
  );
  const folded = secondFold({ records: logs.flatMap(({ records }) => records) });
  const operations = operationsOf(clients.attempts);
  const writes = operations.filter(({ kind }) => kind !== "read");

  const record = {
    folded,
    places: placesOf(logs),
    rows: projection === null ? null : rowsByKey(projection),
    api: testimony.api,
  };
  const unequal = projection === null ? ["the projection could not be read"] : differences(projection, logs);
  const defects = distinct([
    ...writes.flatMap((operation) => writeDefects(operation, record)),
    ...named("broken", [...logs.flatMap(({ broken }) => broken), ...folded.broken]),
    ...named("duplicate", [...folded.duplicates].map(text)),
    ...named("resurrected", [...folded.resurrected].map(text)),
    ...named("phantom", uninvited(folded, operations).map(text)),
    ...named("unequal", unequal),
    ...answersAfterFence(clients.attempts, testimony.lost, testimony.fencedAt),
    ...answersFromThePast(operations),
    ...answersBesideTheLog(operations, folded),
  ]);

  const count = (kind: Defect["kind"]): number => defects.filter((defect) => defect.kind === kind).length;
  return {
    rpo: {
      acknowledged: writes.filter(({ fate }) => fate === "acknowledged").length,
      lost: count("lost"),
      unknown: writes.filter(({ fate }) => fate === "unknown").length,
      unknownRecovered: writes.filter(({ recovered }) => recovered).length,
    },
    integrity: {
      checksumsEqual: count("unequal") === 0,
      splitBrainWrites: count("split-brain"),
      duplicates: count("duplicate"),
      resurrected: count("resurrected"),
      phantom: count("phantom"),
      staleAnswers: count("stale"),
      brokenLinks: count("broken"),
    },
    coverage: {
      gapsAtSeal: logs.reduce((sum, log) => sum + log.gapsAtSeal, 0),
      orphans: logs.reduce((sum, log) => sum + log.orphans, 0),
    },
    measuredGapEvents: testimony.replica === null ? null : gapEvents(logs, testimony.replica, testimony.lost),
    defects,
  };
}

/** Between the watermarks and the first seal that took the shard from the lost region. */
function gapEvents(logs: readonly ValidLog[], watermarks: readonly Watermark[], lost: string): number {
  return logs.reduce((sum, { shard, records, seals }) => {
    const end = seals.find(({ region }) => region !== lost)?.epoch ?? Infinity;
    const mark = watermarks.find((watermark) => watermark.shard === shard);
    const applied = records.findIndex(({ item }) => item.epoch === mark?.epoch && item.seq === mark.seq);
    const missed = records.slice(applied + 1).filter(({ item }) => item.epoch <= end);
    return sum + missed.reduce((events, record) => events + record.events, 0);
  }, 0);
}

const text = (key: string): string => key.replace("\n", " ");

const named = (kind: Defect["kind"], details: readonly string[]): Defect[] =>
  details.map((detail) => ({ kind, subject: detail, detail }));

const placesOf = (logs: readonly ValidLog[]): Map<string, string> =>
  new Map(logs.flatMap(({ records }) => records.map(({ item }) => [placeOf(item), item.hash] as const)));

/** Orders in a client's name that this client never asked for. */
function uninvited({ orders }: Folded, operations: readonly Operation[]): string[] {
  const clients = new Set(operations.map(({ client }) => client));
  const asked = new Set(operations.map(({ key }) => key));
  return [...orders.values()]
    .filter(({ content }) => clients.has(content.client))
    .map(({ content }) => orderKey(content.client, content.clientOrderId))
    .filter((key) => !asked.has(key));
}

function distinct(defects: readonly Defect[]): Defect[] {
  return [...new Map(defects.map((defect) => [`${defect.kind}\n${defect.subject}`, defect])).values()];
}
