/** An engine's start: seal the newest epoch, open the next one for this process. */
import type { Region } from "../components/model.ts";
import { advance, baseHead, type FindOptions, findNewestEpoch, type NewestEpoch, startOf } from "./epochs.ts";
import { HaltedError, NotMyRegionError, OvertakenError } from "./errors.ts";
import { hashEpochStart } from "./hash.ts";
import { DEFAULT_WINDOW, type Opening, type Seal } from "./model.ts";
import { decideStart, openedBy, PROTOCOL, type Rules } from "./protocol.ts";
import { DEFAULT_POLL_MILLISECONDS } from "./read.ts";
import { checkWindow, sealEpoch, sealTime } from "./seal.ts";
import type { JournalStore } from "./store.ts";
import { EpochWriter, type Writer } from "./writer.ts";

export interface WriterOptions extends FindOptions {
  readonly store: JournalStore;
  readonly shard: number;
  readonly region: Region;
  /** A UUID of this process start: never used for two writers. */
  readonly writer: string;
  /** Puts in flight; default 16, at most MAX_WINDOW. */
  readonly window?: number;
  /** Seal this epoch and no newer one, whose writer nobody has waited for; absent: whichever is the newest. */
  readonly over?: number;
}

/**
 * Seals until a deciding seal is its own: without `over` a rival that comes first is fenced in turn, with it the rival
 * keeps the shard (OvertakenError). Throws NotMyRegionError and HaltedError. What to replay before the first append ends at
 * `head`: read no further (`readValid(…, {to: head})`), for a rival may have opened the next epoch by then.
 */
export async function openWriter(options: WriterOptions, rules: Rules = PROTOCOL): Promise<Writer> {
  const { store, shard, region, writer, over, signal } = options;
  const window = checkWindow(options.window ?? DEFAULT_WINDOW);
  for (let { hint, known } = options; ; ) {
    const newest = await findNewestEpoch(store, shard, { hint, known, signal });
    refuseStart(newest.opening, region);
    const { epoch } = newest.opening;
    if (over !== undefined && epoch !== over) throw new OvertakenError(shard, epoch, over);
    const ts = sealTime(store, newest);
    const { generation } = newest.opening;
    const draft = { region, writer, generation, reason: "start" as const, sealer: writer, ts };
    const seal = await sealEpoch(store, newest, draft, window, rules, signal);
    if (seal.sealer === writer) return await writerBehind(seal, { store, newest, window, rules, signal });
    known = startOf(openedBy(seal));
  }
}

export interface OwnSeal {
  readonly store: JournalStore;
  /** What it sealed, as it was seen before. */
  readonly newest: NewestEpoch;
  readonly window: number;
  readonly rules: Rules;
  readonly signal?: AbortSignal | undefined;
}

/** The writer of the epoch that its own seal has opened. */
export async function writerBehind(
  seal: Seal,
  { store, newest, window, rules, signal }: OwnSeal,
): Promise<Writer> {
  const opening = openedBy(seal);
  const head = await baseHead(store, opening, signal, newest.last);
  const prevHash = hashEpochStart(opening, head.hash);
  const { sealer: writer } = seal;
  return new EpochWriter({ store, opening, head, next: opening.first, prevHash, writer, window, rules });
}

function refuseStart(opening: Opening, region: Region): void {
  const decision = decideStart(opening, region);
  if (decision.act !== "refuse") return;
  if (decision.why === "halted") throw new HaltedError(opening.shard, opening.sealer);
  throw new NotMyRegionError(opening.shard, opening.region, region);
}

export interface OwnershipOptions {
  readonly store: JournalStore;
  readonly shard: number;
  readonly region: Region;
  readonly signal: AbortSignal;
  readonly intervalMilliseconds?: number;
  /** Told at every look what the shard's newest epoch is instead. */
  readonly waiting?: (opening: Opening) => void;
}

/** Resolves when an engine of this region may start, with what it saw; rejects with the signal's reason. */
export async function waitForOwnership(options: OwnershipOptions): Promise<NewestEpoch> {
  const { store, shard, region, signal, intervalMilliseconds = DEFAULT_POLL_MILLISECONDS } = options;
  let newest = await findNewestEpoch(store, shard, { signal });
  while (decideStart(newest.opening, region).act !== "seal") {
    options.waiting?.(newest.opening);
    await store.clock.sleep(intervalMilliseconds, signal);
    newest = await advance(store, newest, signal);
  }
  return newest;
}
