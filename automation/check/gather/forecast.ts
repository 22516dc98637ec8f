/** The forecast from what was found. */
import type { StackName } from "../../../components/model.ts";
import type { DeployedStack } from "../../deployment.ts";
import { type Fact, isUnknown } from "../../fact.ts";
import type { Capacity } from "../../failover/ports.ts";
import type { Settings } from "../../settings.ts";
import { readLatencies } from "../../simulate/latencies.ts";
import { sizeOf } from "../../simulate/settings.ts";
import { type Forecast, forecastRecovery } from "../forecast.ts";
import type { Behind } from "./loss.ts";
import type { DriftLook } from "./project.ts";
import type { CheckpointAge } from "./region.ts";

export interface Found {
  readonly outputs: DeployedStack;
  readonly settings: Settings;
  readonly capacity: Promise<Fact<Capacity>>;
  readonly checkpoints: Promise<Fact<readonly CheckpointAge[]>>;
  readonly behind: Promise<Fact<Behind>>;
  readonly drift: Promise<Readonly<Record<StackName, Fact<DriftLook>>>>;
}

/** @throws when what nothing can stand in for is unknown */
export async function forecastNow({ outputs, settings, ...found }: Found): Promise<Forecast> {
  // Another endpoint than AWS' own stands for the sandbox, whose latencies are its own.
  const table = await readLatencies(settings.awsEndpoint === undefined ? "aws" : "sandbox");
  const [capacity, checkpoints, behind, drift] = await Promise.all([
    found.capacity,
    found.checkpoints,
    found.behind,
    found.drift,
  ]);
  const look = drift[outputs.stack];
  const tails = need(checkpoints).map(({ tailRecords }) => tailRecords);
  const { seconds: _, ...loss } = need(behind);
  const recovery = forecastRecovery(
    {
      setting: { ...sizeOf(outputs), standby: standbyOf(capacity), dns: outputs.dns },
      planSeconds: isUnknown(look) ? null : look.seconds,
      tailRecords: Math.max(0, ...tails),
      mustPull: !isUnknown(capacity) && (capacity.missingImages?.length ?? 0) > 0,
    },
    table,
  );
  return { at: Date.now(), recovery, loss };
}

function need<T>(value: Fact<T>): T {
  if (isUnknown(value)) throw new Error(value.unknown);
  return value;
}

/** Room that cannot be seen is taken to be there: the capacity check says that nobody knows. */
function standbyOf(capacity: Fact<Capacity>): "warm" | "cold" {
  if (isUnknown(capacity) || capacity.free === undefined) return "warm";
  const { free, needed } = capacity;
  return free.cpu < needed.cpu || free.memory < needed.memory ? "cold" : "warm";
}
