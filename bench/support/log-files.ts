/**
 * A shard's log in a file, for logs that no memory holds. It stands in for the table: pages as large as DynamoDB's, in
 * order, parsed when they are read. What the network costs is not in it.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { LogItem, PlainItem, Table } from "../../journal/index.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html */
const PAGE_BYTES = 1_048_576;

interface Place {
  readonly offset: number;
  readonly head: number;
  readonly length: number;
}

/** One epoch per shard: its items by position, and where they lie in the file. */
class Log {
  readonly places: Place[] = [];
  first = 0;
  readonly #file: number;
  #end = 0;

  constructor(file: string, isNew: boolean) {
    this.#file = openSync(file, isNew ? "w+" : "r");
    if (!isNew) this.#scan();
  }

  /** The body stays outside the JSON, as in DynamoDB's own format it is a string and no document. */
  add(item: LogItem): void {
    const { body = "", ...rest } = item as LogItem & { readonly body?: string };
    const head = Buffer.from(JSON.stringify(rest));
    const text = Buffer.from(body);
    const sizes = Buffer.alloc(8);
    sizes.writeUInt32LE(head.length, 0);
    sizes.writeUInt32LE(text.length, 4);
    if (this.places.length === 0) this.first = item.seq;
    this.places.push({ offset: this.#end + 8, head: head.length, length: head.length + text.length });
    const bytes = Buffer.concat([sizes, head, text]);
    writeSync(this.#file, bytes, 0, bytes.length, this.#end);
    this.#end += bytes.length;
  }

  page(from: number, limit: number): { readonly items: LogItem[]; readonly more: boolean } {
    const start = Math.max(0, from - this.first);
    const places = this.places.slice(start, start + limit);
    const first = places[0];
    if (first === undefined) return { items: [], more: false };
    const whole = places.findIndex(({ offset, length }) => offset + length - first.offset > PAGE_BYTES);
    const taken = whole > 0 ? places.slice(0, whole) : places;
    const last = taken.at(-1) ?? first;
    const bytes = Buffer.allocUnsafe(last.offset + last.length - first.offset);
    readSync(this.#file, bytes, 0, bytes.length, first.offset);
    const items = taken.map(({ offset, head, length }) => {
      const at = offset - first.offset;
      const rest = JSON.parse(bytes.toString("utf8", at, at + head)) as LogItem;
      return rest.kind === "record"
        ? { ...rest, body: bytes.toString("utf8", at + head, at + length) }
        : rest;
    });
    return { items, more: start + taken.length < this.places.length };
  }

  close(): void {
    closeSync(this.#file);
  }

  #scan(): void {
    const sizes = Buffer.alloc(8);
    while (readSync(this.#file, sizes, 0, 8, this.#end) === 8) {
      const head = sizes.readUInt32LE(0);
      const length = head + sizes.readUInt32LE(4);
      this.places.push({ offset: this.#end + 8, head, length });
      this.#end += 8 + length;
    }
    this.first = this.page(0, 1).items[0]?.seq ?? 0;
  }
}

export class LogFiles implements Table {
  readonly #logs = new Map<string, Log>();
  readonly #directory: string;
  readonly #isNew: boolean;

  constructor(directory: string, isNew: boolean) {
    this.#directory = directory;
    this.#isNew = isNew;
  }

  #log(shard: number, epoch: number): Log | undefined {
    const key = `${shard}-${epoch}`;
    const known = this.#logs.get(key);
    if (known !== undefined) return known;
    try {
      const log = new Log(`${this.#directory}/${key}.log`, this.#isNew);
      this.#logs.set(key, log);
      return log;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async putLog(item: LogItem): Promise<"stored" | "taken"> {
    const log = this.#log(item.shard, item.epoch);
    if (log === undefined || item.seq < log.first + log.places.length) return "taken";
    log.add(item);
    return "stored";
  }

  async readLog(
    shard: number,
    epoch: number,
    { from, limit }: { readonly from: number; readonly limit?: number },
  ) {
    return this.#log(shard, epoch)?.page(from, limit ?? 1_000) ?? { items: [], more: false };
  }

  async lastLog(shard: number, epoch: number): Promise<LogItem | undefined> {
    const log = this.#log(shard, epoch);
    return log?.page(log.first + log.places.length - 1, 1).items[0];
  }

  async readItem(): Promise<PlainItem | undefined> {
    return undefined;
  }

  async putItem(): Promise<"stored" | "refused"> {
    throw new Error("a log file holds logs only");
  }

  close(): void {
    for (const log of this.#logs.values()) log.close();
  }
}
