/** What has to hold before anything is registered: a readable config, and a commit that may be deployed here. */
import { Provider as Aws } from "@pulumi/aws/provider.js";
import { getStack, log, RunError, runtime } from "@pulumi/pulumi";
import type { Role } from "../components/model.ts";
import { type Config, ConfigError, parseConfig } from "./config.ts";
import { refuseOldCommit, refuseRoleStep } from "./guard.ts";
import { readDecision, readLastRole } from "./observed.ts";
import { type Adopted, lookAtAdopted, unfitIn } from "./places.ts";

export interface Start {
  readonly config: Config;
  readonly aws: Aws;
  /** Undefined before the first deployment. */
  readonly lastRole: Role | undefined;
  readonly adopted: Adopted;
}

/** A refusal is an answer, not a crash: hosts print a `RunError` without its stack. */
const refuse = (reason: string): RunError => new RunError(`Refused, nothing was changed: ${reason}`);

/**
 * Pulumi takes a stack trace for every promise that it makes. At V8's ten frames that is half of the program's time,
 * which a failover spends four times; one frame still says where an error was thrown.
 * https://github.com/pulumi/pulumi/blob/v3.230.0/sdk/nodejs/runtime/debuggable.ts
 */
const STACK_FRAMES = 1;

export async function start(): Promise<Start> {
  Error.stackTraceLimit = STACK_FRAMES;
  const config = readConfig();
  const aws = awsProvider(config);
  const decision = guardDecision(config, aws);
  const role = guardRole(config);
  const look = lookAtAdopted(config, aws).catch(({ message }: Error) => {
    throw refuse(message);
  });
  // Of several refusals always the same one is told, whichever came first.
  await Promise.allSettled([decision, role, look]);
  await decision;
  const [lastRole, adopted] = [await role, await look];
  await guardAdopted(adopted, lastRole);
  return { config, aws, lastRole, adopted };
}

/** Once something stands on it, it is only told: no failover may be refused for somebody else's subnet. */
async function guardAdopted(adopted: Adopted, lastRole: Role | undefined): Promise<void> {
  const unfit = unfitIn(adopted);
  if (unfit === "") return;
  if (lastRole === undefined) throw refuse(unfit);
  await log.warn(`${unfit}\nA first deployment would be refused; this one goes on.`);
}

function readConfig(): Config {
  try {
    return parseConfig(runtime.allConfig(), getStack());
  } catch (error) {
    if (error instanceof ConfigError) throw new RunError(error.message);
    throw error;
  }
}

const awsProvider = ({ accountId, name, region, stack }: Config): Aws =>
  new Aws("aws", {
    region,
    // The global endpoint of STS is in us-east-1.
    stsRegion: region,
    allowedAccountIds: [accountId],
    defaultTags: { tags: { platform: name, stack } },
  });

async function guardDecision(config: Config, aws: Aws): Promise<void> {
  const { stack, region, regions, role, acceptGeneration, journal } = config;
  const observed = await readDecision(journal.tableName, region, aws);
  if (observed.kind === "unreadable") {
    const what = `the region item of ${journal.tableName} cannot be read in ${region} (${observed.cause.message})`;
    if (config.allowUnreadableJournal === "off") {
      throw refuse(
        `${what}, so nobody knows which region is active. ` +
          'To deploy all the same, set allowUnreadableJournal to "on" for this one run.',
      );
    }
    await log.warn(`${what}; deploying all the same, as allowUnreadableJournal says.`);
    return;
  }
  const decided = observed.kind === "read" ? observed.value : { generation: 0, active: regions.primary };
  const reason = refuseOldCommit({ stack, region, role, acceptGeneration, decided });
  if (reason !== undefined) throw refuse(reason);
}

async function guardRole({ stack, role }: Config): Promise<Role | undefined> {
  const last = await readLastRole().catch((cause: Error) => {
    throw refuse(
      `the last deployed role of stack ${stack} cannot be read from its state (${cause.message}).`,
    );
  });
  const reason = refuseRoleStep(stack, last, role);
  if (reason !== undefined) throw refuse(reason);
  return last;
}
