/**
 * Which of the table's items are the log. An epoch's log runs from the position of the seal that opened it up to
 * its first seal; a position without an item ends it too. What lies beyond was never acknowledged: orphans.
 */
import {
  epochStartHash,
  genesisHash,
  NO_RECORD,
  type RecordItem,
  recordHash,
  type SealItem,
  sealHash,
  type TableItem,
} from "./items.ts";

export interface ValidRecord {
  readonly item: RecordItem;
  /** Of its events, how many count: all, unless a cut ends inside it. */
  readonly events: number;
}

export interface ValidLog {
  readonly shard: number;
  readonly records: readonly ValidRecord[];
  /** Seals that decided, oldest first. */
  readonly seals: readonly SealItem[];
  /** Positions that were empty, below a record, when a region's or run's seal was put. */
  readonly gapsAtSeal: number;
  readonly orphans: number;
  /** In words: hashes that are wrong, links that do not hold, holes. Empty in a sound log. */
  readonly broken: readonly string[];
}

/** @param primary region that owns the shard before its first seal */
export function validLog(items: readonly TableItem[], shard: number, primary: string): ValidLog {
  const epochs = partitions(items.filter((item) => item.shard === shard));
  const broken: string[] = [];
  const seals: SealItem[] = [];
  let records: ValidRecord[] = [];
  let gapsAtSeal = 0;
  let orphans = 0;
  let epoch = 0;
  let first = 1;
  let openingHash = genesisHash(shard, primary);
  let expected = "";
  let lastTs = 0;

  for (;;) {
    const partition = epochs.get(epoch) ?? new Map<number, TableItem>();
    let seq = first;
    let item = partition.get(seq);
    for (; item?.kind === "record"; item = partition.get(++seq)) {
      const where = `shard ${shard} epoch ${epoch} seq ${seq}`;
      if (recordHash(item) !== item.hash) broken.push(`${where}: the record does not hash to its hash`);
      if (item.prevHash !== expected) broken.push(`${where}: the record does not name the one before it`);
      if (item.ts < lastTs) broken.push(`${where}: time goes back from ${lastTs} to ${item.ts}`);
      records.push({ item, events: item.events });
      expected = item.hash;
      lastTs = item.ts;
    }
    const beyond = [...partition.values()].filter((other) => other.seq > seq);
    if (item === undefined) {
      const lost = beyond.find((other) => other.kind === "seal");
      if (lost) broken.push(`shard ${shard} epoch ${epoch} seq ${seq}: empty below the seal at ${lost.seq}`);
      return { shard, records, seals, gapsAtSeal, orphans, broken };
    }

    const stray = beyond.filter((other) => other.kind === "record");
    const highest = Math.max(0, ...stray.map((other) => other.seq));
    gapsAtSeal += [item, ...beyond].filter((other) => other.kind === "seal" && other.seq < highest).length;
    orphans += stray.length;
    broken.push(...faultsOf(item, openingHash, records, first));
    seals.push(item);
    records = upTo(records, item.base);
    const last = records.at(-1)?.item;
    expected = epochStartHash(item.hash, item.base, last?.hash ?? NO_RECORD);
    openingHash = item.hash;
    epoch++;
    first = item.seq;
  }
}

function partitions(items: readonly TableItem[]): Map<number, Map<number, TableItem>> {
  const epochs = new Map<number, Map<number, TableItem>>();
  for (const item of items) {
    const partition = epochs.get(item.epoch) ?? new Map<number, TableItem>();
    epochs.set(item.epoch, partition.set(item.seq, item));
  }
  return epochs;
}

function faultsOf(
  seal: SealItem,
  openingHash: string,
  records: readonly ValidRecord[],
  first: number,
): string[] {
  const where = `shard ${seal.shard} epoch ${seal.epoch} seq ${seal.seq}`;
  const faults: string[] = [];
  if (sealHash(seal) !== seal.hash) faults.push(`${where}: the seal does not hash to its hash`);
  if (seal.prevHash !== openingHash) {
    faults.push(`${where}: the seal does not name the one that opened its epoch`);
  }
  const last = records.at(-1)?.item;
  const { base } = seal;
  const takesAll = base.index === null && base.epoch === (last?.epoch ?? 0) && base.seq === (last?.seq ?? 0);
  if (seal.reason !== "cut" && !takesAll) {
    faults.push(`${where}: the seal's base ${base.epoch}.${base.seq} is not the end of the log (${first})`);
  }
  return faults;
}

function upTo(records: readonly ValidRecord[], base: SealItem["base"]): ValidRecord[] {
  return records
    .filter(({ item }) => item.epoch < base.epoch || (item.epoch === base.epoch && item.seq <= base.seq))
    .map((record) => {
      const isLast = record.item.epoch === base.epoch && record.item.seq === base.seq;
      return isLast && base.index !== null ? { ...record, events: base.index } : record;
    });
}
