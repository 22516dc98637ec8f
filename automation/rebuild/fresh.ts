/** The fresh table as a journal: filled from what can be proven, and held against the archive. */
import {
  type Archive,
  type JournalRecord,
  type JournalStore,
  rebuildLog,
  verifyLog,
} from "../../journal/index.ts";
import { inParallel } from "../../replay/parallel.ts";
import type { Journal } from "../adapters/journal.ts";
import { quarantinedRecord, writeQuarantine } from "../corruption/quarantine.ts";
import type { RebuildMission } from "./facts.ts";
import type { FreshPort } from "./ports.ts";

export interface FreshOptions {
  readonly damaged: JournalStore;
  readonly fresh: JournalStore;
  readonly journal: Pick<Journal, "standings">;
  readonly archive: Archive;
  readonly mission: RebuildMission;
  readonly window: number;
  /** Of what nothing vouches for. */
  readonly file: string;
  readonly signal: AbortSignal;
}

const NOT_VOUCHED = "somebody rewrote the journal before it was archived, and nothing vouches for it";

export class Fresh implements FreshPort {
  readonly #options: FreshOptions;

  constructor(options: FreshOptions) {
    this.#options = options;
  }

  standings() {
    return this.#options.journal.standings();
  }

  async rebuild(progress: Parameters<FreshPort["rebuild"]>[0], sealer: string) {
    const { damaged, fresh, archive, mission, window, file, signal } = this.#options;
    const { region, generation, shards } = mission;
    const all = Array.from({ length: shards }, (_, shard) => shard);
    // All at once: each shard is a partition of its own, which takes only so much a second.
    const results = await inParallel(all, shards, signal, async (shard, until) => {
      const aside: JournalRecord[] = [];
      let put = 0;
      const rebuilt = await rebuildLog({
        ...{ store: damaged, into: fresh, archive, shard, region, generation, sealer, window, signal: until },
        onRefused: (record) => aside.push(record),
        onPut: () => progress(shard, ++put),
      });
      return { rebuilt, aside };
    });
    const commands = await writeQuarantine(
      file,
      results.flatMap(({ aside }) => aside).map((record) => quarantinedRecord(record, NOT_VOUCHED)),
    );
    return { rebuilt: results.map(({ rebuilt }) => rebuilt), file, commands };
  }

  async verify(shard: number): Promise<number> {
    const { fresh, archive, signal } = this.#options;
    return (await verifyLog(fresh, shard, { archive, signal })).records;
  }
}
