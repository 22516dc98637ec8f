/**
 * The second memory: records and heads in a bucket with Object Lock. A chain that is whole proves little when
 * all of it could have been rewritten; heads that were written away every few seconds and cannot be changed
 * anchor it.
 */
import { findNewestEpoch, pathTo, readRecord } from "./epochs.ts";
import { NotInLogError } from "./errors.ts";
import { hashRecord } from "./hash.ts";
import type { Anchor, JournalRecord } from "./model.ts";
import { listAll, type ObjectStore } from "./objects.ts";
import { isBefore } from "./protocol.ts";
import type { JournalStore } from "./store.ts";

export interface ArchivedHead extends Anchor {
  readonly shard: number;
  readonly ts: number;
}

export interface Archive {
  /** Consecutive records of one shard; safe to repeat, overlapping segments do no harm. */
  saveSegment(shard: number, records: readonly JournalRecord[], signal?: AbortSignal): Promise<void>;
  saveHead(head: ArchivedHead, signal?: AbortSignal): Promise<void>;
  /** In the order of their positions. */
  heads(shard: number, signal?: AbortSignal): AsyncGenerator<ArchivedHead, void, undefined>;
  /** In the order of their positions, each hash checked; what a cut took back later is still among them. */
  records(shard: number, signal?: AbortSignal): AsyncGenerator<JournalRecord, void, undefined>;
}

const padded = (value: number): string => String(value).padStart(16, "0");
const placeOf = ({ epoch, seq }: JournalRecord | ArchivedHead): string => `${padded(epoch)}/${padded(seq)}`;

export function openArchive(objects: ObjectStore): Archive {
  return {
    async saveSegment(shard, records, signal) {
      const [first, last] = [records[0], records.at(-1)];
      if (!first || !last) return;
      const key = `segments/${shard}/${placeOf(first)}-${padded(last.seq)}-${last.hash}`;
      await objects.put(key, records.map((record) => JSON.stringify(record)).join("\n"), signal);
    },

    async saveHead(head, signal) {
      const key = `heads/${head.shard}/${placeOf(head)}-${head.hash}`;
      await objects.put(key, JSON.stringify(head), signal);
    },

    async *heads(shard, signal) {
      for await (const key of listAll(objects, `heads/${shard}/`, signal)) {
        const body = await objects.get(key, signal);
        if (body !== undefined) yield JSON.parse(body) as ArchivedHead;
      }
    },

    async *records(shard, signal) {
      let last = { epoch: 0, seq: 0 };
      for await (const key of listAll(objects, `segments/${shard}/`, signal)) {
        const body = (await objects.get(key, signal)) ?? "";
        for (const line of body.split("\n")) {
          const record = JSON.parse(line) as JournalRecord;
          if (!isBefore(last, record)) continue;
          if (hashRecord(record) !== record.hash)
            throw new Error(`${key}: seq ${record.seq} does not hash to its hash`);
          last = record;
          yield record;
        }
      }
    },
  };
}

export interface AnchorCheck {
  readonly checked: number;
  /** Heads whose place in the journal now holds something else: the journal was rewritten. */
  readonly rewritten: readonly ArchivedHead[];
  /** Heads that a cut took back, deliberately. */
  readonly cutOff: readonly ArchivedHead[];
}

/**
 * Compares every archived head with the journal. What is rewritten is found even where the chain was made
 * whole again.
 */
export async function checkAnchors(
  store: JournalStore,
  archive: Archive,
  shard: number,
  signal?: AbortSignal,
): Promise<AnchorCheck> {
  const newest = await findNewestEpoch(store, shard, { signal });
  const path = await pathTo(store, newest.opening, 0, signal);
  const isValid = ({ epoch, seq }: Anchor) =>
    path.some(({ opening, to }) => opening.epoch === epoch && (to === null || seq <= to.seq));
  let checked = 0;
  const [rewritten, cutOff]: [ArchivedHead[], ArchivedHead[]] = [[], []];
  for await (const head of archive.heads(shard, signal)) {
    checked += 1;
    const stored = await hashAt(store, shard, head, signal);
    if (stored !== head.hash) rewritten.push(head);
    else if (!isValid(head)) cutOff.push(head);
  }
  return { checked, rewritten, cutOff };
}

async function hashAt(store: JournalStore, shard: number, anchor: Anchor, signal?: AbortSignal) {
  try {
    return (await readRecord(store, shard, anchor, signal)).hash;
  } catch (error) {
    if (error instanceof NotInLogError) return undefined;
    throw error;
  }
}
