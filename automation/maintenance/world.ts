/** The active region, and the ports of a halt made of its adapters. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { OnOff } from "../../components/model.ts";
import { Door } from "../adapters/door.ts";
import { Endpoints } from "../adapters/endpoints.ts";
import type { PublicName } from "../adapters/names.ts";
import { pulumiStack } from "../adapters/program.ts";
import type { Context } from "../commands/command.ts";
import { type DeployedStack, type Deployment, loadDeployment, stackOf } from "../deployment.ts";
import { RefusedError } from "../errors.ts";
import type { Decision } from "../failover/decide.ts";
import { EmergencyStack } from "../failover/emergency.ts";
import { firstOf, publicName, type RegionWorld, regionWorld } from "../failover/world.ts";
import type { RunRecord } from "../runbook/record.ts";
import type { Settings } from "../settings.ts";
import { readSwitch } from "../stack-file.ts";
import type { MaintenancePorts } from "./ports.ts";

export interface Active {
  readonly deployment: Deployment;
  readonly world: RegionWorld;
  readonly decision: Decision;
}

/** @throws RefusedError when `region` is given and another one is active */
export async function activeRegion(region: string | undefined, settings: Settings): Promise<Active> {
  const deployment = await loadDeployment(settings);
  const { prod, dr } = deployment.stacks;
  if (region !== undefined) stackOf(deployment, region, "--region");
  const endpoints = new Endpoints([prod.region, dr.region, prod.regions.witness]);
  const worlds = [prod, dr].map((outputs) => regionWorld(outputs, endpoints, settings));
  const decision = await firstOf(worlds, ({ journal }) => journal.decision());
  const world = worlds.find(({ outputs }) => outputs.region === decision.active);
  if (world === undefined) throw new Error(`${decision.active} is active, and no stack deploys it`);
  if (region !== undefined && region !== decision.active) {
    throw new RefusedError(
      `--region ${region}: ${decision.active} is the active region (generation ${decision.generation}). Nothing was changed`,
    );
  }
  return { deployment, world, decision };
}

/** What the ports of a run on the active region are made from. */
export interface PortsOf {
  readonly active: Active;
  readonly record: RunRecord;
  readonly note: (message: string) => void;
  readonly context: Pick<Context, "settings" | "signal" | "stdin" | "stderr">;
}

export function maintenancePorts(
  { active, record, note, context }: PortsOf,
  direct: boolean,
): MaintenancePorts {
  const { deployment, world } = active;
  const { settings, signal } = context;
  const { outputs, journal, gateway } = world;
  const { project, state } = deployment;
  const stack = new EmergencyStack({
    ...{ stack: outputs.stack, region: outputs.region, deployments: [] },
    ...{ project, projectDirectory: settings.projectDirectory, record, state, note, signal },
    pulumi: pulumiStack({
      ...{ stack: outputs.stack, project, settings, say: note, emergency: true },
      started: (child) =>
        record.update((data) => {
          data.children.push(child);
        }),
    }),
    directOnly: direct,
    direct: (flip) => world.flip(flip, []),
  });
  return {
    journal,
    gateway,
    door: doorOf(world, publicName(outputs, settings.resolvers)),
    stack: {
      flip: (flip) => stack.flip(flip),
      deployed: () => stack.deployed(),
      writtenMaintenance: () => writtenMaintenance(settings, project, outputs),
    },
  };
}

export const doorOf = ({ outputs, smokeToken }: RegionWorld, names: PublicName): Door =>
  new Door({
    name: outputs.publicName,
    port: outputs.listenerPort,
    elasticIps: outputs.elasticIps,
    region: outputs.region,
    ...{ names, smokeToken },
  });

async function writtenMaintenance(
  { projectDirectory }: Settings,
  project: string,
  { stack }: DeployedStack,
): Promise<OnOff | undefined> {
  const text = await readFile(path.join(projectDirectory, `Pulumi.${stack}.yaml`), "utf8");
  const value = readSwitch(text, project, "maintenance");
  return value === "on" || value === "off" ? value : undefined;
}
