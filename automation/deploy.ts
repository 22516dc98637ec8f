/**
 * Deploys stacks one after the other, from a laptop as in CI: nothing but the plan that was shown, and nothing that
 * loses data unless it was named.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { STACKS, type StackName } from "../components/model.ts";
import { deployedCommit } from "../stacks/commit.ts";
import { Endpoints } from "./adapters/endpoints.ts";
import { POLICY_PACK } from "./adapters/policy.ts";
import { type ProgramOptions, pulumiStack } from "./adapters/program.ts";
import type { PulumiStack } from "./adapters/pulumi.ts";
import type { StateStore } from "./adapters/state.ts";
import { ensureStateBucket } from "./adapters/state-bucket.ts";
import { ask } from "./ask.ts";
import type { Context } from "./commands/command.ts";
import { awaitUnlocked, isLockedByOther, releaseOwn, rememberEngine } from "./deploy-lock.ts";
import { planFile, readReview, takePreview, withPolicies } from "./deploy-preview.ts";
import { awaitReady, type Replicas } from "./deploy-ready.ts";
import { deployOrder, forbidden } from "./deploy-rule.ts";
import { type DeployedStack, deployedStack, loadDeployment, openState } from "./deployment.ts";
import { EXIT, messageOf, RefusedError, UsageError } from "./errors.ts";
import { regionWorld } from "./failover/world.ts";
import { parsePreview } from "./review/parse.ts";
import { isChange, type Preview } from "./review/preview.ts";
import type { ProcessIdentity } from "./runbook/process.ts";

export interface DeployRequest {
  /** Undefined: both, in the order that the change needs. */
  readonly stack: StackName | undefined;
  readonly yes: boolean;
  /** Makes the state's bucket when it is missing. */
  readonly bootstrap: boolean;
  /** Directory of `dr preview`; undefined: previewed now. */
  readonly reviewed: string | undefined;
  /** Names of resources whose loss was agreed to. */
  readonly accepted: readonly string[];
  readonly lockSeconds: number;
  readonly readySeconds: number;
}

/** An engine that was told to stop finishes what it began first. */
const RELEASE_SECONDS = 60;

type Pulumi = Pick<PulumiStack, "create" | "preview" | "up">;

/** What a deployment acts on; tests give their own. */
export interface Ports {
  readonly open: (options: ProgramOptions) => Pulumi;
  readonly outputs: (stack: StackName, context: Context) => Promise<DeployedStack>;
  readonly replicas: (outputs: DeployedStack, context: Context) => Promise<readonly Replicas[]>;
}

const REAL: Ports = {
  open: pulumiStack,
  outputs: (stack, { settings }) => deployedStack(settings, stack),
  async replicas(outputs, { settings }) {
    const { primary, secondary, witness } = outputs.regions;
    const { cluster } = regionWorld(outputs, new Endpoints([primary, secondary, witness]), settings);
    return await cluster.rollout();
  },
};

interface Run extends DeployRequest {
  readonly context: Context;
  readonly ports: Ports;
  readonly project: string;
  readonly state: StateStore;
  readonly say: (line: string) => void;
}

export async function deploy(request: DeployRequest, context: Context, ports: Ports = REAL): Promise<number> {
  const { settings, stderr } = context;
  const say = (line: string) => stderr.write(`${line}\n`);
  const { project, state } = await openState(settings);
  const run: Run = { ...request, context, ports, project, state, say };
  if (request.bootstrap) await ensureStateBucket(settings.backendUrl ?? "", say);
  const stacks = request.stack === undefined ? await inOrder(run) : [request.stack];
  for (const stack of stacks) await deployOne(stack, run);
  // Keeps the outputs beside the run records: a failover can then start without the state.
  await loadDeployment(settings).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    say(`not yet both stacks are deployed: ${error.message}`);
  });
  return EXIT.done;
}

/** After a deployment here was killed: the next one, or another machine's, need not wait for a dead run's lock. */
export async function releaseLocks(
  stacks: readonly StackName[],
  { settings, stderr, signal }: Context,
): Promise<number> {
  const { state } = await openState(settings);
  const { projectDirectory } = settings;
  const say = (line: string) => stderr.write(`${line}\n`);
  for (const stack of stacks) {
    await releaseOwn({ stack, state, projectDirectory, limitSeconds: RELEASE_SECONDS, say, signal });
  }
  return EXIT.done;
}

