/** What Pulumi does not look at drifts unseen; what a failover changes must not be looked at. */
import type { ClusterArgs } from "@pulumi/aws/rds/cluster.js";
import { type ResourceRule, violation } from "../rule.ts";
import { at } from "../seen.ts";

const DATABASE = "aws:rds/cluster:Cluster";

/**
 * A managed failover swaps these. Seen as drift, the next deployment would promote, detach or replace a member.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
 */
const CHANGED_BY_FAILOVER = ["replicationSourceIdentifier", "globalClusterIdentifier", "databaseName"];

/** All that may be ignored, with who owns the value instead. */
const OWNED_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  [DATABASE]: [...CHANGED_BY_FAILOVER, "engineVersion"],
  "aws:rds/clusterInstance:ClusterInstance": ["engineVersion"],
  "aws:eks/nodeGroup:NodeGroup": ["scalingConfig.desiredSize"],
  "kubernetes:apps/v1:Deployment": ["spec.replicas"],
};

export const noBlindSpots: ResourceRule = {
  name: "no-blind-spots",
  description: "Only what something else owns is ignored, and all that a failover swaps is.",
  of: "resource",
  check(r) {
    const allowed = OWNED_ELSEWHERE[r.type] ?? [];
    const isMember = r.type === DATABASE && at<ClusterArgs>(r, "globalClusterIdentifier") !== undefined;
    return [
      ...r.ignoreChanges
        .filter((property) => !allowed.includes(property))
        .map((property) =>
          violation(
            r,
            `remove ${property} from ignoreChanges: nothing else owns it, so it would drift unseen`,
          ),
        ),
      ...(isMember ? CHANGED_BY_FAILOVER : [])
        .filter((property) => !r.ignoreChanges.includes(property))
        .map((property) => violation(r, `add ${property} to ignoreChanges: a failover changes it`)),
    ];
  },
};
