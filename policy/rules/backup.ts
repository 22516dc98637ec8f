/** Backups on this side. That the other side has its own, and not this side's default, is why they count here. */
import type { TableArgs } from "@pulumi/aws/dynamodb/table.js";
import type { ClusterArgs } from "@pulumi/aws/rds/cluster.js";
import type { BucketVersioningArgs } from "@pulumi/aws/s3/bucketVersioning.js";
import { isTrue, must, type StackRule, undecided, violation } from "../rule.ts";
import { listAt, ofType, refersTo, step, UNKNOWN } from "../seen.ts";

/**
 * The longest that Aurora offers, on both sides: a secondary's own default is one day.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html
 */
export const MINIMUM_BACKUP_DAYS = 35;

export const backedUp: StackRule = {
  name: "backed-up",
  description: "Databases keep 35 days of backup, tables restore to any second, buckets keep versions.",
  of: "stack",
  check(resources) {
    const versionings = ofType(resources, "aws:s3/bucketVersioning:BucketVersioning");
    return [
      ...ofType(resources, "aws:rds/cluster:Cluster").flatMap((r) =>
        must<ClusterArgs>(
          r,
          "backupRetentionPeriod",
          (days) => Number(days) >= MINIMUM_BACKUP_DAYS,
          `set backupRetentionPeriod: ${MINIMUM_BACKUP_DAYS}`,
        ),
      ),
      ...ofType(resources, "aws:dynamodb/table:Table").flatMap((r) => {
        const replicas = listAt<TableArgs>(r, "replicas");
        return [
          ...must<TableArgs>(
            r,
            "pointInTimeRecovery.enabled",
            isTrue,
            "set pointInTimeRecovery: { enabled: true }",
          ),
          ...(replicas === UNKNOWN
            ? [undecided(r, "replicas")]
            : replicas
                .filter((replica) => step(replica, "pointInTimeRecovery") !== true)
                .map((replica) =>
                  violation(
                    r,
                    `set pointInTimeRecovery: true for the replica in ${String(step(replica, "regionName"))}`,
                  ),
                )),
        ];
      }),
      ...ofType(resources, "aws:s3/bucket:Bucket").flatMap((bucket) => {
        const versioning = versionings.find((one) => refersTo(one, "bucket", bucket, ["bucket"]));
        return versioning === undefined
          ? [violation(bucket, "add a BucketVersioning with status Enabled")]
          : must<BucketVersioningArgs>(
              versioning,
              "versioningConfiguration.status",
              (status) => status === "Enabled",
              "set versioningConfiguration: { status: Enabled }",
            );
      }),
    ];
  },
};
