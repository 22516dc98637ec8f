/** What the drill itself sees of the new region while the operator works: not what the runbook says of it. */

import { type Drill, known } from "./drill.ts";
import { isActive } from "./witness/api.ts";
import { isWritable, readReplica } from "./witness/projection-query.ts";

const LOOK_MILLISECONDS = 250;

/** Looks until the drill's signal or the returned function ends it. */
export function watchTarget(drill: Drill): () => Promise<void> {
  let stopped = false;
  const pause = () => drill.sleep(LOOK_MILLISECONDS).catch(() => {});
  const watching = () => !stopped && !drill.settings.signal.aborted;
  const loops = Promise.all([watchGateways(drill, watching, pause), watchDatabase(drill, watching, pause)]);
  return async () => {
    stopped = true;
    await loops;
  };
}

/** No look waits for the one before: until a load balancer knows its targets, connections are lost without a word. */
async function watchGateways(
  drill: Drill,
  watching: () => boolean,
  pause: () => Promise<void>,
): Promise<void> {
  const { dr } = known(drill.stacks, "stacks' outputs");
  const api = { addresses: dr.elasticIps, port: dr.listenerPort, publicName: dr.publicName };
  let active = false;
  const look = async (): Promise<void> => {
    if (!(await isActive(api)) || active) return;
    active = true;
    drill.moment("active", Date.now(), "active", `${dr.region} says that it is active`);
  };
  const looks: Promise<void>[] = [];
  while (!active && watching()) {
    looks.push(look());
    await pause();
  }
  await Promise.all(looks);
}

async function watchDatabase(
  drill: Drill,
  watching: () => boolean,
  pause: () => Promise<void>,
): Promise<void> {
  while (watching() && !(await lookAtDatabase(drill))) await pause();
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
