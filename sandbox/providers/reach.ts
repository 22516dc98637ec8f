/** Requests over the sandbox's network, as the providers make them: they fail or wait as the fault switches say. */
import { type Faults, INTERNET, type Place, UnreachableError } from "../faults.ts";

/** Resolves when a request gets through to `place`; rejects when it is cut off, silent for too long, or cancelled. */
export type Reach = (place: Place, signal: AbortSignal) => Promise<void>;

/** The AWS SDKs retry far longer; a drill must not wait for them. */
export const UNREACHABLE_AFTER_MILLISECONDS = 20_000;

export const reachThrough =
  (faults: Faults, unreachableAfterMilliseconds: number): Reach =>
  (place, signal) => {
    const waited = `no answer within ${unreachableAfterMilliseconds / 1000} s`;
    const silence = new UnreachableError(`${place} is unreachable from ${INTERNET}: ${waited}`);
    return within(unreachableAfterMilliseconds, silence, signal, (bounded) =>
      faults.pass(INTERNET, place, bounded),
    );
  };

/** Acts with a signal that aborts with `lateness` after that time, or with the caller's reason. */
export async function within<T>(
  milliseconds: number,
  lateness: Error,
  signal: AbortSignal,
  act: (bounded: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const cancel = () => controller.abort(signal.reason);
  const timer = setTimeout(() => controller.abort(lateness), milliseconds);
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    return await act(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}
