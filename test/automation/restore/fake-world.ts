/** A halted platform with memory whose database can be restored beside the damaged one. Every act is counted. */
import type { Decision } from "../../../automation/failover/decide.ts";
import type { ShardStanding } from "../../../automation/maintenance/ports.ts";
import type { RestoreMission } from "../../../automation/restore/facts.ts";
import type { DatabaseCluster, RestorePorts, ShardCut } from "../../../automation/restore/ports.ts";
import type { Region } from "../../../components/model.ts";
import type { EventPosition } from "../../../journal/model.ts";
import { FakeClock } from "../failover/fake-world.ts";

export const HERE: Region = "us-east-1";
const SHARDS = 2;
const HEAD = 40;
/** The time of the clock at the start is 2027-01-15T08:00:00Z. */
export const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

export const mission = (changes: Partial<RestoreMission> = {}): RestoreMission => ({
  ...{ region: HERE, generation: 3, shards: SHARDS, restoreTo: NOW - 10 * MINUTE + 123 },
  cut: { kind: "none" },
  ...{
    incarnation: 1,
    damaged: "exchange",
    restored: "exchange-r1",
    kept: "exchange-damaged",
    confirmation: "given",
  },
  ...changes,
});

export const cutAt = (shard: number, seq: number): ShardCut => ({
  shard,
  cut: {
    position: { epoch: 1, seq: seq - 1, index: null },
    first: { epoch: 1, seq, index: 0, ts: NOW - 5 * MINUTE },
    events: HEAD - seq + 1,
  },
  lastTs: NOW - MINUTE,
});

/** How often whoever looks sees the old name, and then nothing. */
const RENAME_LOOKS = 4;

interface FakeCluster {
  readonly restoredTo: number | null;
  readonly instances: string[];
}

export class FakeRestoreWorld {
  readonly clock = new FakeClock();
  decision: Decision = { generation: 3, active: HERE, runId: "run-0", finished: true };
  halted = true;
  /** Of every shard's last record. */
  headTs = NOW - MINUTE;
  readonly clusters = new Map<string, FakeCluster>([
    ["exchange", { restoredTo: null, instances: ["0", "1", "2"] }],
  ]);
  window = { earliest: NOW - 60 * MINUTE, latest: NOW - MINUTE };
  cuts: readonly ShardCut[] = [0, 1].map((shard) => ({ shard, cut: null, lastTs: NOW - MINUTE }));
  readonly sealed = new Map<number, EventPosition>();
  quarantined: readonly number[] = [];
  readonly marked = new Map<number, number>();
  /** Of the restored database. */
  mark = 20;
  markHash = (seq: number): string => hash(seq);
  differences: readonly string[] = [];
  /** The cluster that the program names. */
  current = "exchange";
  renaming:
    | { readonly from: string; readonly id: string; readonly cluster: FakeCluster; looks: number }
    | undefined;
  answer: string = HERE;
  readonly acts: string[] = [];
  readonly asked: string[] = [];

  count(act: string): number {
    return this.acts.filter((one) => one === act).length;
  }

