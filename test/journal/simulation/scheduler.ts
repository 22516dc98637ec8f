/** Virtual time: what is due runs in order, and all that follows from it, before time moves on. */
import { setImmediate as drained } from "node:timers/promises";

interface Due {
  readonly time: number;
  readonly order: number;
  run: (() => void) | undefined;
}

const isEarlier = (a: Due, b: Due): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

export class Scheduler {
  /** Milliseconds since the simulation began. */
  now = 0;
  #order = 0;
  readonly #heap: Due[] = [];

  /**
   * Runs after a delay, at least one step of time later than what asks for it; returns a way to call it off.
   */
  after(milliseconds: number, run: () => void): () => void {
    const due: Due = { time: this.now + Math.max(1, Math.ceil(milliseconds)), order: this.#order, run };
    this.#order += 1;
    this.#push(due);
    return () => {
      due.run = undefined;
    };
  }

  async runUntil(time: number): Promise<void> {
    for (let next = this.#heap[0]; next && next.time <= time; next = this.#heap[0]) {
      this.now = next.time;
      let ran = false;
      for (let due = this.#heap[0]; due && due.time === this.now; due = this.#heap[0]) {
        this.#pop();
        if (!due.run) continue;
        due.run();
        ran = true;
      }
      if (ran) await drained();
    }
    this.now = time;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (!parent || isEarlier(parent, due)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      if (!left) break;
      const least = right && isEarlier(right, left) ? right : left;
      if (isEarlier(last, least)) break;
      heap[at] = least;
      at = 2 * at + (least === left ? 1 : 2);
    }
    heap[at] = last;
  }
}
