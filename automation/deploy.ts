/** Deploys stacks one after the other: `prod` owns what spans both regions, so `dr` comes after it. */
import type { StackName } from "../components/model.ts";
import { type ProgramOptions, pulumiStack } from "./adapters/program.ts";
import { changes, type PulumiStack } from "./adapters/pulumi.ts";
import { ensureStateBucket } from "./adapters/state-bucket.ts";
import { ask } from "./ask.ts";
import type { Context } from "./commands/command.ts";
import { loadDeployment, openState } from "./deployment.ts";
import { EXIT, UsageError } from "./errors.ts";

export interface DeployRequest {
  readonly stacks: readonly StackName[];
  readonly yes: boolean;
  readonly bootstrap: boolean;
}

type OpenStack = (options: ProgramOptions) => Pick<PulumiStack, "create" | "preview" | "up">;

export async function deploy(
  { stacks, yes, bootstrap }: DeployRequest,
  context: Context,
  open: OpenStack = pulumiStack,
): Promise<number> {
  const { settings, stderr, signal } = context;
  const say = (line: string) => stderr.write(`${line}\n`);
  const { project } = await openState(settings);
  if (bootstrap) await ensureStateBucket(settings.backendUrl ?? "", say);
  for (const [index, stack] of stacks.entries()) {
    const started = performance.now();
    const label = `${stack} (${index + 1} of ${stacks.length})`;
    const pulumi = open({ stack, project, settings, say });
    await pulumi.create();
    if (!yes) await confirm(label, changes(await pulumi.preview({ signal })), context);
    say(`${label}: deploying`);
    await pulumi.up({ signal, progress: (line) => say(`${label}: ${line}`) });
    say(`${label}: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  // Keeps the outputs beside the run records: a failover can then start without the state.
  await loadDeployment(settings).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    say(`not yet both stacks are deployed: ${error.message}`);
  });
  return EXIT.done;
}

async function confirm(
  label: string,
  wanted: readonly { readonly op: string; readonly type: string; readonly urn: string }[],
  context: Context,
): Promise<void> {
  for (const { op, type, urn } of wanted) context.stderr.write(`${op} ${type} ${urn.split("::").at(-1)}\n`);
  const answer = await ask(context, `${label}: ${wanted.length} changes. Type yes to deploy: `);
  if (answer.trim() !== "yes") throw new UsageError(`not confirmed: got "${answer.trim()}", must be yes`);
}
