/** The forecast of a failover now, and the facts that it goes by. */
import { pulumiStack } from "../../adapters/program.ts";
import { type DeployedStack, scaled } from "../../deployment.ts";
import { type Fact, fact, isUnknown } from "../../fact.ts";
import type { Capacity, ShardHead } from "../../failover/ports.ts";
import { targetsOf } from "../../failover/targets.ts";
import { type Place, readLatencies } from "../../simulate/latencies.ts";
import { sizeOf } from "../../simulate/settings.ts";
import type { CheckpointAge } from "../facts.ts";
import {
  type Forecast,
  forecastRecovery,
  forecastRestore,
  forecastZoneLoss,
  type Restorable,
} from "../forecast.ts";
import { type Behind, loss } from "./loss.ts";
import { checkpointAge, databaseCluster } from "./region.ts";
import { lastRestoreTests } from "./resources.ts";
import type { Subject } from "./subject.ts";

const LOSS_MILLISECONDS = 15_000;
const PLAN_MILLISECONDS = 60_000;

/** What the forecast shares with the checks. */
export interface Basis {
  readonly heads: Fact<readonly ShardHead[]>;
  readonly capacity: Fact<Capacity>;
  readonly checkpoints: Fact<readonly CheckpointAge[]>;
  readonly behind: Fact<Behind>;
  /** Instances of the active region's cluster. */
  readonly instances: Fact<number>;
  readonly tested: Fact<Restorable["tested"]>;
}

export const activeDatabase = ({ clients, active }: Subject) =>
  fact(() => databaseCluster(clients[active.region], active));

export async function gatherBasis(subject: Subject, asked = activeDatabase(subject)): Promise<Basis> {
  const { world, passive, clients } = subject;
  const [heads, capacity, behind, database, tested] = await Promise.all([
    fact(() => world.journal.heads()),
    fact(() => world.cluster.capacity(scaled(passive))),
    fact(() => loss(world.journal, world.database), LOSS_MILLISECONDS),
    asked,
    fact(() => testedRestore(subject)),
  ]);
  const here = clients[passive.region];
  const checkpoints = isUnknown(heads)
    ? heads
    : await fact(() => Promise.all(heads.map((head) => checkpointAge(here, passive.checkpointBucket, head))));
  const instances = isUnknown(database) ? database : database.instances;
  return { heads, capacity, checkpoints, behind, instances, tested };
}

/** As AWS Backup calls it. */
const DATABASE = "Aurora";

/** Of the active region's own cluster, else of its copy. */
async function testedRestore({ asked, active, passive }: Subject): Promise<Restorable["tested"]> {
  for (const stack of [active, passive]) {
    const tests = await lastRestoreTests(await asked(stack));
    const last = tests.find(({ kind, status }) => kind === DATABASE && status === "COMPLETED");
    if (last !== undefined && last.seconds !== null) return { at: last.at, seconds: last.seconds };
  }
  return null;
}

/** Of two plans the shorter one counts: a stall of the host is not its speed. */
const PLANS = 2;

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
    let shortest = Number.POSITIVE_INFINITY;
    for (let plan = 0; plan < PLANS; plan++) {
      const begun = performance.now();
      await pulumi.preview({ targets, signal });
      shortest = Math.min(shortest, (performance.now() - begun) / 1000);
    }
    return shortest;
  }, PLAN_MILLISECONDS);
}

export async function forecastNow(
  outputs: DeployedStack,
  basis: Basis,
  plan: Fact<number>,
  /** Another endpoint than AWS' own stands for the sandbox, whose latencies are its own. */
  place: Place,
): Promise<Fact<Forecast>> {
  const { capacity, checkpoints, behind } = basis;
  if (isUnknown(checkpoints)) return checkpoints;
  if (isUnknown(behind)) return behind;
  const { orders, databaseEvents, eventsPerSecond } = behind;
  const planSeconds = isUnknown(plan) ? null : plan;
  return await fact(async () => {
    const setting = { ...sizeOf(outputs), standby: standbyOf(capacity), dns: outputs.dns };
    const table = await readLatencies(place);
    const recovery = forecastRecovery(
      {
        setting,
        planSeconds,
        tailRecords: Math.max(0, ...checkpoints.map(({ tailRecords }) => tailRecords)),
        mustPull: !isUnknown(capacity) && (capacity.missingImages?.length ?? 0) > 0,
      },
      table,
    );
    const restorable = restorableOf(outputs, basis, place);
    return {
      at: Date.now(),
      recovery,
      restore: isUnknown(restorable) ? restorable : forecastRestore(restorable, planSeconds, table),
      zoneLoss: forecastZoneLoss(setting, table),
      loss: { orders, databaseEvents, eventsPerSecond },
    };
  });
}

function restorableOf(
  { shards }: DeployedStack,
  { heads, behind, instances, tested }: Basis,
  place: Place,
): Fact<Restorable> {
  if (isUnknown(heads)) return heads;
  if (isUnknown(behind)) return behind;
  if (isUnknown(instances)) return instances;
  return {
    ...{ shards, instances, recordsPerSecond: behind.recordsPerSecond },
    records: heads.reduce((sum, { seq }) => sum + seq, 0),
    // AWS Backup restores a cluster, the sandbox a cluster with a server: https://docs.aws.amazon.com/aws-backup/latest/devguide/restoring-aur.html
    tested: place === "aws" && !isUnknown(tested) ? tested : null,
  };
}

/** Room that cannot be seen is taken to be there: the capacity check says that nobody knows. */
function standbyOf(capacity: Fact<Capacity>): "warm" | "cold" {
  if (isUnknown(capacity) || capacity.free === undefined) return "warm";
  const { free, needed } = capacity;
  return free.cpu < needed.cpu || free.memory < needed.memory ? "cold" : "warm";
}
