/** What the project says: state backend, stack files, drift. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { isRegion, type Region, type StackName } from "../../../components/model.ts";
import { pulumiStack } from "../../adapters/program.ts";
import { changes } from "../../adapters/pulumi.ts";
import { s3Location } from "../../adapters/state.ts";
import type { Deployment } from "../../deployment.ts";
import { UsageError } from "../../errors.ts";
import type { Settings } from "../../settings.ts";
import { secretsProviderOf } from "../../stack-file.ts";
import type { Drift, StackFacts } from "../facts.ts";

/** Null: in no region. */
export function stateRegion({ backendUrl }: Settings): Region | null {
  if (backendUrl === undefined) throw new UsageError("PULUMI_BACKEND_URL is not set");
  if (!backendUrl.startsWith("s3://")) return null;
  const { region } = s3Location(new URL(backendUrl));
  if (!isRegion(region)) throw new Error(`the state's region "${region}" is none of this program's`);
  return region;
}

/** Null: the stack's secrets are under a passphrase. */
export async function secretsRegion(
  { projectDirectory }: Settings,
  stack: StackName,
): Promise<Region | null> {
  const text = await readFile(path.join(projectDirectory, `Pulumi.${stack}.yaml`), "utf8");
  const provider = secretsProviderOf(text);
  if (provider === undefined) return null;
  const region =
    /[?&]region=([a-z0-9-]+)/.exec(provider)?.[1] ?? /arn:aws:kms:([a-z0-9-]+):/.exec(provider)?.[1];
  if (!isRegion(region)) throw new Error(`the secrets provider ${provider} names no region of this program`);
  return region;
}

export async function stackFacts({ state, stacks }: Deployment, stack: StackName): Promise<StackFacts> {
  const [found, locks] = await Promise.all([state.read(stack), state.locks(stack)]);
  if (found === undefined) throw new UsageError(`stack ${stack} has no state`);
  const { role, commit } = stacks[stack];
  return {
    role,
    commit,
    pendingOperations: found.pendingOperations,
    locks: locks.map(({ username, hostname, timestamp }) => `${username}@${hostname} since ${timestamp}`),
  };
}

export async function driftOf(
  settings: Settings,
  project: string,
  stack: StackName,
  signal: AbortSignal,
): Promise<Drift> {
  const pulumi = pulumiStack({ stack, project, settings, say: () => {}, emergency: true });
  const steps = await pulumi.preview({ refresh: true, signal });
  return changes(steps).map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`);
}
