/**
 * The second memory: records and heads in a bucket with Object Lock. A chain that is whole proves little when
 * all of it could have been rewritten; heads that were written away every few seconds and cannot be changed
 * anchor it.
 */
import { lowestSeal } from "./epochs.ts";
import { TamperedError } from "./errors.ts";
import { hashRecord } from "./hash.ts";
import type { Anchor, JournalRecord, LogItem, Position, Seal } from "./model.ts";
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
  /** A decided seal: without them nobody could say which records of the archive are log. */
  saveSeal(seal: Seal, signal?: AbortSignal): Promise<void>;
  /** By the epoch that each ends, from 0. */
  seals(shard: number, signal?: AbortSignal): AsyncGenerator<Seal, void, undefined>;
  /** Places and hashes of the heads, in order: their names say them, so that a listing of a thousand is one call. */
  anchors(shard: number, range?: ArchiveRange): AsyncGenerator<Anchor, void, undefined>;
  /**
   * In the order of their positions, each hash and link checked; what a cut took back later is still among them. Throws
   * TamperedError when two of them contradict each other: nobody knows then which one is true.
   */
  records(shard: number, range?: ArchiveRange): AsyncGenerator<JournalRecord, void, undefined>;
}

export interface ArchiveRange {
  /** Only what lies behind it. */
  readonly after?: Position | undefined;
  readonly signal?: AbortSignal | undefined;
}

const padded = (value: number): string => String(value).padStart(16, "0");
const placeOf = ({ epoch, seq }: JournalRecord | ArchivedHead): string => `${padded(epoch)}/${padded(seq)}`;

/** `segments/<shard>/<epoch>/<first>-<last>-<hash>`. */
const endOf = (key: string): { readonly seq: number; readonly hash: string } => {
  const [, seq, hash = ""] = key.split("-");
  return { seq: Number(seq), hash };
};

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

    async saveSeal(seal, signal) {
      await objects.put(
        `seals/${seal.shard}/${padded(seal.epoch)}-${seal.hash}`,
        JSON.stringify(seal),
        signal,
      );
    },

    async *seals(shard, signal) {
      for await (const key of listAll(objects, `seals/${shard}/`, signal)) {
        yield JSON.parse((await objects.get(key, signal)) ?? "") as Seal;
      }
    },

    async *anchors(shard, { after, signal } = {}) {
      const prefix = `heads/${shard}/`;
      for await (const key of listAll(objects, prefix, signal)) {
        const [epoch, rest = ""] = key.slice(prefix.length).split("/");
        const [seq, hash = ""] = rest.split("-");
        const anchor = { epoch: Number(epoch), seq: Number(seq), hash };
        if (after === undefined || isBefore(after, anchor)) yield anchor;
      }
    },

    async *records(shard, { after, signal } = {}) {
      let last: Position = { epoch: after?.epoch ?? 0, seq: after?.seq ?? 0 };
      const recent = new Recent();
      for await (const key of listAll(objects, `segments/${shard}/`, signal)) {
        // Numbers go on over epochs: a segment whose last one is not beyond this place holds nothing beyond it.
        const end = endOf(key);
        recent.compare(shard, { ...last, ...end });
        if (end.seq <= last.seq) continue;
        const body = (await objects.get(key, signal)) ?? "";
        for (const line of body.split("\n")) {
          const record = JSON.parse(line) as JournalRecord;
          if (!isBefore(last, record)) continue;
          if (hashRecord(record) !== record.hash)
            throw new Error(`${key}: seq ${record.seq} does not hash to its hash`);
          const before = { epoch: record.epoch, seq: record.seq - 1, hash: record.prevHash };
          if (before.epoch === last.epoch) recent.compare(shard, before, record);
          recent.add(record);
          last = record;
          yield record;
        }
      }
    },
  };
}

/** Hashes of the last records, to see a segment that says otherwise: the same name may be given to no two of them. */
class Recent {
  readonly #hashes = new Map<number, string>();

  /** @throws TamperedError naming `at` */
  compare(shard: number, { epoch, seq, hash }: Anchor, at: Position = { epoch, seq }): void {
    const known = this.#hashes.get(seq);
    if (known === undefined || known === hash) return;
    throw new TamperedError(shard, at, "the archive holds two different pasts of this record");
  }

  add({ seq, hash }: Anchor): void {
    this.#hashes.set(seq, hash);
    this.#hashes.delete(seq - RECENT_RECORDS);
  }
}

/** Segments are of a thousand records at most. */
const RECENT_RECORDS = 4_000;

/** Archives the seals that end the epochs from `from` to before `to`, all of which are decided. */
export async function archiveSeals(
  store: JournalStore,
  archive: Archive,
  shard: number,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  for (let epoch = from; epoch < to; epoch += 1) {
    const seal = await lowestSeal(store, shard, epoch);
    if (seal !== undefined) await archive.saveSeal(seal);
  }
}

/** A record that the journal does not have as it was archived. */
export interface Tampered {
  readonly archived: JournalRecord;
  /** What stands in its place; undefined: nothing. */
  readonly stored: LogItem | undefined;
}

/**
 * The first such record behind `after`, found by comparing record by record: a chain that was made whole again shows
 * nothing, and one that breaks shows it one record late.
 */
export async function findTampered(
  store: JournalStore,
  archive: Archive,
  shard: number,
  { after, signal }: { readonly after?: Anchor | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Tampered | undefined> {
  let page: readonly LogItem[] = [];
  let next = 0;
  for await (const archived of archive.records(shard, { after, signal })) {
    const { epoch, seq, hash } = archived;
    if (page[next]?.epoch !== epoch || page[next]?.seq !== seq) {
      page = (await store.read(shard, epoch, { from: seq }, signal)).items;
      next = 0;
    }
    const found = page[next++];
    const stored = found?.epoch === epoch && found.seq === seq ? found : undefined;
    if (stored?.kind !== "record" || hashRecord(stored) !== hash || stored.hash !== hash)
      return { archived, stored };
  }
  return undefined;
}