  get ports(): RestorePorts {
    return {
      journal: {
        decision: async () => this.decision,
        standings: async () => shards((shard) => this.#standing(shard)),
        seal: async () => {
          throw new Error("a restore neither halts nor resumes");
        },
        tail: async (_shard, after) =>
          after !== undefined && after.hash !== hash(after.seq)
            ? undefined
            : { records: HEAD - (after?.seq ?? 0), events: HEAD - (after?.seq ?? 0) },
        control: async (region) => ({ region, traffic: "on", maintenance: "on" }),
        cuts: async () => this.cuts,
        cut: async (shard, position) => {
          if (!this.sealed.has(shard)) this.acts.push(`cut ${shard}`);
          this.sealed.set(shard, position);
          return this.#standing(shard);
        },
      },
      checkpoints: {
        markCut: async (shard, { seq }) => {
          this.marked.set(shard, seq);
          return 3;
        },
      },
      quarantine: {
        write: async (cuts) => {
          this.quarantined = cuts.map(({ shard }) => shard);
          return { file: "quarantine.ndjson", commands: 4 * cuts.length };
        },
      },
      database: {
        cluster: async (id) => this.#cluster(id),
        restore: async ({ from, id, time }) => {
          if (!this.clusters.has(from)) throw new Error(`DBCluster ${from} not found.`);
          this.acts.push(`restore ${id}`);
          this.clusters.set(id, { restoredTo: time, instances: [] });
        },
        attach: async (id, count) => {
          const instances = this.clusters.get(id)?.instances ?? [];
          for (let n = instances.length; n < count; n++) {
            instances.push(String(n));
            this.acts.push(`attach ${id}-${n}`);
          }
        },
        // Once the program names it, its projector has caught up.
        watermarks: async () =>
          shards((shard) => {
            const isFollowing = this.current !== "exchange";
            const { head } = this.#standing(shard);
            return isFollowing
              ? { shard, epoch: head.epoch, seq: head.seq, hash: head.hash }
              : { shard, epoch: 1, seq: this.mark, hash: this.markHash(this.mark) };
          }),
        // RDS answers at once, and shows the old name, then none, for a while.
        rename: async (from, id) => {
          const cluster = this.clusters.get(from);
          if (cluster === undefined) return;
          this.acts.push(`rename ${from}`);
          this.renaming = { from, id, cluster, looks: RENAME_LOOKS };
        },
        restart: async (id) => {
          if (this.clusters.has(id)) this.acts.push(`restart ${id}`);
        },
      },
      proof: { differences: async () => this.differences },
      cutover: {
        current: async () => this.current,
        flip: async ({ cluster }) => {
          this.acts.push("flip");
          this.current = cluster;
          return { changed: ["Deployment projector"] };
        },
      },
      gateway: {
        status: async () => {
          const watermarks = shards((shard) => {
            const { head } = this.#standing(shard);
            return { shard, epoch: head.epoch, seq: head.seq, hash: head.hash };
          });
          const projector = { writable: true, watermarks, stopped: [], rebuilds: 0 };
          return {
            ...{ region: HERE, generation: 3, traffic: "on", maintenance: "on", active: true, reason: "" },
            ...{ shards: [], projector, requests: { total: 0, accepted: 0 } },
          };
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

  #cluster(id: string): DatabaseCluster | undefined {
    const isRenaming = this.#goOnRenaming(id);
    const found = this.clusters.get(id);
    if (found === undefined) return undefined;
    const instances = found.instances.map((n) => ({ id: `${id}-${n}`, status: "available" }));
    const status = isRenaming ? "renaming" : "available";
    return { ...{ id, instances, status, endpoint: `${id}.host` }, window: this.window };
  }

  #goOnRenaming(id: string): boolean {
    if (this.renaming === undefined) return false;
    const { renaming } = this;
    renaming.looks -= 1;
    if (renaming.looks < RENAME_LOOKS / 2) this.clusters.delete(renaming.from);
    if (renaming.looks <= 0) {
      this.clusters.set(renaming.id, renaming.cluster);
      this.renaming = undefined;
    }
    return id === renaming.from;
  }

  #standing(shard: number): ShardStanding {
    const end = this.sealed.get(shard);
    const seq = end?.seq ?? HEAD;
    return {
      ...{ shard, region: HERE, generation: 3 },
      head: { epoch: 1, seq, hash: hash(seq), ts: this.headTs },
      halt: this.halted ? { ...(end === undefined ? HALT : CUT), at: NOW - MINUTE } : null,
    };
  }
}

const HALT = { reason: "halt", by: "run-0" } as const;
const CUT = { reason: "cut", by: "run-1" } as const;
const hash = (seq: number) => `hash-${seq}`;
const shards = <T>(make: (shard: number) => T): T[] =>
  Array.from({ length: SHARDS }, (_, shard) => make(shard));
