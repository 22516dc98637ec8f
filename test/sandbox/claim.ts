/** Test files run side by side, each with addresses of its own, as sandboxes do. */
import type { ExecutionContext } from "ava";
import type { RegionTriple } from "../../components/model.ts";
import type { Addresses } from "../../sandbox/addresses.ts";
import { claim } from "../../sandbox/claim.ts";

export async function claimAddresses(
  t: Pick<ExecutionContext, "teardown">,
  regions: RegionTriple,
): Promise<Addresses> {
  const { addresses, guard } = await claim(regions, () => undefined);
  t.teardown(() => guard.close());
  return addresses;
}
