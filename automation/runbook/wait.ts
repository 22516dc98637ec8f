/** Waiting for the world: looks again and again until it is as wanted, says what for, and gives up in time. */
import type { Clock } from "./clock.ts";

export interface WaitOptions {
  readonly clock: Clock;
  readonly limitMilliseconds: number;
  readonly intervalMilliseconds: number;
  readonly signal: AbortSignal;
  readonly say: (message: string) => void;
}

/** Another look is needed. */
export interface NotYet {
  readonly waitingFor: string;
}

export class TimedOutError extends Error {
  override readonly name = "TimedOutError";
}

const isNotYet = (value: unknown): value is NotYet =>
  typeof value === "object" && value !== null && "waitingFor" in value;

/**
 * Resolves with the first look that is not a `NotYet`. A look that throws ends the wait: what may pass must be
 * turned into a `NotYet` by the look itself.
 * @throws TimedOutError naming what was missing at the end
 */
export async function until<T extends object>(
  look: () => Promise<T | NotYet>,
  { clock, limitMilliseconds, intervalMilliseconds, signal, say }: WaitOptions,
): Promise<Exclude<T, NotYet>> {
  const started = clock.monotonic();
  for (;;) {
    const seen = await look();
    if (!isNotYet(seen)) return seen as Exclude<T, NotYet>;
    signal.throwIfAborted();
    if (clock.monotonic() - started > limitMilliseconds) {
      throw new TimedOutError(
        `gave up after ${Math.round(limitMilliseconds / 1000)} s waiting for ${seen.waitingFor}`,
      );
    }
    say(`waiting for ${seen.waitingFor}`);
    await clock.sleep(intervalMilliseconds, signal);
  }
}
