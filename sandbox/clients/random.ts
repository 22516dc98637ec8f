/** Reproducible randomness: one seed gives one load. */

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** Waiting time of a Poisson process with that many arrivals per unit. */
  exponential(rate: number): number;
  /** 32 lowercase hex digits. */
  token(): string;
}

/** mulberry32: 32 bits of state, ample for a load, and the same on every machine. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const next = (): number => word() / 2 ** 32;
  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    integer,
    pick: (list) => {
      if (list.length === 0) throw new RangeError("pick: the list is empty, one element is the least");
      return list[integer(0, list.length - 1)] as (typeof list)[number];
    },
    exponential: (rate) => -Math.log(1 - next()) / rate,
    token: () => Array.from({ length: 4 }, () => word().toString(16).padStart(8, "0")).join(""),
  };
}
