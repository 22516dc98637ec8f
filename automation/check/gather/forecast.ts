/** The forecast of a failover now, and the facts that it goes by. */
import { pulumiStack } from "../../adapters/program.ts";
import { type DeployedStack, scaled } from "../../deployment.ts";
import { type Fact, fact, isUnknown } from "../../fact.ts";
import type { Capacity, ShardHead } from "../../failover/ports.ts";
import { targetsOf } from "../../failover/targets.ts";
import { readLatencies } from "../../simulate/latencies.ts";
import { sizeOf } from "../../simulate/settings.ts";
import type { CheckpointAge } from "../facts.ts";
import { type Forecast, forecastRecovery, forecastZoneLoss } from "../forecast.ts";
import { type Behind, loss } from "./loss.ts";
import { checkpointAge } from "./region.ts";
import type { Subject } from "./subject.ts";

const LOSS_MILLISECONDS = 15_000;
const PLAN_MILLISECONDS = 60_000;

/** What the forecast shares with the checks. */
export interface Basis {
  readonly heads: Fact<readonly ShardHead[]>;
  readonly capacity: Fact<Capacity>;
  readonly checkpoints: Fact<readonly CheckpointAge[]>;
  readonly behind: Fact<Behind>;
}

export async function gatherBasis({ world, passive, clients }: Subject): Promise<Basis> {
  const [heads, capacity, behind] = await Promise.all([
    fact(() => world.journal.heads()),
    fact(() => world.cluster.capacity(scaled(passive))),
    fact(() => loss(world.journal, world.database), LOSS_MILLISECONDS),
  ]);
  const here = clients[passive.region];
  const checkpoints = isUnknown(heads)
    ? heads
    : await fact(() => Promise.all(heads.map((head) => checkpointAge(here, passive.checkpointBucket, head))));
  return { heads, capacity, checkpoints, behind };
}

/**
 * How long the engine takes on this host to plan the smallest flip: the sample of its speed. Loading the program blocks
 * this process for seconds, so that nothing else may be waited for meanwhile.
 */
export async function planSeconds(
  { deployment, settings, passive }: Subject,
  signal: AbortSignal,
): Promise<Fact<number>> {
  return await fact(async () => {
    const { stack, region } = passive;
    const state = await deployment.state.read(stack);
    const flip = { role: "active", traffic: "on", acceptGeneration: 0 } as const;
    const targets = targetsOf(flip, state, { stack, region, deployments: scaled(passive) });
    const { project } = deployment;
    const pulumi = pulumiStack({ stack, project, settings, say: () => {}, emergency: true });
    await pulumi.warmUp();
    const begun = performance.now();
    await pulumi.preview({ targets, signal });
    return (performance.now() - begun) / 1000;
  }, PLAN_MILLISECONDS);
}

export async function forecastNow(
  outputs: DeployedStack,
  { capacity, checkpoints, behind }: Basis,
  plan: Fact<number>,
  /** Another endpoint than AWS' own stands for the sandbox, whose latencies are its own. */
  place: "aws" | "sandbox",
): Promise<Fact<Forecast>> {
  if (isUnknown(checkpoints)) return checkpoints;
  if (isUnknown(behind)) return behind;
  const { seconds: _, ...lost } = behind;
  return await fact(async () => {
    const setting = { ...sizeOf(outputs), standby: standbyOf(capacity), dns: outputs.dns };
    const table = await readLatencies(place);
    const recovery = forecastRecovery(
      {
        setting,
        planSeconds: isUnknown(plan) ? null : plan,
        tailRecords: Math.max(0, ...checkpoints.map(({ tailRecords }) => tailRecords)),
        mustPull: !isUnknown(capacity) && (capacity.missingImages?.length ?? 0) > 0,
      },
      table,
    );
    return { at: Date.now(), recovery, zoneLoss: forecastZoneLoss(setting, table), loss: lost };
  });
}

/** Room that cannot be seen is taken to be there: the capacity check says that nobody knows. */
function standbyOf(capacity: Fact<Capacity>): "warm" | "cold" {
  if (isUnknown(capacity) || capacity.free === undefined) return "warm";
  const { free, needed } = capacity;
  return free.cpu < needed.cpu || free.memory < needed.memory ? "cold" : "warm";
}
