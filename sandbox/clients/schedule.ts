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

/** Orders come in bursts, as on a market; a burst is also what puts several appends in flight at once. */
export const MEAN_BURST = 3;

/** Endless arrivals of `rate` per second in total, in bursts at random moments, each by a random client. */
export function* arrivals(rate: number, clients: number, seed: number): Generator<Arrival, never> {
  const source: Random = random(seed);
  let at = 0;
  for (;;) {
    at += source.exponential(rate / MEAN_BURST) * 1000;
    const size = source.integer(1, 2 * MEAN_BURST - 1);
    for (let index = 0; index < size; index++) yield { at, client: source.integer(0, clients - 1) };
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
    const timer = setTimeout(callback, milliseconds);
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
