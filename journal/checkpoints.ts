/**
 * Folded states, named by the record they cover. A checkpoint proves nothing by itself: the bucket may lag,
 * hold what was cut since, or what was never log. It is used only if the valid log has a record with its hash
 * at its place.
 */
import { hash as digest } from "node:crypto";
import { findNewestEpoch, type NewestEpoch, pathTo } from "./epochs.ts";
import { NotInLogError } from "./errors.ts";
import type { Anchor, EventPosition, Position } from "./model.ts";
import { listAll, type ObjectStore } from "./objects.ts";
import { isBefore } from "./protocol.ts";
import type { JournalStore } from "./store.ts";
import { walkBehind } from "./walk.ts";

export interface Checkpoint extends Anchor {
  readonly shard: number;
  /** Opaque to the journal. */
  readonly state: string;
}

export interface CheckpointStore {
  /** Save only acknowledged state, of whole records. */
  save(checkpoint: Checkpoint, signal?: AbortSignal): Promise<void>;
  /**
   * Marks those behind `end`, which a cut has made worthless, for whoever looks into the bucket: `newestValid` passes
   * them over without it, because no record of the valid log has their hash. Returns how many.
   */
  markCut(shard: number, end: EventPosition, by: string, signal?: AbortSignal): Promise<number>;
  /** The newest that holds, not beyond `to`; undefined: replay from the beginning. */
  newestValid(
    store: JournalStore,
    shard: number,
    signal?: AbortSignal,
    to?: Position,
  ): Promise<Checkpoint | undefined>;
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

    async newestValid(store, shard, signal, to) {
      let newest: NewestEpoch | undefined;
      for await (const key of listAll(objects, prefixOf(shard), signal)) {
        const anchor = parseKey(shard, key);
        if (!anchor || (to && isBefore(to, anchor))) continue;
        newest ??= await findNewestEpoch(store, shard, { hint: anchor.epoch, signal });
        if (!(await isInLog(store, newest, anchor, signal))) continue;
        const body = (await objects.get(key, signal)) ?? "";
        const state = body.slice(body.indexOf("\n") + 1);
        if (body === `${sha256(state)}\n${state}`) return { ...anchor, state };
      }
      return undefined;
    },
  };
}

async function isInLog(
  store: JournalStore,
  newest: NewestEpoch,
  anchor: Anchor,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    const [segment] = await pathTo(store, newest.opening, anchor.epoch, signal);
    await walkBehind(store, segment, newest, anchor, { signal });
    return true;
  } catch (error) {
    if (error instanceof NotInLogError) return false;
    throw error;
  }
}
