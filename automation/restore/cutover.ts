/** Lets the program's database be another physical cluster. */
import {
  BACKUP_SELECTION,
  DEPLOYMENT_TYPE,
  differences,
  isFlip,
  type PlannedStep,
} from "../adapters/plan-check.ts";
import { type FlippedStack, flipProgram } from "../program-flip.ts";
import type { CutoverPort } from "./ports.ts";
import { databaseInState, retarget } from "./state-edit.ts";

export class Cutover implements CutoverPort {
  readonly #options: FlippedStack;

  constructor(options: FlippedStack) {
    this.#options = options;
  }

  async current(): Promise<string | undefined> {
    const state = await this.#options.state.read(this.#options.stack);
    return state && databaseInState(state).clusterId;
  }

  async flip({ incarnation, cluster }: Parameters<CutoverPort["flip"]>[0]) {
    const changed = await flipProgram(this.#options, {
      to: cluster,
      config: { databaseIncarnation: incarnation },
      isImported: (state) => databaseInState(state).clusterId === cluster,
      retarget: (deployment) => retarget(deployment, cluster),
      imported: (state) => databaseInState(state).urns,
      problems: checkCutover,
    });
    return { changed };
  }
}

/** What another database changes: where pods connect, and who names the cluster to sign in, keep, watch or break it. */
const ALLOWED: Readonly<Record<string, RegExp>> = {
  [DEPLOYMENT_TYPE]: /^spec\.template\.spec\.containers\[\d+\]\.env\b/,
  "aws:iam/rolePolicy:RolePolicy": /^policy$/,
  [BACKUP_SELECTION]: /^resources\b/,
  "aws:backup/restoreTestingSelection:RestoreTestingSelection": /^protectedResourceArns\b/,
  "aws:cloudwatch/dashboard:Dashboard": /^dashboardBody$/,
  "aws:cloudwatch/metricAlarm:MetricAlarm": /^dimensions\b/,
  "aws:fis/experimentTemplate:ExperimentTemplate": /^targets\[\d+\]\.resourceArns\b/,
};

/** What is wrong with the plan, one line each; empty: it is the cutover and nothing else. */
export function checkCutover(steps: readonly PlannedStep[]): readonly string[] {
  return steps.flatMap(({ op, type, urn, oldInputs, newInputs }) => {
    const name = `${type} ${urn.split("::").at(-1)}`;
    const allowed = ALLOWED[type];
    if (allowed === undefined || !isFlip(type, op)) return [`${op} of ${name}`];
    // Its inputs are gone; those of what comes in its place are looked at there.
    if (op === "delete-replaced") return [];
    const other = differences(oldInputs, newInputs).filter((path) => !allowed.test(path));
    return other.length === 0 ? [] : [`${name} would also change ${other.join(", ")}`];
  });
}
