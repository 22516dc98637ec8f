/** The write-ahead order journal: everything other folders may use. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { S3Client } from "@aws-sdk/client-s3";
import type { Region } from "../components/model.ts";
import type { Clock } from "./clock.ts";
import type { FencedError } from "./errors.ts";
import type {
  Acknowledgement,
  Anchor,
  ControlItem,
  EventPosition,
  JournalRecord,
  LogItem,
  Opening,
  Position,
  RegionItem,
  Seal,
  SealReason,
  ValidRecord,
} from "./model.ts";

export * from "./clock.ts";
export * from "./errors.ts";
export * from "./model.ts";

// INTERFACE FIRST: signatures below are stable; implementations replace `declare` within the hour.

/** What is stored at a position after a put settled. */
export interface Settled {
  readonly stored: LogItem;
  readonly answer: "stored" | "taken";
}
export interface Page {
  readonly items: readonly LogItem[];
  readonly more: boolean;
}

/** The journal's table, strong reads only; every write is repeated until its outcome is known. */
export interface JournalStore {
  readonly primary: Region;
  readonly clock: Clock;
  put(item: LogItem, signal?: AbortSignal): Promise<Settled>;
  read(
    shard: number,
    epoch: number,
    range: { from: number; limit?: number },
    signal?: AbortSignal,
  ): Promise<Page>;
  last(shard: number, epoch: number, signal?: AbortSignal): Promise<LogItem | undefined>;
  readRegionItem(signal?: AbortSignal): Promise<RegionItem>;
  bumpRegionItem(next: RegionItem, signal?: AbortSignal): Promise<RegionItem>;
  readControlItem(region: Region, signal?: AbortSignal): Promise<ControlItem | undefined>;
  writeControlItem(next: ControlItem, signal?: AbortSignal): Promise<void>;
}

export interface DynamoJournalOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Owner of the virtual epoch 0. */
  readonly primary: Region;
  readonly clock?: Clock;
  /** One attempt's limit, default 1,000 ms. */
  readonly attemptMilliseconds?: number;
  readonly onRetry?: (error: unknown, attempt: number) => void;
}
export declare function openDynamoJournal(options: DynamoJournalOptions): JournalStore;

/** The newest epoch of a shard. `end`: first position of it that holds no record. */
export interface NewestEpoch {
  readonly opening: Opening;
  readonly end: number;
}
export declare function findNewestEpoch(
  store: JournalStore,
  shard: number,
  options?: { hint?: number; signal?: AbortSignal },
): Promise<NewestEpoch>;

/** Last record of the valid log (`null`s and seq 0 when there is none yet). */
export interface Head extends Position {
  readonly hash: string;
  readonly ts: number;
}
/** The newest epoch and the last valid record; `head.ts` is the heartbeat's age. */
export declare function readHead(
  store: JournalStore,
  shard: number,
  options?: { hint?: number; signal?: AbortSignal },
): Promise<{ opening: Opening; head: Head }>;

/** Records of the valid log after `after` (from its beginning without), verified. Ends at the log's end or after `to`. */
export declare function readValid(
  store: JournalStore,
  shard: number,
  options?: { after?: Anchor; to?: Position; signal?: AbortSignal },
): AsyncGenerator<ValidRecord, void, undefined>;
/** The same, then the live tail until the signal aborts (then it returns). Throws NotInLogError when a cut takes back what was yielded. */
export declare function follow(
  store: JournalStore,
  shard: number,
  options: { after?: Anchor; signal: AbortSignal; intervalMilliseconds?: number },
): AsyncGenerator<ValidRecord, void, undefined>;
/** What lies behind a watermark: the gap of a projection. Throws NotInLogError when the watermark is not in the log. */
export declare function measureTail(
  store: JournalStore,
  shard: number,
  options?: { after?: Anchor; to?: Position; signal?: AbortSignal },
): Promise<{ records: number; events: number; head: Anchor | null }>;

