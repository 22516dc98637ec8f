/** Verifying: each record hashes to what it says, follows the one before it, and time never goes back. */
import { TamperedError } from "./errors.ts";
import { hashEpochStart, hashRecord, ORIGIN_HASH } from "./hash.ts";
import type { JournalRecord, Opening } from "./model.ts";

/** The end of what has been verified: what the next record must chain to. */
export interface Link {
  /** Hash of the last valid record (ORIGIN_HASH: none yet): the base of a next epoch. */
  readonly hash: string;
  readonly ts: number;
  /** What the next record's `prevHash` must be. */
  readonly expected: string;
}

export const ORIGIN_LINK: Link = { hash: ORIGIN_HASH, ts: 0, expected: "" };

export const linkAfter = ({ hash, ts }: Pick<JournalRecord, "hash" | "ts">): Link => ({
  hash,
  ts,
  expected: hash,
});

/** Crosses into an epoch whose base is the record at `link`. */
export const enterEpoch = (link: Link, opening: Opening): Link => ({
  ...link,
  expected: hashEpochStart(opening, link.hash),
});

export function extend(link: Link, record: JournalRecord): Link {
  const wrong = (why: string) => new TamperedError(record.shard, record, why);
  if (record.prevHash !== link.expected) throw wrong("the record does not chain to the one before it");
  if (hashRecord(record) !== record.hash) throw wrong("the record does not hash to its hash");
  if (record.ts < link.ts)
    throw wrong(`the record's time ${record.ts} is before its predecessor's ${link.ts}`);
  return linkAfter(record);
}
