/** Rules of the Terraform provider that CloudFormation's specification does not tell: databases, tables, buckets, keys and backups. */
import type { Override } from "../overrides.ts";

/** A group of switches on a bucket, which alone identifies it. */
const onBucket = (source: string, ...update: string[]): Override => ({
  source,
  replace: ["bucket", "expectedBucketOwner"],
  update,
});

export const DATA: Readonly<Record<string, Override>> = {
  "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault": {
    source: "backup/logically_air_gapped_vault.go",
    replace: ["name"],
  },
  "aws:backup/plan:Plan": {
    source: "backup/plan.go",
    replace: ["name"],
    update: ["advancedBackupSettings", "rules"],
  },
  "aws:backup/restoreTestingPlan:RestoreTestingPlan": {
    source: "backup/restore_testing_plan.go",
    replace: ["name"],
  },
  "aws:backup/restoreTestingSelection:RestoreTestingSelection": {
    source: "backup/restore_testing_selection.go",
    replace: ["name"],
  },
  "aws:backup/selection:Selection": {
    source: "backup/selection.go",
    replace: ["conditions", "iamRoleArn", "name", "notResources", "planId", "resources", "selectionTags"],
  },
  "aws:backup/vault:Vault": {
    source: "backup/vault.go",
    replace: ["kmsKeyArn", "name"],
    update: ["forceDestroy"],
  },
  "aws:backup/vaultLockConfiguration:VaultLockConfiguration": {
    source: "backup/vault_lock_configuration.go",
    replace: ["backupVaultName", "changeableForDays", "maxRetentionDays", "minRetentionDays"],
  },
  "aws:dynamodb/table:Table": {
    source: "dynamodb/table.go",
    replace: [
      "hashKey",
      "importTable",
      "name",
      "rangeKey",
      "restoreDateTime",
      "restoreSourceName",
      "restoreSourceTableArn",
      "restoreToLatestTime",
    ],
    update: [
      "attributes",
      "deletionProtectionEnabled",
      "globalTableWitness",
      "onDemandThroughput",
      "pointInTimeRecovery",
      "readCapacity",
      "serverSideEncryption",
      "streamEnabled",
      "streamViewType",
      "tableClass",
      "ttl",
      "writeCapacity",
    ],
  },
  "aws:dynamodb/tableItem:TableItem": {
    source: "dynamodb/table_item.go",
    replace: ["hashKey", "rangeKey", "tableName"],
    update: ["item"],
  },
  "aws:kms/alias:Alias": { source: "kms/alias.go", replace: ["name", "namePrefix"], update: ["targetKeyId"] },
  "aws:kms/key:Key": {
    source: "kms/key.go",
    replace: ["customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"],
    update: ["deletionWindowInDays", "isEnabled", "policy"],
  },
  "aws:kms/replicaKey:ReplicaKey": {
    source: "kms/replica_key.go",
    update: ["bypassPolicyLockoutSafetyCheck", "deletionWindowInDays", "policy"],
  },
  "aws:rds/cluster:Cluster": {
    source: "rds/cluster.go",
    replace: [
      "availabilityZones",
      "clusterIdentifier",
      "clusterIdentifierPrefix",
      "databaseName",
      "dbSubnetGroupName",
      "engine",
      "kmsKeyId",
      "masterUsername",
      "restoreToPointInTime",
      "s3Import",
      "snapshotIdentifier",
      "sourceRegion",
      "storageEncrypted",
    ],
    update: [
      "allowMajorVersionUpgrade",
      "applyImmediately",
      "caCertificateIdentifier",
      "clusterMembers",
      "enabledCloudwatchLogsExports",
      "finalSnapshotIdentifier",
      "globalClusterIdentifier",
      "iamDatabaseAuthenticationEnabled",
      "iamRoles",
      "masterPassword",
      "masterPasswordWo",
      "masterPasswordWoVersion",
      "masterUserSecretKmsKeyId",
      "replicationSourceIdentifier",
      "skipFinalSnapshot",
    ],
  },
  "aws:rds/clusterInstance:ClusterInstance": {
    source: "rds/cluster_instance.go",
    replace: ["availabilityZone", "clusterIdentifier", "engine", "identifier", "identifierPrefix"],
    update: [
      "autoMinorVersionUpgrade",
      "caCertIdentifier",
      "dbParameterGroupName",
      "forceDestroy",
      "instanceClass",
      "performanceInsightsEnabled",
      "performanceInsightsKmsKeyId",
      "preferredMaintenanceWindow",
      "publiclyAccessible",
    ],
  },
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": {
    source: "rds/cluster_parameter_group.go",
    replace: ["description", "family", "name", "namePrefix"],
    update: ["parameters"],
  },
  "aws:rds/globalCluster:GlobalCluster": {
    source: "rds/global_cluster.go",
    replace: [
      "databaseName",
      "engine",
      "globalClusterIdentifier",
      "sourceDbClusterIdentifier",
      "storageEncrypted",
    ],
    update: ["deletionProtection", "engineVersion", "forceDestroy"],
  },
  "aws:rds/parameterGroup:ParameterGroup": {
    source: "rds/parameter_group.go",
    replace: ["description", "family", "name", "namePrefix"],
    update: ["parameters", "skipDestroy"],
  },
  "aws:rds/subnetGroup:SubnetGroup": {
    source: "rds/subnet_group.go",
    replace: ["name", "namePrefix"],
    update: ["description"],
  },
  "aws:s3/bucket:Bucket": {
    source: "s3/bucket.go",
    replace: ["bucket", "bucketPrefix", "objectLockEnabled"],
    update: ["forceDestroy"],
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": onBucket(
    "s3/bucket_lifecycle_configuration.go",
    "rules",
    "transitionDefaultMinimumObjectSize",
  ),
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": onBucket(
    "s3/bucket_object_lock_configuration.go",
    "rule",
    "token",
  ),
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
    source: "s3/bucket_ownership_controls.go",
    replace: ["bucket"],
    update: ["rule"],
  },
  "aws:s3/bucketPolicy:BucketPolicy": { source: "s3/bucket_policy.go", update: ["policy"] },
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
    source: "s3/bucket_public_access_block.go",
    replace: ["bucket"],
    update: [
      "blockPublicAcls",
      "blockPublicPolicy",
      "ignorePublicAcls",
      "restrictPublicBuckets",
      "skipDestroy",
    ],
  },
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
    source: "s3/bucket_replication_configuration.go",
    replace: ["bucket"],
    update: ["role", "rules", "token"],
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": onBucket(
    "s3/bucket_server_side_encryption_configuration.go",
    "rules",
  ),
  "aws:s3/bucketVersioning:BucketVersioning": onBucket(
    "s3/bucket_versioning.go",
    "mfa",
    "versioningConfiguration",
  ),
};
