/**
 * A standby follows the log of a living writer, which appends at least a heartbeat, and takes over when it hears
 * nothing. Suspecting a writer that lives is no danger: taking over is sealing, as every start is.
 */

import type { Clock } from "./clock.ts";
import type { Cursor } from "./cursor.ts";
import { findNewestEpoch } from "./epochs.ts";
import type { Opening, ValidRecord } from "./model.ts";
import { PROTOCOL } from "./protocol.ts";
import { DEFAULT_POLL_MILLISECONDS } from "./read.ts";
import { sealEpoch, sealTime } from "./seal.ts";
import type { JournalStore } from "./store.ts";
import type { Writer } from "./writer.ts";

export interface StandbyOptions {
  readonly clock: Clock;
  /** What it follows. */
  readonly cursor: Cursor;
  readonly signal: AbortSignal;
  /** Gets every record behind it, in order. */
  readonly fold: (valid: ValidRecord) => void;
  /** How long the writer of an epoch may be silent before it counts as dead; 0: it is not waited for at all. */
  readonly patienceMilliseconds: (opening: Opening) => number;
  /** Told whenever an epoch's writer is found to be waited for. */
  readonly following?: (opening: Opening) => void;
}

/**
 * Resolves with the epoch that may be sealed: it names no writer, or that one was silent for as long as its patience.
 * Only reads that were answered count as silence: who cannot read, or was frozen, has not listened.
 */
export async function awaitSilence(options: StandbyOptions): Promise<number> {
  const { clock, cursor, signal, fold, patienceMilliseconds, following } = options;
  for (let silent: number | undefined; ; ) {
    for await (const valid of cursor.read()) fold(valid);
    const { opening } = cursor.place;
    const patience = opening.writer === null ? 0 : patienceMilliseconds(opening);
    if (patience === 0 || opening.epoch === silent) return opening.epoch;
    following?.(opening);
    const silence = new Silence(() => clock.now(), patience);
    const waitForMore = async ({ epoch }: Opening): Promise<boolean> => {
      if (epoch !== opening.epoch || silence.isProven()) return false;
      await clock.sleep(DEFAULT_POLL_MILLISECONDS, signal);
      return true;
    };
    for await (const valid of cursor.read(waitForMore)) {
      fold(valid);
      silence.broken();
    }
    // The next epoch's writer may have nothing to say yet: only an epoch that is still the newest was silent.
    silent = opening.epoch;
  }
}

/** Proven by a read that began after the time was up: the one before may have been answered long after it was made. */
class Silence {
  readonly #now: () => number;
  readonly #patience: number;
  #since: number;
  #isSuspected = false;

  constructor(now: () => number, patience: number) {
    this.#now = now;
    this.#patience = patience;
    this.#since = now();
  }

  broken(): void {
    this.#since = this.#now();
    this.#isSuspected = false;
  }

  /** Ask when a read has found nothing. */
  isProven(): boolean {
    const isOver = this.#now() - this.#since >= this.#patience;
    const isProven = isOver && this.#isSuspected;
    this.#isSuspected = isOver;
    return isProven;
  }
}

/**
 * Ends the writer's epoch and names nobody for the next: whoever starts need not wait for silence. Only once all is
 * acknowledged; what is in flight would become unknown.
 */
export async function resign(
  store: JournalStore,
  writer: Pick<Writer, "shard" | "opening">,
  window: number,
  signal?: AbortSignal,
): Promise<void> {
  const { shard, opening } = writer;
  const newest = await findNewestEpoch(store, shard, { hint: opening.epoch, signal });
  if (newest.opening.epoch !== opening.epoch) return;
  const { region, generation, writer: sealer } = opening;
  const draft = { region, writer: null, generation, reason: "start" as const, sealer: sealer ?? "" };
  const ts = sealTime(store, newest);
  await sealEpoch(store, newest, { ...draft, ts }, window, PROTOCOL, signal);
}
