/** The engines' own state, through the region's gateways; what does not answer is unknown, which is said. */
import { Endpoints } from "../adapters/endpoints.ts";
import type { DeployedStack } from "../deployment.ts";
import { messageOf } from "../errors.ts";
import { regionWorld } from "../failover/world.ts";
import type { Settings } from "../settings.ts";
import type { EngineState } from "./validate.ts";

export async function engineStates(
  outputs: DeployedStack,
  settings: Settings,
  stderr: NodeJS.WritableStream,
): Promise<readonly EngineState[]> {
  const { primary, secondary, witness } = outputs.regions;
  const { gateway } = regionWorld(outputs, new Endpoints([primary, secondary, witness]), settings);
  try {
    const { shards } = await gateway.status();
    return shards.map(({ shard, head, stateChecksum = null }) => ({ shard, head, stateChecksum }));
  } catch (error) {
    stderr.write(`the engines' state is unknown: ${messageOf(error)}\n`);
    return [];
  }
}
