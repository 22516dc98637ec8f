/**
 * Open-loop load: when requests leave is decided without looking at answers, so that an outage cannot slow down
 * the very requests that would have measured it (coordinated omission).
 */
import { type Random, random } from "./random.ts";

export interface Arrival {
  /** Milliseconds after the start. */
  readonly at: number;
  /** Index of the client whose turn it is. */
  readonly client: number;
}

/**
 * Orders come in bursts, as on a market. Within one they follow each other so closely that a journal has several
 * appends in flight: a loss that met only one would not show what becomes of a pipeline.
 */
export const MEAN_BURST = 24;
const SPACING_MILLISECONDS = 3;
/** At high rates bursts would run into each other: they fill at most this share of the time. */
const LARGEST_BURST_SHARE = 0.5;

/** Endless arrivals of `rate` per second in total, in bursts at random moments, each by a random client. */
export function* arrivals(rate: number, clients: number, seed: number): Generator<Arrival, never> {
  const source: Random = random(seed);
  const period = 1_000 / rate;
  const spacing = Math.min(SPACING_MILLISECONDS, LARGEST_BURST_SHARE * period);
  let at = 0;
  for (;;) {
    at += source.exponential(1 / (MEAN_BURST * (period - spacing)));
    const size = source.integer(1, 2 * MEAN_BURST - 1);
    for (let index = 0; index < size; index++) {
      at += source.exponential(1 / spacing);
      yield { at, client: source.integer(0, clients - 1) };
    }
  }
}

export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Calls back once, after that many milliseconds; returns how to call it off. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Milliseconds since 1970 that never step back: the wall clock at the start of the process, then monotonic. */
export const wallClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (milliseconds, callback) => {
    // Timers take whole milliseconds and would round down: too early.
    const timer = setTimeout(callback, Math.max(0, Math.ceil(milliseconds)));
    return () => clearTimeout(timer);
  },
};

/**
 * Calls `send` for each arrival at its time, all overdue ones at once. `intended` is the scheduled time, however
 * late the call comes.
 * @returns how to stop
 */
export function follow(
  schedule: Iterator<Arrival, unknown>,
  clock: Clock,
  send: (client: number, intended: number) => void,
): () => void {
  const start = clock.now();
  let stopped = false;
  let cancel = () => {};
  let coming = schedule.next();
  const turn = (): void => {
    while (!stopped && !coming.done && start + coming.value.at <= clock.now()) {
      send(coming.value.client, start + coming.value.at);
      coming = schedule.next();
    }
    if (!stopped && !coming.done) cancel = clock.after(start + coming.value.at - clock.now(), turn);
  };
  turn();
  return () => {
    stopped = true;
    cancel();
  };
}
