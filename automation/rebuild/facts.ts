/** What a rebuilding finds out, kept in the run record for later steps and resumed runs. */
import type { Region } from "../../components/model.ts";
import type { Rebuilt } from "../../journal/rebuild.ts";
import type { RunData } from "../runbook/record.ts";
import type { StepContext } from "../runbook/step.ts";
import type { RebuildPorts } from "./ports.ts";

/** What a run is about; fixed when it starts. */
export interface RebuildMission {
  readonly region: Region;
  readonly generation: number;
  readonly shards: number;
  /** Of the fresh table; its name is made of it. */
  readonly incarnation: number;
  /** The damaged table, which is kept. */
  readonly from: string;
  readonly into: string;
  readonly confirmation: "ask" | "given";
}

export interface RebuildFacts {
  readonly mission: RebuildMission;
  readonly surveys: readonly Rebuilt[];
  readonly goAt: number;
  readonly rebuilt: readonly Rebuilt[];
  /** Commands that nothing vouches for, set aside. */
  readonly setAside: number;
  /** What the updates changed besides the imported state. */
  readonly changed: readonly string[];
  readonly caughtUpAt: number;
}

export type RebuildContext = StepContext<RebuildPorts, RebuildFacts>;

export { known } from "../runbook/known.ts";

export const rebuildFacts = (data: Readonly<RunData>): Partial<RebuildFacts> =>
  data.facts as unknown as Partial<RebuildFacts>;
