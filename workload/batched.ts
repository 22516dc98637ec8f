/** Hands out what a stream has ready, up to `max` at a time: one transaction or object instead of many. */
import { setImmediate } from "node:timers/promises";

const NOTHING_YET = Symbol("nothing yet");

export async function* batched<T>(
  source: AsyncIterable<T>,
  max: number,
): AsyncGenerator<T[], void, undefined> {
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
      const batch = [first.value];
      asked = ask();
      while (batch.length < max) {
        const next = await Promise.race([asked, setImmediate(NOTHING_YET)]);
        if (next === NOTHING_YET || next.done) break;
        batch.push(next.value);
        asked = ask();
      }
      yield batch;
    }
  } finally {
    await iterator.return?.();
  }
}
