/**
 * The storage under dynalite's actions: sorted in memory and synchronous, so that an operation is one indivisible
 * instant. dynalite's own (LevelDB) reads a partition to its end for every page of a query, which makes replaying a
 * log of n pages n²/2 page reads.
 */
import { Stream } from "node:stream";

type Callback<T> = (error: Error | null, value?: T) => void;
interface Row {
  readonly key: string;
  readonly value: unknown;
}
interface Range {
  readonly gt?: string;
  readonly gte?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

class NotFoundError extends Error {
  override readonly name = "NotFoundError";
}

/** Partition part of dynalite's item keys, `HASH/HEX/` of `HASH/HEX/RANGE/`. */
const partitionOf = (key: string): string => key.slice(0, key.indexOf("/", key.indexOf("/") + 1) + 1);

/** First index whose key is not below `key`; numbered logs grow at the end, so that place is tried first. */
function lowerBound(rows: readonly Row[], key: string): number {
  let high = rows.length;
  const last = rows[high - 1];
  if (last === undefined || last.key < key) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.key ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First index whose key is above `key`. */
function upperBound(rows: readonly Row[], key: string): number {
  const at = lowerBound(rows, key);
  return rows[at]?.key === key ? at + 1 : at;
}

/** One table's items, by the interface that dynalite expects of a LevelDB. */
export class Items {
  readonly #partitions = new Map<string, Row[]>();

  get isEmpty(): boolean {
    return [...this.#partitions.values()].every((rows) => rows.length === 0);
  }

  lookup(key: string): unknown {
    const rows = this.#partitions.get(partitionOf(key)) ?? [];
    const row = rows[lowerBound(rows, key)];
    return row?.key === key ? row.value : undefined;
  }

  get(key: string, callback: Callback<unknown>): void {
    const value = this.lookup(key);
    if (value === undefined) callback(new NotFoundError(`no item at ${key}`));
    else callback(null, value);
  }

  put(key: string, value: unknown, callback: Callback<never>): void {
    const partition = partitionOf(key);
    const rows = this.#partitions.get(partition) ?? [];
    if (rows.length === 0) this.#partitions.set(partition, rows);
    const at = lowerBound(rows, key);
    rows.splice(at, rows[at]?.key === key ? 1 : 0, { key, value });
    callback(null);
  }

  del(key: string, callback: Callback<never>): void {
    const rows = this.#partitions.get(partitionOf(key)) ?? [];
    const at = lowerBound(rows, key);
    if (rows[at]?.key === key) rows.splice(at, 1);
    callback(null);
  }

  /** Everything above is synchronous: there is nothing to lock out. */
  lock(_key: string, run: (release: <T>(callback: T) => T) => void): void {
    run((callback) => callback);
  }

  createValueStream(range: Range): Stream {
    const stream = new Stream();
    let wanted = true;
    Object.assign(stream, {
      destroy: () => {
        wanted = false;
      },
    });
    process.nextTick(() => {
      let left = range.limit === undefined || range.limit < 0 ? Number.POSITIVE_INFINITY : range.limit;
      for (const row of this.#within(range)) {
        if (!wanted || left-- <= 0) break;
        stream.emit("data", row.value);
      }
      stream.emit("end");
    });
    return stream;
  }

  /** The rows between the bounds, in the order of their keys or against it. */
  *#within({ gt, gte, lt, lte, reverse }: Range): Generator<Row> {
    const partition = partitionOf(gte ?? gt ?? "");
    const isQuery = partition !== "" && partition === partitionOf(lt ?? lte ?? "");
    const names = isQuery ? [partition] : [...this.#partitions.keys()].sort();
    for (const name of reverse ? names.reverse() : names) {
      const rows = this.#partitions.get(name) ?? [];
      const start = gt === undefined ? lowerBound(rows, gte ?? "") : upperBound(rows, gt);
      const end =
        lt !== undefined ? lowerBound(rows, lt) : lte !== undefined ? upperBound(rows, lte) : rows.length;
      for (let n = 0; n < end - start; n++) {
        const row = rows[reverse ? end - 1 - n : start + n];
        if (row) yield row;
      }
    }
  }
}
