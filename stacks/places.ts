/** A region's network and cluster: made, or somebody else's that has been checked. */
import type { ComponentResourceOptions } from "@pulumi/pulumi";
import { AdoptedCluster } from "../components/adoptedCluster.ts";
import { adoptNetwork } from "../components/adoptedNetwork.ts";
import { nodesFor } from "../components/capacity.ts";
import { Cluster, type RegionCluster } from "../components/cluster.ts";
import { Network, type RegionNetwork } from "../components/network.ts";
import { placeOf } from "./config.ts";
import { refuse, type Start } from "./start.ts";

type Where = Pick<Start, "config" | "aws">;

const refused = (cause: Error): never => {
  throw refuse(cause.message);
};

export async function networkOf(
  { config, aws }: Where,
  options: ComponentResourceOptions,
): Promise<RegionNetwork> {
  const { existing, ...given } = config.network[placeOf(config)];
  const args = { region: config.region, ...given };
  if (existing === undefined) return new Network("network", args, options);
  return await adoptNetwork({ ...args, existing }, aws).catch(refused);
}

export async function clusterOf(
  { config, aws }: Where,
  network: RegionNetwork,
  options: ComponentResourceOptions,
): Promise<RegionCluster> {
  const { name, accountId, region, role, cluster } = config;
  const place = placeOf(config);
  const existing = cluster.existing[place];
  if (existing === undefined) {
    return new Cluster(
      "cluster",
      {
        ...{ name, accountId, region, clusterName: config.clusterName },
        ...cluster,
        nodes: nodesFor(role, cluster.standby, cluster.nodesPerZone),
        // Held for whom everybody flees to: the region that starts passive.
        reserved: place === "secondary" && cluster.reserved ? cluster.nodesPerZone.min : 0,
        zones: network.zones.map((zone) => ({ name: zone.name, subnetId: zone.privateSubnetId })),
      },
      options,
    );
  }
  const { zones, existing: subnets } = config.network[place];
  return await AdoptedCluster.adopt(
    "cluster",
    {
      region,
      existing,
      version: cluster.version,
      zones: zones.map((zone, n) => ({ name: zone, subnetId: subnets?.subnets[n]?.private ?? "" })),
    },
    aws,
    options,
  ).catch(refused);
}
