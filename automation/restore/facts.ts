/** What a restore finds out, kept in the run record for later steps and resumed runs. */
import type { Region } from "../../components/model.ts";
import type { RunData } from "../runbook/record.ts";
import type { StepContext } from "../runbook/step.ts";
import type { RestorePorts, ShardCut } from "./ports.ts";
import type { CutRequest } from "./times.ts";

/** What a run is about; fixed when it starts. */
export interface RestoreMission {
  readonly region: Region;
  readonly generation: number;
  readonly shards: number;
  /** As the operator gave it, milliseconds since 1970. */
  readonly restoreTo: number;
  readonly cut: CutRequest;
  /** Of the restored cluster; its name is made of it. */
  readonly incarnation: number;
  readonly damaged: string;
  readonly restored: string;
  /** The damaged one's name afterwards. */
  readonly kept: string;
  readonly confirmation: "ask" | "given";
}

export interface RestoreFacts {
  readonly mission: RestoreMission;
  readonly cuts: readonly ShardCut[];
  readonly instances: number;
  readonly goAt: number;
  readonly restoredAt: number;
  /** Of the restored database, before anything was replayed. */
  readonly watermarks: readonly {
    readonly shard: number;
    readonly epoch: number;
    readonly seq: number;
    readonly hash: string;
  }[];
  /** Commands that were acknowledged and lie behind the cut. */
  readonly acknowledgedAfterCut: number;
  /** What the update changed besides the imported state. */
  readonly changed: readonly string[];
  readonly caughtUpAt: number;
}

export type RestoreContext = StepContext<RestorePorts, RestoreFacts>;

export { known } from "../runbook/known.ts";

export const restoreFacts = (data: Readonly<RunData>): Partial<RestoreFacts> =>
  data.facts as unknown as Partial<RestoreFacts>;
