/**
 * A role change through Pulumi outside an emergency: what the stack file says is brought into the state, one legal
 * role at a time, when the plan is that and nothing else.
 */
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Role, StackName } from "../components/model.ts";
import { CONTROL_TYPE, checkPlan, DEPLOYMENT_TYPE, type PlannedStep } from "./adapters/plan-check.ts";
import { changes, type PulumiStack } from "./adapters/pulumi.ts";
import { HalfwayError, RefusedError } from "./errors.ts";
import { roleSteps } from "./roles.ts";
import { writeDurably } from "./runbook/record.ts";
import { setSwitches } from "./stack-file.ts";

export interface RoleChange {
  readonly stack: StackName;
  readonly project: string;
  readonly projectDirectory: string;
  readonly deployed: Role | undefined;
  readonly wanted: Role;
  readonly pulumi: Pick<PulumiStack, "preview" | "up">;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** @throws RefusedError when an update would do more than the role change, HalfwayError when the end is not clean */
export async function deployRoles(change: RoleChange): Promise<void> {
  const { stack, pulumi, say, signal } = change;
  const steps = roleSteps(change.deployed, change.wanted);
  for (const role of steps) {
    // The last step is the stack file itself; the ones before only pass through a role.
    const configFile = role === change.wanted ? undefined : await passing(change, role);
    const options = { signal, ...(configFile && { configFile }) };
    const planned = await pulumi.preview(options);
    const wanted = changes(planned);
    for (const { op, type, urn } of wanted)
      say(`${stack}, role ${role}: ${op} ${type} ${urn.split("::").at(-1)}`);
    if (wanted.length === 0 && role === change.deployed) {
      say(`${stack}: role ${role} is deployed and a preview is clean`);
      return;
    }
    if (wanted.length === 0) say(`${stack}, role ${role}: no resource changes`);
    const problems = checkPlan(planned, switchable(planned));
    if (problems.length > 0) {
      throw new RefusedError(
        `stack ${stack}: the next update would do more than the change to role ${role}: ${problems.join("; ")}. Deploy that first, or check out the deployed commit`,
      );
    }
    await pulumi.up({ ...options, progress: say });
  }
  const left = changes(await pulumi.preview({ signal }));
  if (left.length > 0) {
    const list = left.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`).join(", ");
    throw new HalfwayError(`stack ${stack}: a preview is not clean: ${list}. Run the same command again`);
  }
  say(`${stack}: a preview is clean`);
}

const switchable = (steps: readonly PlannedStep[]): readonly string[] =>
  steps.filter(({ type }) => type === DEPLOYMENT_TYPE || type === CONTROL_TYPE).map(({ urn }) => urn);

async function passing({ projectDirectory, project, stack }: RoleChange, role: Role): Promise<string> {
  const text = await readFile(path.join(projectDirectory, `Pulumi.${stack}.yaml`), "utf8");
  const file = path.join(projectDirectory, ".dr", `Pulumi.${stack}.${role}.yaml`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeDurably(file, setSwitches(text, project, { role }));
  return file;
}