export interface WriterOptions {
  readonly store: JournalStore;
  readonly shard: number;
  readonly region: Region;
  /** UUID of this process start. */
  readonly writer: string;
  /** Default 16, at most MAX_WINDOW. */
  readonly window?: number;
  /** An epoch known to have been reached (a checkpoint's). */
  readonly hint?: number;
  readonly signal?: AbortSignal;
}
export interface Writer {
  readonly shard: number;
  /** The epoch this writer opened; `opening.generation` is what `/active` compares. */
  readonly opening: Opening;
  /** The last acknowledged record; at first the base of the epoch. */
  readonly head: Head;
  /** When the last append began, by the journal's clock: heartbeat when idle for longer than you like. */
  readonly lastAppendAt: number;
  readonly hasRoom: boolean;
  /** Resolves when `hasRoom` (or the writer is fenced). */
  room(): Promise<void>;
  /**
   * Puts the next record; resolves, in order, when it and all before it are in the log. Rejects: BodyRefusedError (nothing put),
   * FencedError (never appended), UnknownOutcomeError (closed meanwhile). Throws when there is no room.
   */
  append(body: string, events: number): Promise<Acknowledgement>;
  /** Resolves when a journal operation begun after this call showed the epoch unsealed; rejects with FencedError. */
  confirm(): Promise<void>;
  /** Resolves with the error when this writer is fenced; never otherwise. */
  readonly fenced: Promise<FencedError>;
  /** Stops repeating puts; pending appends reject with UnknownOutcomeError. */
  close(): void;
}
/** Seals the newest epoch and opens the next for this process. Throws NotMyRegionError, HaltedError. */
export declare function openWriter(options: WriterOptions): Promise<Writer>;
/** Waits until the shard belongs to `region` and is not halted. */
export declare function waitForOwnership(options: {
  store: JournalStore;
  shard: number;
  region: Region;
  signal: AbortSignal;
  intervalMilliseconds?: number;
}): Promise<void>;

export interface FenceRequest {
  /** Who may start afterwards; for halt, cut and resume: the present owner. */
  readonly region: Region;
  readonly generation: number;
  readonly reason: Exclude<SealReason, "start">;
  /** The run's id. */
  readonly sealer: string;
  readonly window?: number;
  /** Only for `cut`: where the valid log shall end. */
  readonly cut?: EventPosition;
  readonly hint?: number;
  readonly signal?: AbortSignal;
}
export interface Fenced {
  /** The epoch now in force. */
  readonly opening: Opening;
  /** False: it had been done already. */
  readonly sealed: boolean;
  /** Where the valid log ends. */
  readonly base: EventPosition;
  /** Empty positions below the highest record when the sealing began. */
  readonly gapsAtSeal: number;
  /** Records beyond the seal, seen so far. */
  readonly orphans: number;
}
/** Seals a shard for `dr`; safe to repeat. Throws SupersededError, NotMyRegionError, HaltedError, NotInLogError (a cut outside the log). */
export declare function fence(store: JournalStore, shard: number, request: FenceRequest): Promise<Fenced>;
/** The last position before the first record with `ts` ≥ `timestamp`: a cut. Null: nothing to cut. */
export declare function findCut(
  store: JournalStore,
  shard: number,
  timestamp: number,
  options?: { after?: Anchor; signal?: AbortSignal },
): Promise<EventPosition | null>;

/** Named blobs: S3, or memory in tests. */
export interface ObjectStore {
  put(key: string, body: string): Promise<void>;
  get(key: string): Promise<string | undefined>;
  /** Keys under a prefix in ascending order, at most `limit`. */
  list(prefix: string, options?: { startAfter?: string; limit?: number }): Promise<readonly string[]>;
}
export declare function openS3Objects(options: {
  client: S3Client;
  bucket: string;
  prefix?: string;
}): ObjectStore;

export interface Checkpoint extends Anchor {
  readonly shard: number /** Opaque state text. */;
  readonly state: string;
}
export interface CheckpointStore {
  save(checkpoint: Checkpoint): Promise<void>;
  /** The newest whose hash is in the valid log; undefined: replay from the beginning. */
  newestValid(store: JournalStore, shard: number, signal?: AbortSignal): Promise<Checkpoint | undefined>;
}
export declare function openCheckpoints(objects: ObjectStore): CheckpointStore;

export interface ArchivedHead extends Anchor {
  readonly shard: number;
  readonly ts: number;
}
export interface Archive {
  /** Consecutive records of one shard. */
  saveSegment(shard: number, records: readonly JournalRecord[]): Promise<void>;
  saveHead(head: ArchivedHead): Promise<void>;
  heads(shard: number): AsyncGenerator<ArchivedHead, void, undefined>;
  records(shard: number): AsyncGenerator<JournalRecord, void, undefined>;
}
export declare function openArchive(objects: ObjectStore): Archive;
export type { Seal };
