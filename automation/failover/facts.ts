/** What a failover finds out, kept in the run record for later steps and resumed runs. */
import type { Region, StackName } from "../../components/model.ts";
import type { Anchor } from "../../journal/model.ts";
import type { RunData } from "../runbook/record.ts";
import type { StepContext } from "../runbook/step.ts";
import type { Loss, Probe, Verdict } from "./decide.ts";
import type { Capacity, Ports, ShardFence, Target } from "./ports.ts";

/** Median seconds from the loss to the first write, with room on the nodes and without. */
export interface Expected {
  readonly warmSeconds: number;
  readonly coldSeconds: number;
}

/** What a run is about; fixed when it starts. */
export interface Mission {
  readonly target: Region;
  readonly targetStack: StackName;
  /** The region that is active before. */
  readonly from: Region;
  /** Generation of the decision that stood when the run started. */
  readonly seenGeneration: number;
  readonly shards: number;
  /** Deployments that the roles scale, with their production size. */
  readonly deployments: readonly Target[];
  readonly targetAddresses: readonly string[];
  /** Longest time from `traffic: on` until every client that keeps to the TTL asks the new region. */
  readonly trafficLimitSeconds: number;
  /** Absent: it cannot be said. */
  readonly expected?: Expected | undefined;
  readonly force: boolean;
  /** Shards that somebody halted may be taken into the target's hands, and take orders again. */
  readonly endHalt: boolean;
  readonly confirmation: { readonly kind: "ask" } | { readonly kind: "given" };
}

export interface Assessment {
  readonly loss: Loss;
  readonly probes: readonly Probe[];
  readonly lastRecordAt: number | null;
  /** Events that the replica had not applied; null: unknown. */
  readonly predictedGapEvents: number | null;
  readonly capacity: Capacity | null;
  /** That somebody stopped shards, which the failover would set going again; null: nobody did. */
  readonly halted: string | null;
  /** What a person should know before deciding. */
  readonly warnings: readonly string[];
}

export interface ShardProof {
  readonly shard: number;
  readonly epoch: number;
  readonly seq: number;
  readonly hash: string;
  readonly tailReplayed: number;
}

export interface Facts {
  readonly mission: Mission;
  readonly assessment: Assessment;
  /** When the operator said go, milliseconds since 1970. */
  readonly goAt: number;
  /** Set before the decision is put. */
  readonly generation: number;
  readonly fences: readonly ShardFence[];
  readonly proofs: readonly ShardProof[];
  /** How the stack was flipped, and why not by Pulumi. */
  readonly via: { readonly how: "pulumi" | "direct"; readonly reason?: string };
  readonly trafficMovedAt: number;
  readonly databaseWritableAt: number;
  /** Watermarks of the promoted database before the projector moved them; null: none or unknown. */
  readonly watermarks: readonly (Anchor | null)[] | null;
  readonly measuredGapEvents: number | null;
  readonly verdict: Verdict;
}

export type Context = StepContext<Ports, Facts>;

export { known as fact } from "../runbook/known.ts";

/** The facts of a record that is read back. */
export const factsOf = (data: Readonly<RunData>): Partial<Facts> => data.facts as unknown as Partial<Facts>;
