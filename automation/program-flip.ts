/** Turns one stack of the program to another physical resource behind the same logical one, and proves it by a clean preview. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { StackName } from "../components/model.ts";
import type { PlannedStep } from "./adapters/plan-check.ts";
import { changes, type PulumiStack } from "./adapters/pulumi.ts";
import type { StackState, StateStore } from "./adapters/state.ts";
import { HalfwayError } from "./errors.ts";
import { awaitState } from "./failover/state-lock.ts";
import { type RunRecord, writeDurably } from "./runbook/record.ts";
import { setSwitches } from "./stack-file.ts";

export interface FlippedStack {
  readonly stack: StackName;
  readonly project: string;
  readonly projectDirectory: string;
  readonly record: RunRecord;
  readonly state: StateStore;
  readonly pulumi: Pick<PulumiStack, "preview" | "up" | "rewrite" | "refresh">;
  readonly note: (message: string) => void;
  readonly signal: AbortSignal;
}

export interface ProgramFlip {
  /** The physical resource, for messages. */
  readonly to: string;
  /** Scalars of the stack file. */
  readonly config: Readonly<Record<string, number>>;
  readonly isImported: (state: StackState) => boolean;
  /** The exported deployment with the resource's names changed; again = the same. */
  readonly retarget: (deployment: unknown) => unknown;
  /** URNs that are read anew once they are imported. */
  readonly imported: (state: StackState) => readonly string[];
  /** What a planned update would do besides naming the resource, one line each. */
  readonly problems: (planned: readonly PlannedStep[]) => readonly string[];
}

/** Nobody's outage waits for this: somebody else's update may end first. */
const FOREIGN_LOCK_MILLISECONDS = 10 * 60_000;

/**
 * Safe to repeat. Resolves with what the update changed, by type and name, when a preview is clean.
 * @throws HalfwayError
 */
export async function flipProgram(options: FlippedStack, flip: ProgramFlip): Promise<readonly string[]> {
  const { pulumi, stack, signal, note } = options;
  const locked = await awaitState(options, FOREIGN_LOCK_MILLISECONDS);
  if (locked !== undefined) throw new HalfwayError(`${locked}. The same command resumes`);
  // Before the act: whoever finds the act done, after a kill, must find the file that says so.
  await writeStackFile(options, flip.config);
  if (!flip.isImported(await stateOf(options))) {
    note(`importing ${flip.to} into the state of ${stack}`);
    await pulumi.rewrite(flip.retarget);
  }
  await pulumi.refresh({ targets: flip.imported(await stateOf(options)), signal });
  const planned = changes(await pulumi.preview({ signal }));
  const problems = flip.problems(planned);
  if (problems.length > 0) {
    throw new HalfwayError(
      `the update of stack ${stack} would do more than name ${flip.to}: ${problems.join("; ")}. Check out the deployed commit, then the same command resumes`,
    );
  }
  if (planned.length > 0) await pulumi.up({ signal, progress: note });
  const left = changes(await pulumi.preview({ signal }));
  if (left.length > 0) {
    const list = left.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`).join(", ");
    throw new HalfwayError(`a preview of stack ${stack} is not clean: ${list}. The same command resumes`);
  }
  return planned.map(({ type, urn }) => `${type} ${urn.split("::").at(-1)}`);
}

async function stateOf({ state, stack }: FlippedStack): Promise<StackState> {
  const found = await state.read(stack);
  if (found === undefined) throw new HalfwayError(`stack ${stack} has no state`);
  return found;
}

async function writeStackFile(
  { projectDirectory, stack, project, record }: FlippedStack,
  config: ProgramFlip["config"],
): Promise<void> {
  const file = path.join(projectDirectory, `Pulumi.${stack}.yaml`);
  const text = setSwitches(await readFile(file, "utf8"), project, config);
  await writeDurably(file, text);
  await writeDurably(path.join(record.directory, `Pulumi.${stack}.yaml`), text);
}
