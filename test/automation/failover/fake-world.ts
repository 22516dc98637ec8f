import { setTimeout } from "node:timers/promises";
/** A world with memory for the runbook: the region us-east-1 is dead, us-west-2 waits. Every act is counted. */

import type { Decision } from "../../../automation/failover/decide.ts";
import type { Mission } from "../../../automation/failover/facts.ts";
import type { Flip, Ports, RunSummary, ShardFence, Switches } from "../../../automation/failover/ports.ts";
import type { Clock } from "../../../automation/runbook/clock.ts";
import type { Region } from "../../../components/model.ts";
import type { GatewayStatus } from "../../../workload/api.ts";

export const TARGET: Region = "us-west-2";
export const LOST: Region = "us-east-1";
const SHARDS = 2;
/** Last valid position of each shard when the region died. */
const BASE = 40;
const WATERMARK = 33;

export const mission: Mission = {
  target: TARGET,
  targetStack: "dr",
  from: LOST,
  seenGeneration: 0,
  shards: SHARDS,
  deployments: [
    { name: "gateway", replicas: 3 },
    { name: "engine-0", replicas: 1 },
    { name: "engine-1", replicas: 1 },
    { name: "projector", replicas: 1 },
  ],
  targetAddresses: ["127.9.20.11"],
  trafficLimitSeconds: 60,
  force: false,
  endHalt: false,
  confirmation: { kind: "given" },
};

/** Virtual time: sleeping moves it. */
export class FakeClock implements Clock {
  now = 1_800_000_000_000;
  /** A dead process waits for nothing. */
  dead = false;
  wall = (): number => this.now;
  monotonic = (): number => this.now;
  sleep = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (this.dead) throw new Killed("killed");
    this.now += milliseconds;
    // The record's files are real: who waits must not be through with its patience before another branch has written.
    await setTimeout(1);
  };
}

export class FakeWorld {
  readonly clock = new FakeClock();
  decision: Decision & { summary: RunSummary | undefined } = {
    generation: 0,
    active: LOST,
    runId: null,
    finished: true,
    summary: undefined,
  };
  readonly fences = new Map<number, ShardFence>();
  readonly replicas = new Map(mission.deployments.map(({ name }) => [name, 0]));
  traffic: "on" | "off" = "off";
  deployed: Switches = { role: "passive", traffic: "off" };
  writer: Region = LOST;
  /** Whether the flips of this run go by API, leaving the deployed role behind. */
  direct = false;
  databaseBroken = false;
  /** How often each act had an effect. */
  readonly acts: string[] = [];
  readonly asked: string[] = [];
  answer = TARGET as string;
  oldHeadAge = 20_000;
  haltedBy: string | null = null;

  count(act: string): number {
    return this.acts.filter((one) => one === act).length;
  }

  get ports(): Ports {
    const hash = (seq: number) => `hash-${seq}`;
    const act = (name: string, changed: boolean) => {
      if (changed) this.acts.push(name);
    };
    return {
      journal: {
        decision: async () => this.decision,
        heads: async () =>
          shards((shard) => ({
            shard,
            epoch: 1,
            seq: BASE,
            hash: hash(BASE),
            ts: 1_800_000_000_000 - this.oldHeadAge,
            region: LOST,
            haltedBy: this.haltedBy,
          })),
        decide: async ({ generation, active, runId }) => {
          if (this.decision.generation !== generation - 1) return false;
          this.decision = { generation, active, runId, finished: false, summary: undefined };
          act("decide", true);
          return true;
        },
        report: async (generation, summary) => {
          if (this.decision.generation !== generation || this.decision.runId !== summary.id) return false;
          this.decision = { ...this.decision, summary, finished: summary.finished };
          return true;
        },
        fence: async (shard, { generation, region, endsHalt }) => {
          if (this.haltedBy !== null && !endsHalt) throw new Error(`shard ${shard} is halted`);
          const standing = this.fences.get(shard);
          if (standing?.generation === generation) return standing;
          const made: ShardFence = {
            shard,
            epoch: (standing?.epoch ?? 1) + 1,
            generation,
            region,
            base: { epoch: 1, seq: BASE, index: null },
            gapsAtSeal: 1,
            orphans: 2,
          };
          this.fences.set(shard, made);
          act(`fence ${shard}`, true);
          return made;
        },
        tail: async (_shard, after, to) => {
          if (after !== undefined && after.hash !== hash(after.seq)) return undefined;
          const events = Math.max(0, (to?.seq ?? BASE) - (after?.seq ?? 0));
          return { records: events, events };
        },
        control: async (region) =>
          region === TARGET ? { region, traffic: this.traffic, maintenance: "off" } : undefined,
      },
      cluster: {
        deployments: async () =>
          [...this.replicas].map(([name, desired]) => ({ name, desired, ready: desired })),
        capacity: async () => ({
          free: { cpu: 8, memory: 16e9 },
          needed: { cpu: 4, memory: 8e9 },
          missingImages: [],
        }),
        scale: async () => {},
        smokeToken: async () => "token",
        peer: async () => ({ name: "a pod in us-west-2", answered: false, detail: "no answer" }),
      },
      gateway: {
        status: async () => this.#status(),
        smoke: async (shard, runId) => {
          if (this.replicas.get("gateway") === 0) throw new Error("no answer");
          this.asked.push(`${shard}:${runId}`);
          return {
            placed: { shard, epoch: 3, seq: BASE + 1, hash: hash(BASE + 1) },
            cancelled: { shard, epoch: 3, seq: BASE + 2, hash: hash(BASE + 2) },
          };
        },
      },
      database: {
        state: async () => ({ status: "available", writer: this.writer }),
        promote: async () => {
          if (this.databaseBroken) throw new Error("InvalidGlobalClusterStateFault");
          act("promote", this.writer !== TARGET);
          this.writer = TARGET;
        },
        watermarks: async () =>
          shards((shard) => ({ shard, epoch: 1, seq: WATERMARK, hash: hash(WATERMARK) })),
      },
      names: {
        look: async () => [
          {
            resolver: "r",
            addresses: ["127.9.20.11"],
            region: this.traffic === "on" ? TARGET : LOST,
          },
        ],
      },
      probes: {
        addresses: async () => [{ name: "127.9.10.11", answered: false, detail: "no answer" }],
        acceptedByOldSide: async () => undefined,
      },
      stack: {
        warnings: async () => [],
        prepare: async () => (this.direct ? "--direct" : undefined),
        flip: async (flip) => this.#flip(flip),
        deployed: async () => this.deployed,
      },
      operator: {
        interactive: true,
        ask: async (question) => {
          this.asked.push(question);
          return this.answer;
        },
      },
    };
  }

