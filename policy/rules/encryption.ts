/** Data is encrypted with a key that lives where the data lives: another region's key is gone with that region. */
import type { VaultArgs } from "@pulumi/aws/backup/vault.js";
import type { TableArgs } from "@pulumi/aws/dynamodb/table.js";
import type { ClusterArgs as EksClusterArgs } from "@pulumi/aws/eks/cluster.js";
import type { ClusterArgs } from "@pulumi/aws/rds/cluster.js";
import type { ClusterInstanceArgs } from "@pulumi/aws/rds/clusterInstance.js";
import type { BucketServerSideEncryptionConfigurationArgs } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import { type Finding, isTrue, must, type StackRule, undecided, violation } from "../rule.ts";
import { at, listAt, ofType, refersTo, type Seen, step, UNKNOWN } from "../seen.ts";

const KEY_TYPES = ["aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"];

interface KeyUse {
  readonly resource: Seen;
  /** Where the value stands, for the message; its first part is a top-level property. */
  readonly path: string;
  readonly key: unknown;
  /** Where the data lies. */
  readonly region: Seen["region"];
}

const use = <Args>(resource: Seen, path: Parameters<typeof at<Args>>[1]): KeyUse => ({
  resource,
  path,
  key: at<Args>(resource, path),
  region: resource.region,
});

const USES: Readonly<Record<string, (resource: Seen) => readonly KeyUse[]>> = {
  "aws:rds/cluster:Cluster": (r) => [use<ClusterArgs>(r, "kmsKeyId")],
  "aws:rds/clusterInstance:ClusterInstance": (r) =>
    at<ClusterInstanceArgs>(r, "performanceInsightsEnabled") === true
      ? [use<ClusterInstanceArgs>(r, "performanceInsightsKmsKeyId")]
      : [],
  "aws:dynamodb/table:Table": (r) => {
    const replicas = listAt<TableArgs>(r, "replicas");
    return [
      use<TableArgs>(r, "serverSideEncryption.kmsKeyArn"),
      ...(replicas === UNKNOWN ? [] : replicas).map((replica, n) => ({
        resource: r,
        path: `replicas.${n}.kmsKeyArn`,
        key: step(replica, "kmsKeyArn"),
        region: step(replica, "regionName") as KeyUse["region"],
      })),
    ];
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (r) => [
    use<BucketServerSideEncryptionConfigurationArgs>(
      r,
      "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId",
    ),
  ],
  "aws:eks/cluster:Cluster": (r) => [use<EksClusterArgs>(r, "encryptionConfig.provider.keyArn")],
  "aws:backup/vault:Vault": (r) => [use<VaultArgs>(r, "kmsKeyArn")],
};

function judgeUse({ resource, path, key, region }: KeyUse, keys: readonly Seen[]): readonly Finding[] {
  if (key === undefined || key === null || key === "") {
    return [violation(resource, `set ${path} to the ARN of a key of its own region`)];
  }
  if (region === UNKNOWN || region === undefined) return [undecided(resource, "its region")];
  const elsewhere = (where: unknown) =>
    violation(resource, `${path} is a key of ${String(where)}: name one of ${region}, where the data is`);
  if (typeof key === "string") {
    const [, , service, keyRegion] = key.split(":");
    if (service !== "kms")
      return [violation(resource, `${path} is no ARN of a key: name a key of ${region}`)];
    return keyRegion === region ? [] : [elsewhere(keyRegion)];
  }
  // Not known yet, but where it comes from is.
  const sources = resource.needs[path.split(".")[0] ?? ""] ?? [];
  const candidates = keys.filter(({ urn }) => sources.includes(urn));
  if (candidates.some((candidate) => candidate.region === region)) return [];
  const [other] = candidates;
  if (other === undefined || typeof other.region !== "string") return [undecided(resource, path)];
  return [elsewhere(other.region)];
}

export const encryptedInRegion: StackRule = {
  name: "encrypted-in-region",
  description: "Data at rest is encrypted with a customer's key of its own region.",
  of: "stack",
  check(resources) {
    const keys = ofType(resources, ...KEY_TYPES);
    const configurations = ofType(
      resources,
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    );
    return [
      ...resources.flatMap((resource) =>
        (USES[resource.type]?.(resource) ?? []).flatMap((one) => judgeUse(one, keys)),
      ),
      ...ofType(resources, "aws:rds/cluster:Cluster").flatMap((r) =>
        must<ClusterArgs>(r, "storageEncrypted", isTrue, "set storageEncrypted: true"),
      ),
      ...ofType(resources, "aws:s3/bucket:Bucket")
        .filter((bucket) => !configurations.some((one) => refersTo(one, "bucket", bucket, ["bucket"])))
        .map((bucket) =>
          violation(bucket, "add a BucketServerSideEncryptionConfiguration with a key of its own region"),
        ),
    ];
  },
};
