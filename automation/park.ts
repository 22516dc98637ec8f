/** Makes the stack of a region that is no longer active passive: role and traffic, through Pulumi, nothing else. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Endpoints } from "./adapters/endpoints.ts";
import { pulumiStack } from "./adapters/program.ts";
import type { Context } from "./commands/command.ts";
import { loadDeployment, stackOf } from "./deployment.ts";
import { EXIT, RefusedError } from "./errors.ts";
import { regionWorld } from "./failover/world.ts";
import { deployRoles } from "./role-change.ts";
import { writeDurably } from "./runbook/record.ts";
import { setSwitches } from "./stack-file.ts";

export async function park(region: string, { settings, stderr, signal }: Context): Promise<number> {
  const deployment = await loadDeployment(settings);
  const outputs = stackOf(deployment, region, "--region");
  const active = Object.values(deployment.stacks).find((one) => one.region !== outputs.region);
  if (active === undefined) throw new Error("the deployment has one region only");
  // The decision is read where it was made: in the region that took over.
  const { journal } = regionWorld(active, new Endpoints([active.region]), settings);
  const decision = await journal.decision();
  if (decision.active === outputs.region) {
    throw new RefusedError(
      `${region} is the active region (generation ${decision.generation}): to park it, fail over to ${active.region} first`,
    );
  }
  const say = (line: string) => stderr.write(`${line}\n`);
  const file = path.join(settings.projectDirectory, `Pulumi.${outputs.stack}.yaml`);
  const flipped = setSwitches(await readFile(file, "utf8"), deployment.project, {
    role: "passive",
    traffic: "off",
    acceptGeneration: decision.generation,
  });
  await writeDurably(file, flipped);
  await deployRoles({
    stack: outputs.stack,
    project: deployment.project,
    projectDirectory: settings.projectDirectory,
    deployed: outputs.role,
    wanted: "passive",
    pulumi: pulumiStack({ stack: outputs.stack, project: deployment.project, settings, say }),
    say,
    signal,
  });
  return EXIT.done;
}
