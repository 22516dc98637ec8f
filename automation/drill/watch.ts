/** What the drill itself sees of the new region while the operator works: not what the runbook says of it. */

import { type Drill, known } from "./drill.ts";
import { isActive } from "./witness/api.ts";
import { isWritable, readReplica } from "./witness/projection-query.ts";

const LOOK_MILLISECONDS = 250;

/** Looks until the drill's signal or the returned function ends it. */
export function watchTarget(drill: Drill): () => Promise<void> {
  let stopped = false;
  const loop = async (look: () => Promise<boolean>): Promise<void> => {
    while (!stopped && !drill.settings.signal.aborted && !(await look())) {
      await drill.sleep(LOOK_MILLISECONDS).catch(() => {});
    }
  };
  const loops = Promise.all([loop(() => lookAtGateways(drill)), loop(() => lookAtDatabase(drill))]);
  return async () => {
    stopped = true;
    await loops;
  };
}

async function lookAtGateways(drill: Drill): Promise<boolean> {
  const { dr } = known(drill.stacks, "stacks' outputs");
  const api = { addresses: dr.elasticIps, port: dr.listenerPort, publicName: dr.publicName };
  const active = await isActive(api);
  if (active) drill.moment("active", Date.now(), "active", `${dr.region} says that it is active`);
  return active;
}

/** Keeps the watermarks of the replica as long as it is one: what the promoted database starts from. */
async function lookAtDatabase(drill: Drill): Promise<boolean> {
  const world = known(drill.world, "world");
  if (await isWritable(world.databaseUrl(drill.target, "writer"))) {
    drill.moment("database", Date.now(), "database", `the database of ${drill.target} takes writes`);
    return true;
  }
  drill.replica = (await readReplica(world.databaseUrl(drill.target, "reader"))) ?? drill.replica;
  return false;
}
