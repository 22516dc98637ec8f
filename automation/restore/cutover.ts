/** Lets the program's database be another physical cluster, and proves it by a clean preview. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { StackName } from "../../components/model.ts";
import {
  BACKUP_SELECTION,
  DEPLOYMENT_TYPE,
  differences,
  isFlip,
  type PlannedStep,
} from "../adapters/plan-check.ts";
import { changes, type PulumiStack } from "../adapters/pulumi.ts";
import type { StateStore } from "../adapters/state.ts";
import { HalfwayError } from "../errors.ts";
import { awaitState } from "../failover/state-lock.ts";
import { type RunRecord, writeDurably } from "../runbook/record.ts";
import { setSwitches } from "../stack-file.ts";
import type { CutoverPort } from "./ports.ts";
import { databaseInState, retarget } from "./state-edit.ts";

export interface CutoverOptions {
  readonly stack: StackName;
  readonly project: string;
  readonly projectDirectory: string;
  readonly record: RunRecord;
  readonly state: StateStore;
  readonly pulumi: Pick<PulumiStack, "preview" | "up" | "rewrite" | "refresh">;
  readonly note: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Nobody's outage waits for this: somebody else's update may end first. */
const FOREIGN_LOCK_MILLISECONDS = 10 * 60_000;

export class Cutover implements CutoverPort {
  readonly #options: CutoverOptions;

  constructor(options: CutoverOptions) {
    this.#options = options;
  }

  async current(): Promise<string | undefined> {
    const state = await this.#options.state.read(this.#options.stack);
    return state && databaseInState(state).clusterId;
  }

  async flip({ incarnation, cluster }: Parameters<CutoverPort["flip"]>[0]) {
    const { pulumi, stack, signal, note } = this.#options;
    const locked = await awaitState(this.#options, FOREIGN_LOCK_MILLISECONDS);
    if (locked !== undefined) throw new HalfwayError(`${locked}. The same command resumes`);
    // Before the act: whoever finds the act done, after a kill, must find the file that says so.
    await this.#writeStackFile(incarnation);
    if ((await this.current()) !== cluster) {
      note(`importing ${cluster} into the state of ${stack}`);
      await pulumi.rewrite((deployment) => retarget(deployment, cluster));
    }
    const state = await this.#options.state.read(stack);
    if (state === undefined) throw new HalfwayError(`stack ${stack} has no state`);
    await pulumi.refresh({ targets: databaseInState(state).urns, signal });
    const planned = changes(await pulumi.preview({ signal }));
    const problems = checkCutover(planned);
    if (problems.length > 0) {
      throw new HalfwayError(
        `the update of stack ${stack} would do more than name the restored database: ${problems.join("; ")}. Check out the deployed commit, then the same command resumes`,
      );
    }
    if (planned.length > 0) await pulumi.up({ signal, progress: note });
    const left = changes(await pulumi.preview({ signal }));
    if (left.length > 0) {
      const list = left.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`).join(", ");
      throw new HalfwayError(`a preview of stack ${stack} is not clean: ${list}. The same command resumes`);
    }
    return { changed: planned.map(({ type, urn }) => `${type} ${urn.split("::").at(-1)}`) };
  }

  async #writeStackFile(incarnation: number): Promise<void> {
    const { projectDirectory, stack, project, record } = this.#options;
    const file = path.join(projectDirectory, `Pulumi.${stack}.yaml`);
    const text = setSwitches(await readFile(file, "utf8"), project, { databaseIncarnation: incarnation });
    await writeDurably(file, text);
    await writeDurably(path.join(record.directory, `Pulumi.${stack}.yaml`), text);
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