async function inOrder(run: Run): Promise<readonly StackName[]> {
  const { state, say, reviewed } = run;
  const isDeployed = await Promise.all(STACKS.map((stack) => hasOutputs(state, stack)));
  let prod: Preview | undefined;
  if (isDeployed.every((one) => one)) {
    prod =
      reviewed === undefined
        ? await previewed("prod", opened("prod", run), undefined, run)
        : await readReview(reviewed, "prod", deployedCommit());
  }
  const { stacks, because } = deployOrder(prod);
  say(`${stacks.join(", then ")}: ${because}`);
  return stacks;
}

async function deployOne(stack: StackName, run: Run): Promise<void> {
  const { context, ports, say, reviewed, accepted, yes, state } = run;
  const started = performance.now();
  if (stack === "dr" && !(await hasOutputs(state, "prod"))) {
    throw new RefusedError(
      "dr needs what prod owns, and prod is not deployed: deploy it first with `dr deploy --stack prod`",
    );
  }
  const pulumi = opened(stack, run);
  const scratch = await mkdtemp(path.join(tmpdir(), "dr-plan-"));
  try {
    await awaitUnlocked({ ...lockOptions(run), stack });
    await pulumi.create();
    const plan = planFile(reviewed ?? scratch, stack);
    const preview =
      reviewed === undefined
        ? await previewed(stack, pulumi, plan, run)
        : await readReview(reviewed, stack, deployedCommit());
    const problems = forbidden(preview, accepted);
    if (problems.length > 0) {
      throw new RefusedError(
        `stack ${stack} would lose data, and nothing was changed:\n${problems.map((line) => `  - ${line}`).join("\n")}\nname each with --accept NAME when that was agreed to`,
      );
    }
    if (!yes) await confirm(stack, preview, context);
    say(`${stack}: deploying`);
    await update(stack, pulumi, plan, run);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  say(`${stack}: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const outputs = await ports.outputs(stack, context);
  context.stdout.write(`${JSON.stringify(outputs)}\n`);
  await awaitReady({
    stack,
    look: () => ports.replicas(outputs, context),
    limitSeconds: run.readySeconds,
    say,
    signal: context.signal,
  });
}

const lockOptions = ({ state, lockSeconds, say, context }: Run) => ({
  state,
  projectDirectory: context.settings.projectDirectory,
  limitSeconds: lockSeconds,
  say,
  signal: context.signal,
});

function opened(stack: StackName, { ports, project, say, context: { settings } }: Run): Pulumi {
  const started = (child: ProcessIdentity) => rememberEngine(settings.projectDirectory, stack, child);
  return ports.open({ stack, project, settings: withPolicies(settings), say, started });
}

async function previewed(
  stack: StackName,
  pulumi: Pulumi,
  plan: string | undefined,
  { say, context: { signal } }: Run,
): Promise<Preview> {
  say(`${stack}: previewing`);
  const { text, failure } = await takePreview(pulumi, {
    ...(plan !== undefined && { planFile: plan }),
    signal,
  });
  if (failure !== undefined) throw failure;
  return parsePreview(text, `the preview of ${stack}`);
}

/** Exactly the plan. Who takes the lock between our look and the engine's is waited for once more. */
async function update(stack: StackName, pulumi: Pulumi, plan: string, run: Run): Promise<void> {
  const { say, context } = run;
  const options = {
    planFile: plan,
    // What was not known at the preview is judged now, before it is made.
    policyPack: POLICY_PACK,
    signal: context.signal,
    progress: (line: string) => say(`${stack}: ${line}`),
  };
  try {
    await pulumi.up(options);
  } catch (error) {
    if (!isLockedByOther(messageOf(error))) throw error;
    await awaitUnlocked({ ...lockOptions(run), stack });
    await pulumi.up(options);
  }
}

const hasOutputs = async (state: StateStore, stack: StackName): Promise<boolean> =>
  Object.keys((await state.read(stack))?.outputs ?? {}).length > 0;

async function confirm(stack: StackName, { steps }: Preview, context: Context): Promise<void> {
  const wanted = steps.filter(({ op }) => isChange(op));
  for (const { op, type, name } of wanted) context.stderr.write(`${op} ${type} ${name}\n`);
  const answer = await ask(context, `${stack}: ${wanted.length} changes. Type yes to deploy: `);
  if (answer.trim() !== "yes") throw new UsageError(`not confirmed: got "${answer.trim()}", must be yes`);
}
