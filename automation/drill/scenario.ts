/** A scenario is a value: what is promised to be put to the test, and the phases that do it. */
import type { Promised } from "../report/verdict.ts";
import type { Drill } from "./drill.ts";

export interface DrillPhase {
  readonly id: string;
  readonly title: string;
  readonly run: (drill: Drill) => Promise<void>;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** Recovery time objective. */
  readonly targetSeconds: number;
  readonly promised: Promised;
  readonly phases: readonly DrillPhase[];
}
