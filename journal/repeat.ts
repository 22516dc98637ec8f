/** Repeating an attempt until it answers: bounded attempts, growing pauses, one signal to end it all. */
import type { Clock } from "./clock.ts";

export const DEFAULT_ATTEMPT_MILLISECONDS = 1_000;
const FIRST_PAUSE_MILLISECONDS = 20;
const LONGEST_PAUSE_MILLISECONDS = 500;

export class AttemptTimeoutError extends Error {
  override readonly name = "AttemptTimeoutError";
}

export interface Repetition {
  readonly clock: Clock;
  readonly attemptMilliseconds: number;
  readonly onRetry: (error: unknown, attempt: number) => void;
}

/** A ready-made reason: without one each abort would build an exception with its stack. */
const SETTLED = new Error("the attempt has settled");

/** Runs one attempt; when it takes too long it is aborted, and rejects whether or not it obeys. */
async function bounded<T>(
  { clock, attemptMilliseconds }: Repetition,
  signal: AbortSignal | undefined,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const limit = clock.sleep(attemptMilliseconds, stop.signal).then(() => {
    throw new AttemptTimeoutError(`no answer within ${attemptMilliseconds} ms`);
  });
  try {
    return await Promise.race([attempt(stop.signal), limit]);
  } finally {
    signal?.removeEventListener("abort", abort);
    stop.abort(SETTLED);
  }
}

/** Repeats until it answers. Rejects with the signal's reason, or with an error for which `isFinal`. */
export async function repeat<T>(
  repetition: Repetition,
  signal: AbortSignal | undefined,
  attempt: (signal: AbortSignal) => Promise<T>,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<T> {
  for (let count = 1; ; count += 1) {
    signal?.throwIfAborted();
    try {
      return await bounded(repetition, signal, attempt);
    } catch (error) {
      signal?.throwIfAborted();
      if (isFinal(error)) throw error;
      repetition.onRetry(error, count);
    }
    const pause = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (count - 1), LONGEST_PAUSE_MILLISECONDS);
    await repetition.clock.sleep(pause, signal);
  }
}
