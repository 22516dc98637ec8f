/** A scenario is a value: what is promised to be put to the test, the phases that do it, and what came of it. */
import type { Measurements } from "../report/evidence.ts";
import type { Finding, Promised } from "../report/verdict.ts";
import type { Drill } from "./drill.ts";
import type { WorldOptions } from "./world.ts";

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
  /** What it wants of its world. */
  readonly world?: Partial<WorldOptions>;
  readonly phases: readonly DrillPhase[];
  readonly measure: (drill: Drill, scenario: Scenario, commit: string) => Measurements;
  /** What this scenario alone holds against the measurements, besides what every drill is judged by. */
  readonly findings?: (measured: Measurements) => readonly Finding[];
}
