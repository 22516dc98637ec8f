/** Hands out what a stream has ready, up to `max` at a time: one transaction or object instead of many. */
import { setImmediate } from "node:timers/promises";

export async function* batched<T>(
  source: AsyncIterable<T>,
  max: number,
): AsyncGenerator<[T, ...T[]], void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const ask = () => {
    const asked = iterator.next();
    // It may reject while the batch before it is being worked on; whoever awaits it then learns of it.
    asked.catch(() => {});
    return asked;
  };
  try {
    let asked = ask();
    for (;;) {
      const first = await asked;
      if (first.done) return;
      const batch: [T, ...T[]] = [first.value];
      asked = ask();
      while (batch.length < max) {
        // An error waits until what came before it is handed out.
        const next = await Promise.race([asked.catch(() => null), setImmediate(null)]);
        if (next === null || next.done) break;
        batch.push(next.value);
        asked = ask();
      }
      yield batch;
    }
  } finally {
    // Not awaited: it comes after the item that was asked for, which may never come. Who made the source ends it.
    iterator.return?.().catch(() => {});
  }
}
