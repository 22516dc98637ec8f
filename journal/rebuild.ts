/** One shard's log, as it can be proven, put into a fresh table: the same items at the same places, then a halt. */
import type { Region } from "../components/model.ts";
import { findNewestEpoch } from "./epochs.ts";
import { TamperedError } from "./errors.ts";
import type { EventPosition, JournalRecord, LogItem, Opening } from "./model.ts";
import { isHalted, openedBy, PROTOCOL, samePlace } from "./protocol.ts";
import { type ProveOptions, proveLog } from "./prove.ts";
import type { Source } from "./prover.ts";
import { checkWindow, sealEpoch, sealTime } from "./seal.ts";
import type { JournalStore } from "./store.ts";

/** What became of a shard's records. */
export interface Rebuilt {
  readonly shard: number;
  /** Records kept, by what vouches for each. */
  readonly kept: Readonly<Record<Source, number>>;
  readonly events: number;
  /** Kept records that the table does not have as they were. */
  readonly rewritten: number;
  /** Of these, the first whose content is another, or gone; null: only chains were rewritten. */
  readonly forged: { readonly archived: JournalRecord; readonly stored: LogItem | undefined } | null;
  /** Records that nothing vouches for. */
  readonly refused: number;
  /** Where the log ends: behind its last record, or at a cut; seq 0: it is empty. */
  readonly end: EventPosition;
  /** That is by a cut whose seal could not be kept. */
  readonly isCutAnew: boolean;
}

export interface SurveyOptions extends ProveOptions {
  readonly onKept?: (item: LogItem) => Promise<void>;
  readonly onRefused?: (record: JournalRecord) => void;
}

/** What can be proven, without putting anything anywhere. Throws like `proveLog`. */
export async function surveyLog({ onKept, onRefused, ...options }: SurveyOptions): Promise<Rebuilt> {
  const kept = { archive: 0, chain: 0, proof: 0 };
  let [events, rewritten, refused] = [0, 0, 0];
  let forged: Rebuilt["forged"] = null;
  let [end, isCutAnew]: [EventPosition, boolean] = [{ epoch: 0, seq: 0, index: null }, false];
  for await (const proven of proveLog(options)) {
    if (proven.kind === "cut") [end, isCutAnew] = [proven.base, true];
    if (proven.kind === "refused") {
      refused += 1;
      onRefused?.(proven.record);
    }
    if (proven.kind !== "kept") continue;
    const { item, source, stored } = proven;
    await onKept?.(item);
    end = item.kind === "seal" ? item.base : { epoch: item.epoch, seq: item.seq, index: null };
    if (item.kind === "seal") continue;
    kept[source] += 1;
    events += item.events;
    if (stored?.hash === item.hash && sameContent(item, stored)) continue;
    rewritten += 1;
    if (forged === null && !sameContent(item, stored)) forged = { archived: item, stored };
  }
  return { shard: options.shard, kept, events, rewritten, forged, refused, end, isCutAnew };
}

/** But for the chain, which whoever forges one record must rewrite in all that follow. */
const sameContent = (a: JournalRecord, b: LogItem | undefined): boolean =>
  b?.kind === "record" &&
  a.body === b.body &&
  a.ts === b.ts &&
  a.events === b.events &&
  a.writer === b.writer;

export interface RebuildOptions extends Omit<SurveyOptions, "onKept"> {
  /** The fresh table, which nobody else knows yet. */
  readonly into: JournalStore;
  readonly region: Region;
  readonly generation: number;
  /** The run's id. */
  readonly sealer: string;
  readonly window: number;
  /** Told of every item that is put. */
  readonly onPut?: () => void;
}

const PUTS_IN_FLIGHT = 32;

/**
 * Safe to repeat, also after being killed half-way. Throws like `proveLog`, and TamperedError when the fresh table has
 * something else in a place.
 */
export async function rebuildLog(options: RebuildOptions): Promise<Rebuilt> {
  const { into, shard, signal, onPut } = options;
  let batch: LogItem[] = [];
  const put = async (item: LogItem) => {
    const { stored } = await into.put(item, signal);
    if (stored.hash !== item.hash)
      throw new TamperedError(shard, item, `the fresh table has the hash ${stored.hash}, not ${item.hash}`);
    onPut?.();
  };
  const flush = async () => {
    const items = batch;
    batch = [];
    await Promise.all(items.map(put));
  };
  const result = await surveyLog({
    ...options,
    async onKept(item) {
      batch.push(item);
      if (batch.length === PUTS_IN_FLIGHT) await flush();
    },
  });
  await flush();
  await halt(options, result.isCutAnew ? result.end : null);
  return result;
}

/** Halted as the old table was; by a cut, where one was made that could not be kept. */
async function halt(
  { into, shard, region, generation, sealer, window, signal }: RebuildOptions,
  cut: EventPosition | null,
): Promise<Opening> {
  const newest = await findNewestEpoch(into, shard, { signal });
  const { opening } = newest;
  const isMine = opening.region === region && opening.generation === generation && isHalted(opening);
  if (isMine && (cut === null || samePlace(opening.base, cut))) return opening;
  const draft = { region, writer: null, generation, sealer, ts: sealTime(into, newest) };
  const reason = cut === null ? "halt" : "cut";
  const seal = { ...draft, reason, ...(cut && { cut }) } as const;
  return openedBy(await sealEpoch(into, newest, seal, checkWindow(window), PROTOCOL, signal));
}
