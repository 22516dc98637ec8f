/** One instrument's resting orders: best price first, then first come first served. */
import type { Side } from "./events.ts";

/** What the book needs to know of an order; the caller keeps `remaining` up to date. */
export interface Resting {
  readonly side: Side;
  readonly price: number;
  readonly remaining: number;
}

/** Prices ascending, so that a binary search finds one and both ends are at hand. */
class Ladder<T extends Resting> {
  readonly #prices: number[] = [];
  /** A Set keeps insertion order, which is time priority, and forgets a cancelled order in O(1). */
  readonly #levels = new Map<number, Set<T>>();

  add(order: T): void {
    const level = this.#levels.get(order.price);
    if (level !== undefined) {
      level.add(order);
      return;
    }
    this.#levels.set(order.price, new Set([order]));
    this.#prices.splice(this.#indexOf(order.price), 0, order.price);
  }

  remove(order: T): void {
    const level = this.#levels.get(order.price);
    if (level === undefined || !level.delete(order) || level.size > 0) return;
    this.#levels.delete(order.price);
    this.#prices.splice(this.#indexOf(order.price), 1);
  }

  *ascending(): Generator<T> {
    for (const price of this.#prices) yield* this.#levels.get(price) ?? [];
  }

  *descending(): Generator<T> {
    for (let i = this.#prices.length - 1; i >= 0; i--) {
      yield* this.#levels.get(this.#prices[i] ?? Number.NaN) ?? [];
    }
  }

  /** Where `price` is, or belongs. */
  #indexOf(price: number): number {
    let low = 0;
    let high = this.#prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#prices[middle] ?? Number.POSITIVE_INFINITY) < price) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class Book<T extends Resting> {
  readonly #sides: Readonly<Record<Side, Ladder<T>>> = { buy: new Ladder(), sell: new Ladder() };

  add(order: T): void {
    this.#sides[order.side].add(order);
  }

  remove(order: T): void {
    this.#sides[order.side].remove(order);
  }

  /** Resting orders of one side, highest priority first. */
  bySide(side: Side): Generator<T> {
    return side === "buy" ? this.#sides.buy.descending() : this.#sides.sell.ascending();
  }

  /** Resting orders that an incoming order would trade with, highest priority first. */
  *opposite(side: Side, price: number): Generator<T> {
    const crosses = side === "buy" ? (p: number) => p <= price : (p: number) => p >= price;
    for (const resting of this.bySide(side === "buy" ? "sell" : "buy")) {
      if (!crosses(resting.price)) return;
      yield resting;
    }
  }
}
