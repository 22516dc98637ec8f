/** Putting seals until one decides. The shell of `sealPositions` and `decidedSeal`. */
import type { NewestEpoch } from "./epochs.ts";
import { MAX_WINDOW, type Seal } from "./model.ts";
import { decidedSeal, type Rules, type SealDraft, sealAt } from "./protocol.ts";
import type { JournalStore } from "./store.ts";

export function checkWindow(window: number): number {
  if (Number.isInteger(window) && window >= 1 && window <= MAX_WINDOW) return window;
  throw new RangeError(
    `the journal's window is ${window}: it must be a whole number from 1 to ${MAX_WINDOW}`,
  );
}

/**
 * `max(clock, what the log knows)`: a seal is never older than what it seals, as far as this process has
 * seen.
 */
export const sealTime = (store: JournalStore, { opening, last }: NewestEpoch): number =>
  Math.max(store.clock.now(), opening.ts, last?.ts ?? 0);

/** Seals the newest epoch; returns the seal that decided, which may be a rival's. */
export async function sealEpoch(
  store: JournalStore,
  newest: NewestEpoch,
  draft: SealDraft,
  window: number,
  rules: Rules,
  signal?: AbortSignal,
): Promise<Seal> {
  let { end, highest } = newest;
  for (;;) {
    const positions = rules.sealPositions({ end, highest }, window);
    const puts = positions.map((seq) => store.put(sealAt(draft, newest.opening, seq), signal));
    const taken = await Promise.all(puts);
    const decided = decidedSeal(taken.map(({ stored }) => stored));
    if (decided) return decided;
    end += positions.length;
    highest = end;
  }
}
