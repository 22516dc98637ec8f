/** What `dr drill` can do, by name. A scenario is loaded only when it is run, so that bad usage is answered at once. */
import type { Loss } from "../report/evidence.ts";
import type { Scenario } from "./scenario.ts";

export interface ScenarioEntry {
  /** One line for `--help`. */
  readonly describe: string;
  /** What `--loss` may say; the first is the default. Empty: nothing is lost as a whole. */
  readonly losses: readonly (Loss | "each")[];
  readonly load: () => Promise<Scenario>;
}

export const SCENARIOS = {
  "region-loss": {
    describe: "the active region is lost, an operator fails over",
    losses: ["kill", "freeze", "blackhole", "partition"],
    load: async () => (await import("./region-loss.ts")).regionLoss,
  },
  "az-loss": {
    describe: "each zone of the active region is lost in turn, nobody intervenes",
    losses: ["each", "kill", "freeze"],
    load: async () => (await import("./az-loss.ts")).azLoss,
  },
  corruption: {
    describe: "database and journal are damaged, an operator halts, restores, replays and resumes",
    losses: [],
    load: async () => (await import("./corruption/scenario.ts")).corruption,
  },
} as const satisfies Record<string, ScenarioEntry>;

export type ScenarioName = keyof typeof SCENARIOS;
export const DEFAULT_SCENARIO: ScenarioName = "region-loss";
