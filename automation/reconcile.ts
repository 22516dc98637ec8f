/** Brings Pulumi's state in line with the stack files, stack by stack. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { ROLES, STACKS, type StackName } from "../components/model.ts";
import { pulumiStack } from "./adapters/program.ts";
import type { Context } from "./commands/command.ts";
import { loadDeployment } from "./deployment.ts";
import { EXIT, messageOf, UsageError } from "./errors.ts";
import { deployRoles } from "./role-change.ts";
import { readSwitch } from "./stack-file.ts";

export async function reconcile(stack: unknown, { settings, stderr, signal }: Context): Promise<number> {
  const wanted = STACKS.filter((name) => stack === undefined || stack === name);
  if (wanted.length === 0) throw new UsageError(`--stack ${stack}: must be ${STACKS.join(" or ")}`);
  const deployment = await loadDeployment(settings);
  const say = (line: string) => stderr.write(`${line}\n`);
  const failures: { readonly name: StackName; readonly error: unknown }[] = [];
  for (const name of wanted) {
    const { project } = deployment;
    const file = path.join(settings.projectDirectory, `Pulumi.${name}.yaml`);
    const text = readSwitch(await readFile(file, "utf8"), project, "role");
    const role = ROLES.find((one) => one === text);
    if (role === undefined) throw new UsageError(`${file}: role is "${text}", must be ${ROLES.join(", ")}`);
    const pulumi = pulumiStack({ stack: name, project, settings, say });
    try {
      await deployRoles({
        stack: name,
        project,
        projectDirectory: settings.projectDirectory,
        deployed: deployment.stacks[name].role,
        wanted: role,
        pulumi,
        say,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      // A dead region's stack cannot be reached; the other one must still be brought in line.
      failures.push({ name, error });
      say(`${name}: ${messageOf(error)}`);
    }
  }
  const [first] = failures;
  if (first === undefined) return EXIT.done;
  throw first.error;
}