  async #flip({ role, traffic, acceptGeneration }: Flip) {
    if (acceptGeneration !== this.decision.generation) throw new Error(`generation ${acceptGeneration}`);
    if (role === "promoting" && traffic === undefined) {
      for (const { name, replicas } of mission.deployments) this.replicas.set(name, replicas);
      this.acts.push("scale");
    }
    if (traffic !== undefined) {
      this.traffic = traffic;
      this.acts.push("traffic");
    }
    if (role === "active") this.acts.push("hand-over");
    if (this.direct) return { via: "direct" as const, reason: "--direct" };
    this.deployed = { ...this.deployed, ...(role && { role }), ...(traffic && { traffic }) };
    return { via: "pulumi" as const };
  }

  #status(): GatewayStatus {
    if (this.replicas.get("gateway") === 0) throw new Error("no answer");
    const written = this.writer === TARGET;
    return {
      region: TARGET,
      generation: this.decision.generation,
      traffic: this.traffic,
      maintenance: "off",
      active: this.traffic === "on",
      reason: "",
      shards: shards((shard) => ({
        shard,
        ready: true,
        generation: this.fences.get(shard)?.generation ?? null,
        epoch: 3,
        phase: "active",
        reason: "",
        head: { epoch: 1, seq: BASE, hash: `hash-${BASE}` },
        replayedFrom: null,
        tailReplayed: 5,
        stateChecksum: "c",
        orders: 0,
        drained: false,
      })),
      projector: {
        writable: written,
        watermarks: written ? shards((shard) => ({ shard, epoch: 1, seq: BASE, hash: `hash-${BASE}` })) : [],
        stopped: [],
        rebuilds: 0,
      },
      requests: { total: 0, accepted: 0 },
    };
  }
}

const shards = <T>(make: (shard: number) => T): T[] =>
  Array.from({ length: SHARDS }, (_, shard) => make(shard));

/** The operator's process died. */
export class Killed extends Error {}

/**
 * The same ports, until the process dies at the n-th call: before that call's effect or right after it. From then on
 * no call has any effect. `calls` counts them.
 */
export function mortal<P extends object>(
  ports: P,
  at: { readonly call: number; readonly after: boolean },
  died: () => void,
): { readonly ports: P; readonly calls: () => number } {
  let calls = 0;
  let dead = false;
  const die = (): never => {
    if (!dead) died();
    dead = true;
    throw new Killed("killed");
  };
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(object, name) {
        const value: unknown = Reflect.get(object, name);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          if (dead) die();
          const mine = ++calls;
          if (mine === at.call && !at.after) die();
          const result: unknown = await value.apply(object, args);
          if (mine === at.call) die();
          if (dead) die();
          return result;
        };
      },
    });
  const wrapped = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, wrap(port)]));
  return { ports: wrapped as unknown as P, calls: () => calls };
}
