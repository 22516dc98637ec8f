/** A region's network and cluster: made, or somebody else's that has been looked at. */

import type { Provider as Aws } from "@pulumi/aws/provider.js";
import type { ComponentResourceOptions } from "@pulumi/pulumi";
import { AdoptedCluster, type FoundCluster, lookAtCluster } from "../components/adoptedCluster.ts";
import { type FoundNetwork, lookAtNetwork } from "../components/adoptedNetwork.ts";
import { nodesFor } from "../components/capacity.ts";
import { Cluster, type RegionCluster } from "../components/cluster.ts";
import { Network, type RegionNetwork } from "../components/network.ts";
import { type Config, placeOf } from "./config.ts";

/** What config says is there already; undefined: it is made. */
export interface Adopted {
  readonly network: FoundNetwork | undefined;
  readonly cluster: FoundCluster | undefined;
}

/** Throws when something is not there. */
export async function lookAtAdopted(config: Config, aws: Aws): Promise<Adopted> {
  const { region, cluster } = config;
  const place = placeOf(config);
  const { existing, zones, cidr } = config.network[place];
  const there = cluster.existing[place];
  const [network, found] = await Promise.all([
    existing && lookAtNetwork({ region, zones, cidr, existing }, aws),
    there &&
      lookAtCluster(
        {
          ...{ ...cluster, region, existing: there },
          zones: zones.map((zone, n) => ({ name: zone, subnetId: existing?.subnets[n]?.private ?? "" })),
        },
        aws,
      ),
  ]);
  return { network, cluster: found };
}

/** All reasons why what was found is not fit; empty: none. */
export const unfitIn = (adopted: Adopted): string =>
  (["network", "cluster"] as const)
    .map((what) => ({ what, reasons: adopted[what]?.unfit ?? [] }))
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ what, reasons }) => [`the existing ${what} is not fit:`, ...reasons].join("\n  "))
    .join("\n");

export function networkOf(
  config: Config,
  adopted: Adopted,
  options: ComponentResourceOptions,
): RegionNetwork {
  if (adopted.network !== undefined) return adopted.network;
  const { cidr, zones } = config.network[placeOf(config)];
  return new Network("network", { region: config.region, cidr, zones }, options);
}

export function clusterOf(
  config: Config,
  adopted: Adopted,
  network: RegionNetwork,
  options: ComponentResourceOptions,
): RegionCluster {
  const { name, accountId, region, role, cluster, clusterName } = config;
  if (adopted.cluster !== undefined) {
    return new AdoptedCluster("cluster", { region, clusterName, found: adopted.cluster }, options);
  }
  return new Cluster(
    "cluster",
    {
      ...{ name, accountId, region, clusterName },
      ...cluster,
      nodes: nodesFor(role, cluster.standby, cluster.nodesPerZone),
      // Held for whom everybody flees to: the region that starts passive.
      reserved: placeOf(config) === "secondary" && cluster.reserved ? cluster.nodesPerZone.min : 0,
      zones: network.zones.map((zone) => ({ name: zone.name, subnetId: zone.privateSubnetId })),
    },
    options,
  );
}
