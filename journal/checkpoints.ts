/**
 * Folded states, named by the record they cover. A checkpoint proves nothing by itself: the bucket may lag,
 * hold what was cut since, or what was never log. It is used only if the valid log has a record with its hash
 * at its place.
 */
import { hash as digest } from "node:crypto";
import { type Cursor, cursorAt } from "./cursor.ts";
import { findNewestEpoch, type Known } from "./epochs.ts";
import { NotInLogError } from "./errors.ts";
import type { Anchor, EventPosition, Position } from "./model.ts";
import { listAll, type ObjectStore } from "./objects.ts";
import { isBefore } from "./protocol.ts";
import type { JournalStore } from "./store.ts";

export interface Checkpoint extends Anchor {
  readonly shard: number;
  /** Opaque to the journal. */
  readonly state: string;
}

export interface FoundCheckpoint extends Checkpoint {
  /** Stands behind it. */
  readonly cursor: Cursor;
}

export interface SearchOptions {
  /** The last position that it may cover. */
  readonly to?: Position | undefined;
  /** Where the log was seen to end: what covers more is not taken. */
  readonly known?: Known | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CheckpointStore {
  /** Save only acknowledged state, of whole records. */
  save(checkpoint: Checkpoint, signal?: AbortSignal): Promise<void>;
  /**
   * Marks those behind `end`, which a cut has made worthless, for whoever looks into the bucket: `newestValid` passes
   * them over without it, because no record of the valid log has their hash. Returns how many.
   */
  markCut(shard: number, end: EventPosition, by: string, signal?: AbortSignal): Promise<number>;
  /** The newest that holds; undefined: replay from the beginning. */
  newestValid(
    store: JournalStore,
    shard: number,
    options?: SearchOptions,
  ): Promise<FoundCheckpoint | undefined>;
}

/** Counting down, so that a listing in ascending order begins with the newest. */
const descending = (value: number): string => String(Number.MAX_SAFE_INTEGER - value).padStart(16, "0");
const ascending = (key: string | undefined): number => Number.MAX_SAFE_INTEGER - Number(key);

const prefixOf = (shard: number): string => `checkpoints/${shard}/`;
const keyOf = ({ shard, epoch, seq, hash }: Omit<Checkpoint, "state">): string =>
  `${prefixOf(shard)}${descending(epoch)}/${descending(seq)}/${hash}`;

function parseKey(shard: number, key: string): Omit<Checkpoint, "state"> | undefined {
  const [epoch, seq, hash = ""] = key.slice(prefixOf(shard).length).split("/");
  const anchor = { shard, epoch: ascending(epoch), seq: ascending(seq), hash };
  return keyOf(anchor) === key ? anchor : undefined;
}

const sha256 = (text: string): string => digest("sha256", text, "hex");

export function openCheckpoints(objects: ObjectStore): CheckpointStore {
  return {
    async save(checkpoint, signal) {
      if (checkpoint.index !== undefined && checkpoint.index !== null) {
        throw new RangeError(`a checkpoint covers whole records, not ${checkpoint.index} events of one`);
      }
      const { state } = checkpoint;
      await objects.put(keyOf(checkpoint), `${sha256(state)}\n${state}`, signal);
    },

    async markCut(shard, end, by, signal) {
      let marked = 0;
      for await (const key of listAll(objects, prefixOf(shard), signal)) {
        const anchor = parseKey(shard, key);
        const isWhole = anchor?.epoch === end.epoch && anchor.seq === end.seq && end.index === null;
        if (!anchor || isWhole || isBefore(anchor, end)) continue;
        await objects.put(`cut-${key}`, `${by}\n`, signal);
        marked += 1;
      }
      return marked;
    },

    async newestValid(store, shard, { to, known, signal } = {}) {
      let newest = known;
      for await (const key of listAll(objects, prefixOf(shard), signal)) {
        const anchor = parseKey(shard, key);
        if (!anchor || (to && isBefore(to, anchor))) continue;
        newest ??= await findNewestEpoch(store, shard, { hint: anchor.epoch, signal });
        const cursor = await behind(store, newest, anchor, signal);
        if (cursor === undefined) continue;
        const body = (await objects.get(key, signal)) ?? "";
        const state = body.slice(body.indexOf("\n") + 1);
        if (body === `${sha256(state)}\n${state}`) return { ...anchor, state, cursor };
      }
      return undefined;
    },
  };
}

/** Undefined: the valid log has no such record. */
async function behind(
  store: JournalStore,
  newest: Known,
  anchor: Anchor,
  signal?: AbortSignal,
): Promise<Cursor | undefined> {
  try {
    return await cursorAt(store, newest, anchor, { signal });
  } catch (error) {
    if (error instanceof NotInLogError) return undefined;
    throw error;
  }
}
