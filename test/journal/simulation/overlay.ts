/**
 * For the sabotage "seal skipped": seals that never reached the table, yet are believed by whoever starts
 * afterwards. The old primary, frozen meanwhile, knows nothing of them.
 */
import { type LogItem, logKey, type Table } from "../../../journal/index.ts";
import type { MemoryTable } from "../memory.ts";

export class BelievedSeals {
  readonly #seals = new Map<string, Map<number, LogItem>>();
  readonly #table: MemoryTable;
  since = Number.POSITIVE_INFINITY;

  constructor(table: MemoryTable) {
    this.#table = table;
  }

  /** What `dr` and all that start after it see. */
  view(now: () => number): Table {
    const table = this.#table;
    const sealsOf = (shard: number, epoch: number) => this.#seals.get(logKey(shard, epoch)) ?? new Map();
    const isLog = (shard: number, epoch: number) => (item: LogItem) => !sealsOf(shard, epoch).has(item.seq);
    return {
      readItem: (key) => table.readItem(key),
      putItem: (key, item, expected) => table.putItem(key, item, expected),
      putLog: async (item) => {
        const believed = sealsOf(item.shard, item.epoch);
        if (believed.has(item.seq)) return "taken";
        if (item.kind === "record" || item.writer !== null) return table.putLog(item);
        if (table.log(item.shard, item.epoch).has(item.seq)) return "taken";
        this.since = Math.min(this.since, now());
        this.#seals.set(logKey(item.shard, item.epoch), believed.set(item.seq, item));
        return "stored";
      },
      readLog: async (shard, epoch, range) => {
        const { items, more } = await table.readLog(shard, epoch, range);
        const { from, limit = Number.POSITIVE_INFINITY } = range;
        const believed = [...sealsOf(shard, epoch).values()].filter(({ seq }) => seq >= from);
        const all = [...items.filter(isLog(shard, epoch)), ...believed].sort((a, b) => a.seq - b.seq);
        return { items: all.slice(0, limit), more: more || all.length > limit };
      },
      lastLog: async (shard, epoch) => {
        const stored = await table.lastLog(shard, epoch);
        const believed = [...sealsOf(shard, epoch).values()];
        return [...believed, ...(stored ? [stored] : [])].sort((a, b) => b.seq - a.seq)[0];
      },
    };
  }
}
