/** What a restore acts on, one port per system; `world.ts` makes them of the adapters, tests of fakes. */
import type { Survey } from "../../journal/cut.ts";
import type { Acknowledgement, EventPosition } from "../../journal/model.ts";
import type { GatewayPort } from "../failover/ports.ts";
import type { HaltPort, ShardStanding } from "../maintenance/ports.ts";
import type { CutRequest } from "./times.ts";

/** Where a shard is cut, and what goes. */
export interface ShardCut extends Survey {
  readonly shard: number;
}

export interface RestoreJournalPort extends HaltPort {
  /** Rejects with NotInLogError for a place outside the valid log. */
  cuts(request: CutRequest): Promise<readonly ShardCut[]>;
  /** Seals the cut; again = the same result. */
  cut(
    shard: number,
    position: EventPosition,
    by: { readonly generation: number; readonly region: ShardStanding["region"]; readonly runId: string },
  ): Promise<ShardStanding>;
}

export interface DatabaseCluster {
  readonly id: string;
  /** `available`, `creating`, … as RDS says it. */
  readonly status: string;
  /** Host of its writer. */
  readonly endpoint: string;
  /** Milliseconds since 1970; undefined: it cannot be restored. */
  readonly window: { readonly earliest: number; readonly latest: number } | undefined;
  readonly instances: readonly { readonly id: string; readonly status: string }[];
}

export interface RestorePort {
  /** Undefined: there is no such cluster. */
  cluster(id: string): Promise<DatabaseCluster | undefined>;
  /** A new cluster without instances, with everything else of the damaged one: network, key, parameters, protection. */
  restore(request: { readonly from: string; readonly id: string; readonly time: number }): Promise<void>;
  /** Instances like those of the damaged one. */
  attach(id: string, count: number): Promise<void>;
  /** Per shard; null: nothing applied. Rejects when this host cannot reach the database. */
  watermarks(endpoint: string): Promise<readonly (Acknowledgement & { readonly index?: number })[]>;
  /** Asks for another name and for read-only parameters, which count from `restart` on. RDS does it later, in minutes. */
  rename(from: string, id: string): Promise<void>;
  /** Of every instance; it ends whoever is connected still. */
  restart(id: string): Promise<void>;
}

export interface ProofPort {
  /** What the rows say otherwise than the journal up to their watermarks, in words; empty: nothing. */
  differences(endpoint: string): Promise<readonly string[]>;
}

export interface CutoverPort {
  /** The cluster that Pulumi's state names, and whether a preview would change anything. */
  current(): Promise<string | undefined>;
  /** Config flip, state import and update; resolves when a preview is clean. */
  flip(to: {
    readonly incarnation: number;
    readonly cluster: string;
  }): Promise<{ readonly changed: readonly string[] }>;
}

export interface CheckpointPort {
  /** Marks the shard's checkpoints behind that place; returns how many there are. */
  markCut(shard: number, end: EventPosition, runId: string): Promise<number>;
}

export interface QuarantinePort {
  /** Sets aside what the cuts took, to be submitted again by a person's decision; again = the same file. */
  write(
    cuts: readonly { readonly shard: number; readonly position: EventPosition }[],
  ): Promise<{ readonly file: string; readonly commands: number }>;
}

export interface RestorePorts {
  readonly journal: RestoreJournalPort;
  readonly checkpoints: CheckpointPort;
  readonly quarantine: QuarantinePort;
  readonly database: RestorePort;
  readonly proof: ProofPort;
  readonly cutover: CutoverPort;
  readonly gateway: Pick<GatewayPort, "status">;
  readonly operator: { ask(question: string): Promise<string> };
}
