/** What `dr drill` can do, by name. A scenario is loaded only when it is run, so that bad usage is answered at once. */
import type { Scenario } from "./scenario.ts";

export interface ScenarioEntry {
  /** One line for `--help`. */
  readonly describe: string;
  readonly load: () => Promise<Scenario>;
}

export const SCENARIOS = {
  "region-loss": {
    describe: "the active region is lost, an operator fails over",
    load: async () => (await import("./region-loss.ts")).regionLoss,
  },
  corruption: {
    describe: "the database is damaged, an operator halts, restores, replays and resumes",
    load: async () => (await import("./corruption/scenario.ts")).corruption,
  },
} as const satisfies Record<string, ScenarioEntry>;

export type ScenarioName = keyof typeof SCENARIOS;
export const DEFAULT_SCENARIO: ScenarioName = "region-loss";
