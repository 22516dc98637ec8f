/** Databases, tables, buckets and keys: what AWS makes up. */
import { arn, globalArn, hex, joined, letters, type Makers, named, numbered, text } from "./making.ts";

const bucketOf = joined("", "bucket");

export const DATA: Makers = {
  "aws:rds/globalCluster:GlobalCluster": named("globalClusterIdentifier", (making, id) => ({
    arn: globalArn(making, "rds", `global-cluster:${id}`),
    globalClusterResourceId: `cluster-${hex(16)}`,
    engine: "aurora-postgresql",
    endpoint: `${id}.global-${hex(12)}.global.rds.amazonaws.com`,
    globalClusterMembers: [],
  })),
  "aws:rds/cluster:Cluster": named("clusterIdentifier", (making, id) => {
    const domain = `${hex(12)}.${making.region}.rds.amazonaws.com`;
    return {
      arn: arn(making, "rds", `cluster:${id}`),
      clusterResourceId: `cluster-${letters(26)}`,
      endpoint: `${id}.cluster-${domain}`,
      readerEndpoint: `${id}.cluster-ro-${domain}`,
      hostedZoneId: "Z2R2ITUGPM61AM",
      port: 5432,
      engineVersionActual: text(making.inputs["engineVersion"]),
      masterUserSecrets: [],
    };
  }),
  "aws:rds/clusterInstance:ClusterInstance": named("identifier", (making, id) => ({
    arn: arn(making, "rds", `db:${id}`),
    dbiResourceId: `db-${letters(26)}`,
    endpoint: `${id}.${hex(12)}.${making.region}.rds.amazonaws.com`,
    port: 5432,
    writer: false,
    storageEncrypted: true,
    engineVersionActual: text(making.inputs["engineVersion"]),
  })),
  "aws:rds/subnetGroup:SubnetGroup": named("name", (making, id) => ({
    arn: arn(making, "rds", `subgrp:${id}`),
    supportedNetworkTypes: ["IPV4"],
  })),
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": named("name", (making, id) => ({
    arn: arn(making, "rds", `cluster-pg:${id}`),
  })),
  "aws:rds/parameterGroup:ParameterGroup": named("name", (making, id) => ({
    arn: arn(making, "rds", `pg:${id}`),
  })),
  "aws:dynamodb/table:Table": named("name", (making, id) => ({
    arn: arn(making, "dynamodb", `table/${id}`),
    streamArn: "",
    streamLabel: "",
  })),
  "aws:dynamodb/tableItem:TableItem": joined("|", "tableName", "hashKey", "item"),
  "aws:s3/bucket:Bucket": named("bucket", (making, id) => ({
    arn: `arn:aws:s3:::${id}`,
    bucketDomainName: `${id}.s3.amazonaws.com`,
    bucketRegion: making.region,
    bucketRegionalDomainName: `${id}.s3.${making.region}.amazonaws.com`,
    hostedZoneId: "Z3AQBSTGFYJSTF",
  })),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": bucketOf,
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": bucketOf,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": bucketOf,
  "aws:s3/bucketPolicy:BucketPolicy": bucketOf,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": bucketOf,
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": bucketOf,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": bucketOf,
  "aws:s3/bucketVersioning:BucketVersioning": bucketOf,
  "aws:kms/key:Key": (making) => {
    const keyId = `${making.inputs["multiRegion"] === true ? "mrk-" : ""}${hex(32)}`;
    return { id: keyId, outputs: { keyId, arn: arn(making, "kms", `key/${keyId}`) } };
  },
  "aws:kms/replicaKey:ReplicaKey": (making) => {
    const keyId = text(making.inputs["primaryKeyArn"]).replace(/^.*:key\//, "");
    return {
      id: keyId,
      outputs: { keyId, arn: arn(making, "kms", `key/${keyId}`), keySpec: "SYMMETRIC_DEFAULT" },
    };
  },
  "aws:kms/alias:Alias": named("name", (making, id) => ({
    arn: arn(making, "kms", id),
    targetKeyArn: text(making.inputs["targetKeyId"]).startsWith("arn:")
      ? text(making.inputs["targetKeyId"])
      : arn(making, "kms", `key/${text(making.inputs["targetKeyId"])}`),
  })),
  "aws:backup/vault:Vault": named("name", (making, id) => ({
    arn: arn(making, "backup", `backup-vault:${id}`),
    recoveryPoints: 0,
  })),
  "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault": named("name", (making, id) => ({
    arn: arn(making, "backup", `backup-vault:${id}`),
  })),
  "aws:backup/restoreTestingPlan:RestoreTestingPlan": named("name", (making, id) => ({
    arn: arn(making, "backup", `restore-testing-plan:${id}-${hex(8)}`),
  })),
  "aws:backup/restoreTestingSelection:RestoreTestingSelection": joined(":", "name", "restoreTestingPlanName"),
  "aws:backup/vaultLockConfiguration:VaultLockConfiguration": joined("", "backupVaultName"),
  "aws:backup/plan:Plan": numbered("plan", (making, id) => ({
    arn: arn(making, "backup", `backup-plan:${id}`),
    version: letters(48),
  })),
  "aws:backup/selection:Selection": numbered("selection"),
};
