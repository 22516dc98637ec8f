/**
 * The canonical encoding and its SHA-256: what makes a record the same bytes everywhere, and an edit visible.
 */
import { hash as digest } from "node:crypto";
import type { Region } from "../components/model.ts";
import type { JournalRecord, Opening, Seal } from "./model.ts";

const sha256 = (text: string): string => digest("sha256", text, "hex");

/** Stands where the hash of a base record would, when the valid log before an epoch is empty. */
export const ORIGIN_HASH = "0".repeat(64);

/**
 * The body stays outside the JSON: escaping 64 KiB costs more than hashing it. JSON has no raw line feed, so
 * this is unambiguous.
 */
export const hashRecord = (record: Omit<JournalRecord, "hash">): string => {
  const { shard, epoch, seq, writer, ts, prevHash, events, body } = record;
  return sha256(`${JSON.stringify(["record", shard, epoch, seq, writer, ts, prevHash, events])}\n${body}`);
};

export const hashSeal = (seal: Omit<Seal, "hash">): string => {
  const { shard, epoch, seq, base, region, writer, generation, reason, sealer, ts, prevHash } = seal;
  const from = [base.epoch, base.seq, base.index];
  return sha256(
    JSON.stringify([
      "seal",
      shard,
      epoch,
      seq,
      from,
      region,
      writer,
      generation,
      reason,
      sealer,
      ts,
      prevHash,
    ]),
  );
};

export const hashGenesis = (shard: number, primary: Region): string =>
  sha256(JSON.stringify(["genesis", shard, primary]));

/**
 * What the first record of an epoch chains to: the seal that opened it, and the record where the valid log
 * before it ends, which a seal cannot cover itself (those put in parallel beyond a gap do not know it yet).
 */
export const hashEpochStart = (opening: Opening, baseHash: string): string => {
  const { epoch, seq, index } = opening.base;
  return sha256(JSON.stringify(["epoch", opening.hash, epoch, seq, index, baseHash]));
};
