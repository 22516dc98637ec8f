/**
 * The journal's table and buckets in memory: perfectly strong, never failing. Other folders' tests may use
 * it.
 */
import { setImmediate } from "node:timers/promises";
import type { Region } from "../../components/model.ts";
import {
  type JournalOptions,
  type JournalStore,
  type LogItem,
  logKey,
  type ObjectStore,
  openJournal,
  type PlainItem,
  type Table,
} from "../../journal/index.ts";

export class MemoryTable implements Table {
  readonly logs = new Map<string, Map<number, LogItem>>();
  readonly items = new Map<string, PlainItem>();
  /** Items per page, to meet page borders in tests. */
  pageSize = 1_000;

  log(shard: number, epoch: number): Map<number, LogItem> {
    const key = logKey(shard, epoch);
    const log = this.logs.get(key) ?? new Map<number, LogItem>();
    this.logs.set(key, log);
    return log;
  }

  async putLog(item: LogItem) {
    const log = this.log(item.shard, item.epoch);
    if (log.has(item.seq)) return "taken" as const;
    log.set(item.seq, item);
    return "stored" as const;
  }

  async readLog(shard: number, epoch: number, { from, limit }: { from: number; limit?: number }) {
    const log = this.log(shard, epoch);
    const positions: number[] = [];
    for (const seq of log.keys()) if (seq >= from) positions.push(seq);
    positions.sort((a, b) => a - b);
    const page = positions.slice(0, Math.min(limit ?? Number.POSITIVE_INFINITY, this.pageSize));
    return {
      items: page.flatMap((seq) => log.get(seq) ?? []),
      more: page.length < positions.length,
    };
  }

  async lastLog(shard: number, epoch: number) {
    const log = this.log(shard, epoch);
    let highest = 0;
    for (const seq of log.keys()) highest = Math.max(highest, seq);
    return log.get(highest);
  }

  async readItem(key: string) {
    return this.items.get(key);
  }

  async putItem(key: string, item: PlainItem, expected: PlainItem | null) {
    const present = this.items.get(key);
    const isExpected =
      expected === null
        ? present === undefined
        : Object.entries(expected).every(([name, value]) => present?.[name] === value);
    if (!isExpected) return "refused" as const;
    this.items.set(key, item);
    return "stored" as const;
  }
}

export const memoryJournal = (
  table: MemoryTable = new MemoryTable(),
  options: Partial<JournalOptions> & { primary?: Region } = {},
): JournalStore => openJournal(table, { primary: "us-east-1", ...options });

export function memoryObjects(): ObjectStore & { readonly objects: Map<string, string> } {
  const objects = new Map<string, string>();
  return {
    objects,
    async put(key, body) {
      objects.set(key, body);
    },
    async get(key) {
      return objects.get(key);
    },
    async list(prefix, { startAfter = "", limit = 1_000 } = {}) {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > startAfter);
      return keys.sort().slice(0, limit);
    },
  };
}

/** Counts what a caller waits for: operations that begin when none is on its way. */
export function countRounds<T extends Table>(table: T): { readonly table: T; readonly rounds: () => number } {
  let [rounds, underWay] = [0, 0];
  const counting = new Proxy(table, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return async (...given: unknown[]) => {
        if (underWay === 0) rounds += 1;
        underWay += 1;
        try {
          // All that begin together are on their way together.
          await setImmediate();
          return await value.apply(target, given);
        } finally {
          underWay -= 1;
        }
      };
    },
  });
  return { table: counting, rounds: () => rounds };
}
