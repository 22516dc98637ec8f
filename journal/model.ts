/** What the journal consists of. Shapes only: the rules that keep them true are in `protocol.ts`. */
import type { OnOff, Region } from "../components/model.ts";

/**
 * A place in one shard's log. `seq` counts from 1 over all epochs; no two epochs acknowledge the same one.
 */
export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

/** A place between events: the first `index` events of record `seq` belong to what lies before. */
export interface EventPosition extends Position {
  /** `null`: the whole record. */
  readonly index: number | null;
}

/** A place whose content is known: what checkpoints, watermarks and archived heads hold. */
export interface Anchor extends Position {
  /** Hash of the record at that place, lowercase hex SHA-256. */
  readonly hash: string;
  /** Set where a cut left only the first `index` events of the record; absent or null: all of it. */
  readonly index?: number | null;
}

/** What a client holds as proof of its order. `hash` is lowercase hex SHA-256. */
export interface Acknowledgement extends Position {
  readonly shard: number;
  readonly hash: string;
}

/** One numbered entry of a log; immutable once put anywhere. */
export interface JournalRecord extends Acknowledgement {
  readonly kind: "record";
  /** UUID of the process start that wrote it. */
  readonly writer: string;
  /** Milliseconds since 1970, `max(clock, last ts of the log)`. */
  readonly ts: number;
  readonly prevHash: string;
  /** Number of events in `body`, so that a cut may name one without reading the body. */
  readonly events: number;
  /** Canonical text of the commands with their events, opaque to the journal, at most 64 KiB. */
  readonly body: string;
}

export const SEAL_REASONS = ["start", "failover", "halt", "cut", "move", "resume"] as const;
export type SealReason = (typeof SEAL_REASONS)[number];

/**
 * Ends the log of `epoch` at `seq` and opens `epoch + 1`, which belongs to `region` (and `writer`, unless
 * null).
 */
export interface Seal extends Position {
  readonly kind: "seal";
  readonly shard: number;
  /** Where the valid log before this seal ends: a record, or `{epoch: 0, seq: 0}` when there is none. */
  readonly base: EventPosition;
  readonly region: Region;
  /** Null: nobody may write in the new epoch; see `reason` for who may seal over it. */
  readonly writer: string | null;
  readonly generation: number;
  readonly reason: SealReason;
  /** The process or run that put it; distinguishes my seal from a rival's. */
  readonly sealer: string;
  readonly ts: number;
  /** Hash of the seal that opened `epoch` (of the genesis for epoch 0): seals chain too. */
  readonly prevHash: string;
  readonly hash: string;
}

export type LogItem = JournalRecord | Seal;

/** What a put came to: the item now stored at its position, its own or another's. */
export interface Settled {
  readonly stored: LogItem;
  /** `taken`: the condition failed, which one's own earlier attempt may have caused. */
  readonly answer: "stored" | "taken";
}

/** Part of an epoch in ascending order. */
export interface Page {
  readonly items: readonly LogItem[];
  /** Items may follow. */
  readonly more: boolean;
}

/**
 * An epoch as its opening seal made it. Epoch 0 is virtual: opened by no seal, owned by the primary region.
 */
export interface Opening {
  readonly shard: number;
  readonly epoch: number;
  /** First sequence number of the epoch: the position of the seal that opened it. */
  readonly first: number;
  readonly base: EventPosition;
  readonly region: Region;
  readonly writer: string | null;
  readonly generation: number;
  readonly reason: SealReason | "genesis";
  readonly sealer: string | null;
  readonly ts: number;
  readonly hash: string;
}

/** A record of the valid log, of which the first `upTo` events count (all, unless a cut ends inside it). */
export interface ValidRecord {
  readonly record: JournalRecord;
  readonly upTo: number;
}

/** The decision which region is active: one item, changed only by a put conditional on the generation. */
export interface RegionItem {
  readonly generation: number;
  readonly active: Region;
  /** The failover run that made the decision; null before the first. */
  readonly runId: string | null;
}

/**
 * Where the writer of a shard answers, as it says itself. A hint and nothing more: whoever is asked must still hold the
 * newest epoch to answer.
 */
export interface EngineItem {
  readonly shard: number;
  readonly epoch: number;
  readonly region: Region;
  /** Base URL inside the region, `http://10.10.12.7:8080`. */
  readonly url: string;
}

/** What a region's pods obey, read strongly every second. */
export interface ControlItem {
  readonly region: Region;
  readonly traffic: OnOff;
  readonly maintenance: OnOff;
}

/** A record's body is refused above this, in bytes of UTF-8. */
export const MAX_BODY_BYTES = 65_536;
/** Unacknowledged puts in flight per writer. */
export const DEFAULT_WINDOW = 16;
/** No writer or sealer may use a larger window: readers look back this far for an epoch's end. */
export const MAX_WINDOW = 64;

/**
 * Layout of the one DynamoDB table. Key attributes: `pk` (string) and `sk` (number).
 * - records and seals of a shard's epoch: pk = `<shard>#<epoch>`, sk = seq
 * - the region item: pk = `region`, sk = 0; attributes `generation` (N), `active` (S), `runId` (S)
 * - control items: pk = `control#<region>`, sk = 0; attributes `traffic` (S), `maintenance` (S)
 * - engine items: pk = `engine#<shard>`, sk = 0; attributes `epoch` (N), `region` (S), `url` (S)
 *
 * An absent region item *is* the genesis decision: generation 0, the primary region of the config active.
 */
export const logKey = (shard: number, epoch: number): string => `${shard}#${epoch}`;
export const REGION_KEY = "region";
export const engineKey = (shard: number): string => `engine#${shard}`;
export const controlKey = (region: Region): string => `control#${region}`;
