/**
 * What is deployed, as Pulumi's state says it: both stacks' outputs, read without the engine, and kept beside the
 * run records so that a failover can start when even the state cannot be read.
 */
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import {
  DNS_PROVIDERS,
  isRegion,
  type Region,
  ROLES,
  STACKS,
  type StackName,
  WEEKDAYS,
} from "../components/model.ts";
import type { StackOutputs } from "../stacks/outputs.ts";
import { patience } from "./adapters/aws.ts";
import { openBucket, StateStore } from "./adapters/state.ts";
import { messageOf, UsageError } from "./errors.ts";
import { writeDurably } from "./runbook/record.ts";
import type { Settings } from "./settings.ts";

const region = z.custom<Region>(isRegion, "not a region");
const onOff = z.enum(["on", "off"]);
/** Unknown outputs are fine: a newer program may say more. */
const outputsSchema = z.object({
  stack: z.enum(STACKS),
  name: z.string(),
  region,
  regions: z.object({ primary: region, secondary: region, witness: region }),
  role: z.enum(ROLES),
  traffic: onOff,
  maintenance: onOff,
  acceptGeneration: z.int().nullable().default(null),
  commit: z.string(),
  publicName: z.string(),
  regionalName: z.string(),
  elasticIps: z.array(z.string()),
  listenerPort: z.int(),
  dns: z.object({
    provider: z.enum(DNS_PROVIDERS),
    ttlSeconds: z.number(),
    healthCheckIntervalSeconds: z.number(),
    failureThreshold: z.number(),
  }),
  maintenanceWindow: z
    .object({
      timeZone: z.string(),
      weekday: z.enum(WEEKDAYS),
      hours: z.object({ from: z.int(), to: z.int() }),
    })
    .optional(),
  journalTable: z.string(),
  journalIncarnation: z.int().default(0),
  shards: z.int(),
  window: z.int(),
  archiveBucket: z.string(),
  checkpointBucket: z.string(),
  globalClusterId: z.string(),
  databaseClusterId: z.string(),
  databaseIncarnation: z.int().default(0),
  databaseClusterArn: z.string(),
  databaseEndpoint: z.string(),
  cluster: z.object({ name: z.string(), endpoint: z.string(), certificateAuthority: z.string() }),
  namespace: z.string(),
  deployments: z.array(
    z.object({
      name: z.string(),
      service: z.string(),
      shard: z.int().nullable(),
      replicas: z.int(),
      alwaysOn: z.boolean(),
    }),
  ),
});

export interface DeployedStack extends StackOutputs {
  /** Where the region's replicas answer; undefined when the state has no such cluster. */
  readonly databaseReader?: string | undefined;
}

export interface Deployment {
  readonly project: string;
  readonly state: StateStore;
  readonly stacks: Readonly<Record<StackName, DeployedStack>>;
  /** Why the outputs come from the copy on this machine; undefined when they come from the state. */
  readonly stale: string | undefined;
}

/** @throws UsageError when there is no project here */
export async function projectName(projectDirectory: string): Promise<string> {
  const file = path.join(projectDirectory, "Pulumi.yaml");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) {
    throw new UsageError(
      `there is no Pulumi.yaml in ${projectDirectory}: name the project with --project-dir DIR`,
    );
  }
  const name = /^name:\s*["']?([\w.-]+)/m.exec(text)?.[1];
  if (name === undefined) throw new UsageError(`${file} has no name`);
  return name;
}

export async function openState(settings: Settings): Promise<{ project: string; state: StateStore }> {
  const project = await projectName(settings.projectDirectory);
  return { project, state: new StateStore(openBucket(settings.backendUrl, patience), project) };
}

/** @throws UsageError when a stack was never deployed */
export async function loadDeployment(settings: Settings): Promise<Deployment> {
  const { project, state } = await openState(settings);
  const [prod, dr] = await Promise.all(
    STACKS.map(async (stack) => {
      try {
        return { outputs: await fromState(state, stack), stale: undefined };
      } catch (error) {
        if (error instanceof UsageError) throw error;
        const kept = await fromCopy(settings.projectDirectory, stack);
        if (kept === undefined) throw error;
        return { outputs: kept, stale: `the state cannot be read: ${messageOf(error)}` };
      }
    }),
  );
  if (prod === undefined || dr === undefined) throw new Error("two stacks are needed");
  if (prod.stale === undefined && dr.stale === undefined) {
    await keepCopies(settings.projectDirectory, [prod.outputs, dr.outputs]);
  }
  return {
    project,
    state,
    stacks: { prod: prod.outputs, dr: dr.outputs },
    stale: prod.stale ?? dr.stale,
  };
}

/** One stack's outputs. @throws UsageError when it was never deployed */
export async function deployedStack(settings: Settings, stack: StackName): Promise<DeployedStack> {
  const { state } = await openState(settings);
  return await fromState(state, stack);
}

async function fromState(state: StateStore, stack: StackName): Promise<DeployedStack> {
  const found = await state.read(stack);
  if (found === undefined || Object.keys(found.outputs).length === 0) {
    throw new UsageError(
      `stack ${stack} has no state in ${state.url}: deploy it first with \`dr deploy --all\``,
    );
  }
  const parsed = outputsSchema.safeParse(found.outputs);
  // The cluster endpoint of a secondary answers nobody before it is promoted.
  const reader = found.resources.find(({ type }) => type === "aws:rds/cluster:Cluster")?.outputs[
    "readerEndpoint"
  ];
  if (parsed.success)
    return { ...parsed.data, databaseReader: typeof reader === "string" ? reader : undefined };
  const problems = parsed.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`);
  throw new UsageError(
    `the outputs of stack ${stack} are not this program's (${problems.join("; ")}): deploy it again with \`dr deploy --stack ${stack}\``,
  );
}

const copySchema = outputsSchema.extend({ databaseReader: z.string().optional() });
const copyFile = (projectDirectory: string, stack: StackName): string =>
  path.join(projectDirectory, ".dr", `outputs.${stack}.json`);

async function fromCopy(projectDirectory: string, stack: StackName): Promise<DeployedStack | undefined> {
  const text = await readFile(copyFile(projectDirectory, stack), "utf8").catch(() => undefined);
  return text === undefined ? undefined : copySchema.parse(JSON.parse(text));
}

async function keepCopies(projectDirectory: string, outputs: readonly DeployedStack[]): Promise<void> {
  await mkdir(path.join(projectDirectory, ".dr"), { recursive: true });
  await Promise.all(
    outputs.map((one) =>
      writeDurably(copyFile(projectDirectory, one.stack), `${JSON.stringify(one, null, 2)}\n`),
    ),
  );
}

/** The stack that deploys a region. @throws UsageError for a region that neither does */
export function stackOf(deployment: Deployment, target: string, option: string): DeployedStack {
  const stacks = Object.values(deployment.stacks);
  const found = stacks.find((one) => one.region === target);
  if (found !== undefined) return found;
  const regions = stacks.map((one) => one.region).join(" or ");
  throw new UsageError(
    `${option} ${target}: there is no such region in this deployment, it must be ${regions}`,
  );
}

/** What the roles scale in a stack. */
export const scaled = (outputs: StackOutputs): readonly { name: string; replicas: number }[] =>
  outputs.deployments.filter(({ alwaysOn }) => !alwaysOn).map(({ name, replicas }) => ({ name, replicas }));
