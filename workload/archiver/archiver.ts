/**
 * Keeps this region's own copies of a shard's log: records and head hashes where nobody can change them, checkpoints
 * where the engines look. It reads through its own endpoint, so that no bucket waits for another region's.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Anchor,
  type Archive,
  anchorOf,
  archiveSeals,
  type CheckpointStore,
  follow,
  type JournalRecord,
  type JournalStore,
  NotInLogError,
  type ObjectStore,
  TamperedError,
  type ValidRecord,
} from "../../journal/index.ts";
import { batched } from "../batched.ts";
import { Replica } from "../engine/replica.ts";
import { type Log, messageOf } from "../log.ts";

export const ARCHIVE_EVERY_MS = 10_000;
/** A segment in memory, and an object, hold no more. */
export const SEGMENT_RECORDS = 1000;
const FOLLOW_EVERY_MS = 500;
const RETRY_AFTER_MS = 1000;

export interface ArchiverOptions {
  readonly shard: number;
  readonly store: JournalStore;
  readonly archive: Archive;
  readonly checkpoints: CheckpointStore;
  /** Where it remembers how far the archive reaches; may be changed, unlike the archive. */
  readonly notes: ObjectStore;
  readonly log: Log;
  /** Default `ARCHIVE_EVERY_MS`. */
  readonly everyMs?: number;
}

export class ShardArchiver {
  readonly #options: ArchiverOptions;
  #archived: Anchor | undefined;
  /** The seals that end the epochs below this one are archived. */
  #sealed = 0;
  #pending: ValidRecord[] = [];
  /** Events folded since the last checkpoint: heartbeats alone are worth none. */
  #events = 0;

  constructor(options: ArchiverOptions) {
    this.#options = options;
  }

  /** How far the archive reaches. */
  get archived(): Anchor | undefined {
    return this.#archived;
  }

  /** Resolves when told to stop; whatever fails is tried again from what is stored. */
  async run(signal: AbortSignal): Promise<void> {
    const { shard, log, notes } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#archive(signal);
      } catch (error) {
        log("archiving-failed", { shard, error: messageOf(error) });
        if (signal.aborted) return;
        // A cut took back what was noted: what lies before it is archived again, under the same names.
        if (error instanceof NotInLogError && (await this.#isCutOff().catch(() => false)))
          await notes.put(noteKey(shard), "null").catch(() => {});
        await sleep(RETRY_AFTER_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #archive(signal: AbortSignal): Promise<void> {
    const { store, shard, checkpoints, log, everyMs = ARCHIVE_EVERY_MS } = this.#options;
    const replica = await Replica.restore({ store, checkpoints, shard, log, signal });
    this.#events = 0;
    this.#archived = await this.#note();
    this.#pending = [];
    const after = earlier(this.#archived, replica.at);
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const records = follow(store, shard, {
      ...(after === undefined ? {} : { after }),
      signal: both,
      intervalMilliseconds: FOLLOW_EVERY_MS,
    });
    const reading = async () => {
      for await (const batch of batched(records, SEGMENT_RECORDS)) {
        for (const valid of batch) {
          if (valid.record.seq > (replica.at?.seq ?? 0)) {
            replica.fold(valid);
            this.#events += valid.upTo;
          }
          this.#compare(valid.record);
          if (valid.record.seq > (this.#archived?.seq ?? 0)) this.#pending.push(valid);
        }
        if (this.#pending.length >= SEGMENT_RECORDS) await this.#flush();
      }
    };
    const saving = async () => {
      while (await sleep(everyMs, true, { signal: both }).catch(() => false)) {
        await this.#flush();
        await this.#checkpoint(replica);
      }
    };
    try {
      await Promise.all([reading(), saving()]);
    } finally {
      stop.abort();
    }
    await this.#flush();
    await this.#checkpoint(replica);
  }

  /** The seals that lead to the records and these first, then the head that vouches for them, then the note. */
  async #flush(): Promise<void> {
    const { shard, store, archive, notes } = this.#options;
    const segment = this.#pending;
    const last = segment.at(-1);
    if (last === undefined) return;
    this.#pending = [];
    const { epoch } = last.record;
    await archiveSeals(store, archive, shard, { from: this.#sealed, to: epoch });
    this.#sealed = epoch;
    await archive.saveSegment(
      shard,
      segment.map(({ record }) => record),
    );
    const head = anchorOf(last);
    await archive.saveHead({ ...head, shard, ts: last.record.ts });
    this.#archived = head;
    await notes.put(noteKey(shard), JSON.stringify(head));
  }

  /** What was cut off still stands where it stood. Else somebody rewrote it, and the archive must not take part in that. */
  async #isCutOff(): Promise<boolean> {
    const { store, shard } = this.#options;
    const noted = await this.#note();
    if (noted === undefined) return false;
    const { items } = await store.read(shard, noted.epoch, { from: noted.seq, limit: 1 });
    return items[0]?.seq === noted.seq && items[0].hash === noted.hash;
  }

  /** @throws TamperedError when it is not the record that the archive ends with */
  #compare({ shard, epoch, seq, hash }: JournalRecord): void {
    const archived = this.#archived;
    if (archived?.epoch !== epoch || archived.seq !== seq || archived.hash === hash) return;
    throw new TamperedError(shard, { epoch, seq }, `the archive has the hash ${archived.hash}, not ${hash}`);
  }

  async #checkpoint(replica: Replica): Promise<void> {
    const { shard, checkpoints } = this.#options;
    const anchor = replica.at;
    // Where a cut left part of a record there is no whole record to name; the next one will do.
    if (anchor === undefined || anchor.index !== undefined || this.#events === 0) return;
    this.#events = 0;
    await checkpoints.save({ ...anchor, shard, state: replica.settled.serialise() });
  }

  async #note(): Promise<Anchor | undefined> {
    const text = await this.#options.notes.get(noteKey(this.#options.shard));
    return text === undefined ? undefined : ((JSON.parse(text) as Anchor | null) ?? undefined);
  }
}

const noteKey = (shard: number): string => `archived/${shard}.json`;

/** Undefined is the beginning. */
const earlier = (a: Anchor | undefined, b: Anchor | undefined): Anchor | undefined =>
  a === undefined || b === undefined ? undefined : a.seq < b.seq ? a : b;
