/** What must hold of networks and clusters that are there already; the rest is looked up when the program runs. */
import { type Rule, show } from "./rule.ts";

export const adoptedNetworks: Rule = ({ network }) =>
  (["primary", "secondary"] as const).flatMap((place) => {
    const { existing, zones = [] } = network?.[place] ?? {};
    if (existing === undefined) return [];
    const key = `network.${place}.existing.subnets`;
    const ids = existing.subnets.flatMap((tiers) => Object.values(tiers));
    return [
      existing.subnets.length !== zones.length && {
        key,
        got: `${existing.subnets.length} entries`,
        allowed: `${zones.length}, one per zone in the order of network.${place}.zones`,
      },
      new Set(ids).size !== ids.length && {
        key,
        got: show(ids.filter((id, n) => ids.indexOf(id) !== n)),
        allowed: "each subnet once: a zone's three tiers are kept apart by their routes",
      },
    ];
  });

export const adoptedClusters: Rule = ({ cluster, network }) =>
  (["primary", "secondary"] as const).flatMap((place) => {
    const existing = cluster?.existing[place];
    if (existing === undefined || network === undefined) return [];
    const { zones } = network[place];
    const named = Object.keys(existing.nodeGroups);
    return [
      network[place].existing === undefined && {
        key: `cluster.existing.${place}`,
        got: show(existing.name),
        allowed: `nothing without network.${place}.existing: the cluster's nodes live in a network that is there`,
      },
      (named.length !== zones.length || zones.some((zone) => !named.includes(zone))) && {
        key: `cluster.existing.${place}.nodeGroups`,
        got: show(named),
        allowed: `one node group for each of ${zones.join(", ")}`,
      },
      cluster?.standby === "cold" && {
        key: "cluster.standby",
        got: "cold",
        allowed: "warm with an existing cluster: its nodes are its owner's to start",
      },
    ];
  });
