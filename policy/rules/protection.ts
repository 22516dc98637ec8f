/** What holds data is deleted by nobody in passing: not by Pulumi, not by the service. */
import type { TableArgs } from "@pulumi/aws/dynamodb/table.js";
import type { ClusterArgs as EksClusterArgs } from "@pulumi/aws/eks/cluster.js";
import type { ClusterArgs } from "@pulumi/aws/rds/cluster.js";
import type { GlobalClusterArgs } from "@pulumi/aws/rds/globalCluster.js";
import type { BucketArgs } from "@pulumi/aws/s3/bucket.js";
import type { Finding, ResourceRule } from "../rule.ts";
import { isNotTrue, isTrue, must, violation } from "../rule.ts";
import type { Seen } from "../seen.ts";

type Check = (resource: Seen) => readonly Finding[];
const nothingMore: Check = () => [];

/** Type → what besides `protect` keeps it from being deleted. */
const STATEFUL: Readonly<Record<string, Check>> = {
  "aws:rds/globalCluster:GlobalCluster": (r) => [
    ...must<GlobalClusterArgs>(r, "deletionProtection", isTrue, "set deletionProtection: true"),
    ...must<GlobalClusterArgs>(
      r,
      "forceDestroy",
      isNotTrue,
      "remove forceDestroy: it takes every member out of the global database",
    ),
  ],
  "aws:rds/cluster:Cluster": (r) => [
    ...must<ClusterArgs>(r, "deletionProtection", isTrue, "set deletionProtection: true"),
    ...must<ClusterArgs>(
      r,
      "skipFinalSnapshot",
      isNotTrue,
      "set skipFinalSnapshot: false and a finalSnapshotIdentifier",
    ),
  ],
  "aws:rds/clusterInstance:ClusterInstance": nothingMore,
  "aws:dynamodb/table:Table": (r) =>
    must<TableArgs>(r, "deletionProtectionEnabled", isTrue, "set deletionProtectionEnabled: true"),
  "aws:s3/bucket:Bucket": (r) =>
    must<BucketArgs>(r, "forceDestroy", isNotTrue, "remove forceDestroy: it empties the bucket to delete it"),
  "aws:eks/cluster:Cluster": (r) =>
    must<EksClusterArgs>(r, "deletionProtection", isTrue, "set deletionProtection: true"),
  "aws:kms/key:Key": nothingMore,
  "aws:kms/replicaKey:ReplicaKey": nothingMore,
  "aws:backup/vault:Vault": nothingMore,
};

export const statefulProtected: ResourceRule = {
  name: "stateful-protected",
  description: "Databases, tables, buckets, clusters, keys and vaults are protected from deletion.",
  of: "resource",
  check(resource) {
    const more = STATEFUL[resource.type];
    if (more === undefined) return [];
    return [
      ...(resource.protect ? [] : [violation(resource, "add the resource option protect: true")]),
      ...more(resource),
    ];
  },
};
