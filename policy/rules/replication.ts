/** The copy that a failover needs exists, is strong where it must be, and is somewhere else. */
import type { TableArgs } from "@pulumi/aws/dynamodb/table.js";
import type { ClusterArgs } from "@pulumi/aws/rds/cluster.js";
import { type Finding, type StackRule, undecided, violation } from "../rule.ts";
import { at, listAt, ofType, refersTo, type Seen, step, UNKNOWN } from "../seen.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html */
function table(r: Seen): readonly Finding[] {
  const replicas = listAt<TableArgs>(r, "replicas");
  const witness = at<TableArgs>(r, "globalTableWitness.regionName");
  if (replicas === UNKNOWN || witness === UNKNOWN) return [undecided(r, "where its replicas are")];
  const strong = replicas.filter((replica) => step(replica, "consistencyMode") === "STRONG");
  if (strong.length === 0) {
    return [violation(r, "add a replica with consistencyMode STRONG in the other region")];
  }
  const places = [r.region, ...replicas.map((replica) => step(replica, "regionName")), witness];
  if (places.includes(UNKNOWN)) return [undecided(r, "where its replicas are")];
  const known = places.filter((place) => typeof place === "string");
  if (new Set(known).size === 3 && known.length === 3) return [];
  const list = known.join(", ");
  return [
    violation(r, `its table, replica and witness are in ${list}: they must be in three different regions`),
  ];
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-attach.console.headless.html */
function database(r: Seen, instances: readonly Seen[]): readonly Finding[] {
  const global = at<ClusterArgs>(r, "globalClusterIdentifier");
  const isMember = global === UNKNOWN || (typeof global === "string" && global !== "");
  const source = at<ClusterArgs>(r, "sourceRegion");
  const isHeadless = !instances.some((one) =>
    refersTo(one, "clusterIdentifier", r, ["clusterIdentifier", "id"]),
  );
  return [
    ...(isMember
      ? []
      : [violation(r, "set globalClusterIdentifier: without it the other region has no copy")]),
    ...(typeof source === "string" && source === r.region
      ? [violation(r, `its sourceRegion is its own (${source}): name the primary's region`)]
      : []),
    ...(isHeadless ? [violation(r, "add an instance: a secondary without one cannot be promoted")] : []),
  ];
}

export const replicated: StackRule = {
  name: "replicated",
  description:
    "The journal has a strong replica and a witness elsewhere; the database is a member with instances.",
  of: "stack",
  check: (resources) => [
    ...ofType(resources, "aws:dynamodb/table:Table").flatMap(table),
    ...ofType(resources, "aws:rds/cluster:Cluster").flatMap((r) =>
      database(r, ofType(resources, "aws:rds/clusterInstance:ClusterInstance")),
    ),
  ],
};
