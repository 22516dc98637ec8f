/** A halted journal in memory that somebody wrote into, and a fresh one beside it; every act is counted. */
import path from "node:path";
import type { Decision } from "../../../automation/failover/decide.ts";
import type { ShardStanding } from "../../../automation/maintenance/ports.ts";
import type { RebuildMission } from "../../../automation/rebuild/facts.ts";
import { Fresh } from "../../../automation/rebuild/fresh.ts";
import type { RebuildPorts } from "../../../automation/rebuild/ports.ts";
import type { Region } from "../../../components/model.ts";
import { hashRecord } from "../../../journal/hash.ts";
import {
  archiveSeals,
  fence,
  type JournalRecord,
  type JournalStore,
  openArchive,
  readHead,
  readValid,
  surveyLog,
} from "../../../journal/index.ts";
import { History } from "../../journal/history.ts";
import { MemoryTable, memoryJournal, memoryObjects } from "../../journal/memory.ts";
import { FakeClock } from "../failover/fake-world.ts";

export const HERE: Region = "us-east-1";

export const mission: RebuildMission = {
  ...{ region: HERE, generation: 0, shards: 1, incarnation: 1, from: "journal", into: "journal-r1" },
  confirmation: "given",
};

export class FakeRebuildWorld {
  readonly clock = new FakeClock();
  readonly history = new History();
  readonly archive = openArchive(memoryObjects());
  readonly freshTable = new MemoryTable();
  readonly fresh = memoryJournal(this.freshTable);
  decision: Decision = { generation: 0, active: HERE, runId: null, finished: true };
  /** Steps of the fresh table's making that are left. */
  unmade = 3;
  /** Whose journal the program names. */
  current = "journal";
  answer: string = HERE;
  readonly acts: string[] = [];
  readonly asked: string[] = [];

  /** Four records, the first three archived; then the second is forged and what follows up to the head chained anew. */
  async forge(): Promise<void> {
    const { history, archive } = this;
    await history.run([{ kind: "append", sizes: [1, 1, 1] }]);
    const records = await Array.fromAsync(readValid(history.store, 0), ({ record }) => record);
    await archiveSeals(history.store, archive, 0, { from: 0, to: 1 });
    await archive.saveSegment(0, records);
    const [, second, third] = records;
    if (second === undefined || third === undefined) throw new Error("three records are needed");
    await history.run([{ kind: "append", sizes: [1] }]);
    const forged = withHash({ ...second, body: '["forged"]' });
    history.table.log(0, 1).set(2, forged);
    history.table.log(0, 1).set(3, withHash({ ...third, prevHash: forged.hash }));
  }

  async halt(): Promise<void> {
    await fence(this.history.store, 0, { ...SEAL, reason: "halt", sealer: "run-0" });
  }

  ports(directory: string): RebuildPorts {
    const { history, archive, fresh } = this;
    const signal = new AbortController().signal;
    const real = new Fresh({
      ...{ damaged: history.store, fresh, archive, mission, window: 4, signal },
      journal: { standings: () => standings(fresh) },
      file: path.join(directory, "quarantine.ndjson"),
    });
    return {
      damaged: {
        decision: async () => this.decision,
        standings: () => standings(history.store),
        survey: (shard) => surveyLog({ store: history.store, archive, shard }),
        close: async (shard, { runId }) => {
          const { sealed } = await fence(history.store, shard, { ...SEAL, reason: "move", sealer: runId });
          if (sealed) this.acts.push(`close ${shard}`);
          return (await standings(history.store))[0] as ShardStanding;
        },
      },
      table: {
        provide: async () => {
          if (this.unmade === 0) return undefined;
          this.unmade -= 1;
          this.acts.push(`make ${this.unmade}`);
          return "its replica";
        },
        copyControls: async () => void this.acts.push("controls"),
      },
      fresh: real,
      cutover: {
        flip: async () => {
          this.acts.push("flip");
          this.current = "journal-r1";
          return { changed: ["Deployment engine"] };
        },
      },
      database: {
        watermarks: async () => {
          const { epoch, seq, hash } = (await readHead(fresh, 0)).head;
          return [{ shard: 0, epoch, seq, hash }];
        },
      },
      operator: {
        ask: async (question) => {
          this.asked.push(question);
          return this.answer;
        },
      },
    };
  }
}

const SEAL = { region: HERE, generation: 0, window: 4 } as const;
const withHash = (record: JournalRecord): JournalRecord => ({ ...record, hash: hashRecord(record) });

async function standings(store: JournalStore): Promise<readonly ShardStanding[]> {
  const { opening, head } = await readHead(store, 0);
  const { region, generation, reason, sealer, ts } = opening;
  const isOver = reason === "halt" || reason === "cut" || reason === "move";
  return [{ shard: 0, region, generation, head, halt: isOver ? { reason, by: sealer, at: ts } : null }];
}
