/** Test files run side by side, each with addresses of its own. */
import { createServer, type Server } from "node:net";
import type { ExecutionContext } from "ava";
import type { RegionTriple } from "../../components/model.ts";
import { Addresses } from "../../sandbox/addresses.ts";

/** Above those that sandboxes of this machine claim first. */
const FIRST = 120;
const LAST = 249;
const TRIES = 50;

/** Claims a sandbox number that nobody else holds. */
export async function claimAddresses(
  t: Pick<ExecutionContext, "teardown">,
  regions: RegionTriple,
): Promise<Addresses> {
  for (let tries = 0; tries < TRIES; tries++) {
    const addresses = new Addresses(FIRST + Math.floor(Math.random() * (LAST - FIRST + 1)), regions);
    const guard = await new Promise<Server | undefined>((resolve) => {
      const server = createServer().once("error", () => resolve(undefined));
      server.listen(addresses.guard.port, addresses.guard.host, () => resolve(server));
    });
    if (guard === undefined) continue;
    t.teardown(() => guard.close());
    return addresses;
  }
  throw new Error(`no free sandbox number from ${FIRST} to ${LAST} in ${TRIES} tries`);
}
