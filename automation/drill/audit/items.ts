/**
 * The journal as the judge sees it: items of the table, and the hashes that documented format gives them. Written
 * from the format that `journal/hash.ts` and `journal/model.ts` document, not from the code that writes it: a judge that
 * shared code with the accused would share its mistakes.
 */
import { createHash } from "node:crypto";

export interface RecordItem {
  readonly kind: "record";
  readonly shard: number;
  readonly epoch: number;
  readonly seq: number;
  readonly writer: string;
  readonly ts: number;
  readonly prevHash: string;
  readonly hash: string;
  /** Number of events in the body. */
  readonly events: number;
  readonly body: string;
}

export interface SealItem {
  readonly kind: "seal";
  readonly shard: number;
  readonly epoch: number;
  readonly seq: number;
  /** Where the valid log ends that this seal leaves: all of record `seq`, or its first `index` events. */
  readonly base: { readonly epoch: number; readonly seq: number; readonly index: number | null };
  readonly region: string;
  readonly writer: string | null;
  readonly generation: number;
  readonly reason: string;
  readonly sealer: string;
  readonly ts: number;
  readonly prevHash: string;
  readonly hash: string;
}

export type TableItem = RecordItem | SealItem;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Before any record. */
export const NO_RECORD = "0".repeat(64);

export const genesisHash = (shard: number, primary: string): string =>
  sha256(JSON.stringify(["genesis", shard, primary]));

export const recordHash = (item: Omit<RecordItem, "hash" | "kind">): string => {
  const head = ["record", item.shard, item.epoch, item.seq, item.writer, item.ts, item.prevHash, item.events];
  return sha256(`${JSON.stringify(head)}\n${item.body}`);
};

export const sealHash = (item: Omit<SealItem, "hash" | "kind">): string => {
  const base = [item.base.epoch, item.base.seq, item.base.index];
  const decision = [item.region, item.writer, item.generation, item.reason, item.sealer, item.ts];
  return sha256(JSON.stringify(["seal", item.shard, item.epoch, item.seq, base, ...decision, item.prevHash]));
};

/** What the first record of an epoch names as its predecessor: the opening seal and the record it builds on. */
export const epochStartHash = (openingHash: string, base: SealItem["base"], baseHash: string): string =>
  sha256(JSON.stringify(["epoch", openingHash, base.epoch, base.seq, base.index, baseHash]));
