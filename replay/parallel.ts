/**
 * Several at a time, results in the order of the items. The first failure in time stops the others and is the one that
 * is told, once all have stopped: what they say of their stop only follows from it.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  workers: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const failed = new AbortController();
  const either = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) {
      either.throwIfAborted();
      results[index] = await work(item, either);
    }
  };
  const working = Array.from({ length: Math.min(workers, items.length) }, () =>
    worker().catch((error: unknown) => failed.abort(error)),
  );
  await Promise.all(working);
  failed.signal.throwIfAborted();
  return results;
}
