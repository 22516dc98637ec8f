/** Requests over the sandbox's network, as the providers make them: they fail or wait as the fault switches say. */
import { type Faults, INTERNET, type Place, UnreachableError } from "../faults.ts";

/** Resolves when a request gets through to `place`; rejects when it is cut off, silent for too long, or cancelled. */
export type Reach = (place: Place, signal: AbortSignal) => Promise<void>;

/** The AWS SDKs retry far longer; a drill must not wait for them. */
export const UNREACHABLE_AFTER_MILLISECONDS = 20_000;

export function reachThrough(faults: Faults, unreachableAfterMilliseconds: number): Reach {
  return async (place, signal) => {
    if (place === "global") return;
    const patience = AbortSignal.timeout(unreachableAfterMilliseconds);
    try {
      await faults.pass(INTERNET, place, AbortSignal.any([signal, patience]));
    } catch (error) {
      signal.throwIfAborted();
      if (!patience.aborted) throw error;
      const waited = `no answer within ${unreachableAfterMilliseconds / 1000} s`;
      throw new UnreachableError(`${place} is unreachable from ${INTERNET}: ${waited}`);
    }
  };
}
