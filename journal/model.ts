/** What the journal consists of. Shapes only: the rules that keep them true are in `protocol.ts`. */
import type { OnOff, Region } from "../components/model.ts";

/** A place in one shard's log. `seq` counts from 1 over all epochs; no two epochs acknowledge the same one. */
export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

/** A place between events: the first `index` events of record `seq` belong to what lies before. */
export interface EventPosition extends Position {
  /** `null`: the whole record. */
  readonly index: number | null;
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

export type SealReason = "start" | "failover" | "halt" | "cut" | "move" | "resume";

/** Ends the log of `epoch` at `seq` and opens `epoch + 1`, which belongs to `region` (and `writer`, unless null). */
export interface Seal extends Position {
  readonly kind: "seal";
  readonly shard: number;
  /** Where the valid log before this seal ends. */
  readonly base: EventPosition;
  readonly region: Region;
  /** Null: nobody may write in the new epoch; see `reason` for who may seal over it. */
  readonly writer: string | null;
  readonly generation: number;
  readonly reason: SealReason;
  /** The process or run that put it; distinguishes my seal from a rival's. */
  readonly sealer: string;
  readonly ts: number;
  readonly hash: string;
}

export type LogItem = JournalRecord | Seal;

/** The decision which region is active: one item, changed only by a put conditional on the generation. */
export interface RegionItem {
  readonly generation: number;
  readonly active: Region;
  /** The failover run that made the decision; null before the first. */
  readonly runId: string | null;
}

/** What a region's pods obey, read strongly every second. */
export interface ControlItem {
  readonly region: Region;
  readonly traffic: OnOff;
  readonly maintenance: OnOff;
}

/**
 * Layout of the one DynamoDB table. Key attributes: `pk` (string) and `sk` (number).
 * - records and seals of a shard's epoch: pk = `<shard>#<epoch>`, sk = seq
 * - the region item: pk = `region`, sk = 0; attributes `generation` (N), `active` (S), `runId` (S)
 * - control items: pk = `control#<region>`, sk = 0; attributes `traffic` (S), `maintenance` (S)
 *
 * An absent region item *is* the genesis decision: generation 0, the primary region of the config active.
 */
export const logKey = (shard: number, epoch: number): string => `${shard}#${epoch}`;
export const REGION_KEY = "region";
export const controlKey = (region: Region): string => `control#${region}`;
