/** A platform with memory that can be halted: shards, engines that follow their seals, one switch, one public name. */
import type { Decision } from "../../../automation/failover/decide.ts";
import type { MaintenanceMission } from "../../../automation/maintenance/facts.ts";
import type { Knock, MaintenancePorts, ShardStanding } from "../../../automation/maintenance/ports.ts";
import type { OnOff, Region } from "../../../components/model.ts";
import type { EngineStatus, GatewayStatus } from "../../../workload/api.ts";
import { FakeClock } from "../failover/fake-world.ts";

export const HERE: Region = "us-east-1";
const SHARDS = 2;
const SEQ = 40;

export const mission = (maintenance: OnOff): MaintenanceMission => ({
  ...{ region: HERE, maintenance, generation: 3, shards: SHARDS, reason: null },
});

export class FakePlatform {
  readonly clock = new FakeClock();
  decision: Decision = { generation: 3, active: HERE, runId: "run-0", finished: true };
  readonly halted = new Map<number, string>();
  /** The control item, Pulumi's state and the stack file. */
  control: OnOff = "off";
  deployed: OnOff = "off";
  written: OnOff = "off";
  /** Pulumi does not work. */
  direct = false;
  /** Shards whose seal cannot be put. */
  readonly unreachable = new Set<number>();
  /** Engines that answer nobody. */
  readonly frozen = new Set<number>();
  readonly acts: string[] = [];
  answers: readonly Knock[] | undefined;

  count(act: string): number {
    return this.acts.filter((one) => one === act).length;
  }

  get ports(): MaintenancePorts {
    return {
      journal: {
        decision: async () => this.decision,
        standings: async () => shards((shard) => this.#standing(shard)),
        seal: async (shard, reason, { runId }) => {
          if (this.unreachable.has(shard)) throw new Error("no answer within 60 s");
          if (this.halted.has(shard) !== (reason === "halt")) {
            this.acts.push(`${reason} ${shard}`);
            if (reason === "halt") this.halted.set(shard, runId);
            else this.halted.delete(shard);
          }
          return this.#standing(shard);
        },
        tail: async (_shard, after) =>
          after?.hash === hash(after?.seq ?? 0) ? { records: 0, events: 0 } : undefined,
        control: async (region) => ({ region, traffic: "on", maintenance: this.control }),
      },
      gateway: { status: async () => this.#status() },
      door: {
        knock: async () => this.answers ?? [this.#knock("10.0.0.1"), this.#knock("10.0.0.2")],
        smoke: async (shard) => {
          if (this.control === "on" || this.halted.has(shard)) throw new Error("503 maintenance");
          this.acts.push(`smoke ${shard}`);
          const placed = { shard, epoch: 4, seq: SEQ, hash: hash(SEQ) };
          return { placed, cancelled: placed };
        },
      },
      stack: {
        flip: async ({ maintenance = "off" }) => {
          this.acts.push(`switch ${maintenance}`);
          this.written = maintenance;
          this.control = maintenance;
          if (this.direct) return { via: "direct", reason: "no Pulumi CLI" };
          this.deployed = maintenance;
          return { via: "pulumi" };
        },
        deployed: async () => ({ maintenance: this.deployed }),
        writtenMaintenance: async () => this.written,
      },
    };
  }

  #standing(shard: number): ShardStanding {
    const by = this.halted.get(shard);
    return {
      ...{ shard, region: HERE, generation: 3 },
      head: { epoch: 1, seq: SEQ, hash: hash(SEQ), ts: 1_800_000_000_000 },
      halt: by === undefined ? null : { reason: "halt", by, at: 1_800_000_000_000 },
    };
  }

  #knock(address: string): Knock {
    const base = { resolver: "r", address };
    return this.control === "on"
      ? { ...base, status: 503, said: "maintenance", retryAfter: "5" }
      : { ...base, status: 422, said: "refused", retryAfter: null };
  }

  #status(): GatewayStatus {
    return {
      ...{ region: HERE, generation: 3, traffic: "on", maintenance: this.control, active: true, reason: "" },
      shards: shards((shard) => this.#engine(shard)),
      projector: null,
      requests: { total: 0, accepted: 0 },
    };
  }

  #engine(shard: number): EngineStatus {
    const base = { shard, epoch: 4, replayedFrom: null, tailReplayed: 5, stateChecksum: "c", orders: 0 };
    if (this.frozen.has(shard)) {
      const silent = { phase: "unreachable", reason: "no answer", ready: false, drained: false } as const;
      return { ...base, ...silent, generation: null, head: null };
    }
    const isHalted = this.halted.has(shard);
    return {
      ...base,
      ...{
        generation: 3,
        ready: !isHalted,
        drained: isHalted,
        reason: "",
        head: { epoch: 1, seq: SEQ, hash: hash(SEQ) },
      },
      phase: isHalted ? "halted" : this.control === "on" ? "maintenance" : "active",
    };
  }
}

const hash = (seq: number) => `hash-${seq}`;
const shards = <T>(make: (shard: number) => T): T[] =>
  Array.from({ length: SHARDS }, (_, shard) => make(shard));
