/**
 * In which order a team can really take the platform down, from its configuration alone. Nothing here is run by `dr`:
 * each step is for people, who should need several of them.
 */
import {
  archiveBucketName,
  checkpointBucketName,
  databaseClusterName,
  globalClusterName,
  kubernetesClusterName,
} from "../../components/names.ts";
import type { Config } from "../../stacks/config.ts";
import { stateBucketName, stateKeyAlias } from "../bootstrap/names.ts";

export interface DestroyStep {
  readonly title: string;
  /** Why here in the order, with the vendor's page where there is one. */
  readonly why: string;
  readonly commands: readonly string[];
}

const DELETE_GLOBAL =
  "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-deleting.html";
const DELETE_WITNESS =
  "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GlobalTableWitnessGroupUpdate.html";

export function destroySteps(config: Config): readonly DestroyStep[] {
  const { primary, secondary, witness } = config.regions;
  const table = config.journal.tableName;
  const global = globalClusterName(config);
  const cluster = (region: typeof primary) => databaseClusterName(config, region);
  const arn = (region: typeof primary) =>
    `arn:aws:rds:${region}:${config.accountId}:cluster:${cluster(region)}`;
  // An adopted cluster stays, and so does its protection.
  const lifted = (region: typeof primary) => [
    ...(config.cluster.existing[region === primary ? "primary" : "secondary"] === undefined
      ? [
          `aws eks update-cluster-config --region ${region} --name ${kubernetesClusterName(config, region)} --no-deletion-protection`,
        ]
      : []),
    `aws elbv2 modify-load-balancer-attributes --region ${region} --load-balancer-arn ARN --attributes Key=deletion_protection.enabled,Value=false`,
  ];
  const buckets = [primary, secondary].flatMap((region) => [
    archiveBucketName(config, region),
    checkpointBucketName(config, region),
  ]);
  return [
    {
      title: "Stop taking orders",
      why: "what is acknowledged after the last copy is lost for ever",
      commands: ['dr deploy --all   # with traffic: "off" in both stack files'],
    },
    {
      title: "Take the last copies out of the account",
      why: "law and auditors outlive the platform; afterwards nothing here can be restored",
      commands: [
        `aws s3 sync s3://${archiveBucketName(config, primary)} DESTINATION`,
        `aws rds create-db-cluster-snapshot --region ${primary} --db-cluster-identifier ${cluster(primary)} --db-cluster-snapshot-identifier last`,
      ],
    },
    {
      title: "Take the break-glass role",
      why: "the deploy role is denied every step below",
      commands: [
        `aws sts assume-role --role-arn arn:aws:iam::${config.accountId}:role/${config.name}-break-glass --role-session-name destroy --serial-number MFA --token-code CODE`,
      ],
    },
    {
      title: `Detach the secondary database in ${secondary} and lift its protection`,
      why: `a global database is taken apart from its secondaries; detaching makes a writable cluster of it. ${DELETE_GLOBAL}`,
      commands: [
        `aws rds remove-from-global-cluster --region ${primary} --global-cluster-identifier ${global} --db-cluster-identifier ${arn(secondary)}`,
        `aws rds modify-db-cluster --region ${secondary} --db-cluster-identifier ${cluster(secondary)} --no-deletion-protection`,
      ],
    },
    {
      title: "Unprotect and destroy stack dr",
      why: "it owns nothing that prod needs, while prod owns the journal's replica and keys that dr uses",
      commands: [
        ...lifted(secondary),
        "pulumi state unprotect --all --stack dr",
        "pulumi destroy --stack dr",
      ],
    },
    {
      title: "Make a single-region table of the journal",
      why: `a replica and the witness go together or not at all; then deletion protection goes off. ${DELETE_WITNESS}`,
      commands: [
        `aws dynamodb update-table --region ${primary} --table-name ${table} --replica-updates '[{"Delete":{"RegionName":"${secondary}"}}]' --global-table-witness-updates '[{"Delete":{"RegionName":"${witness}"}}]'`,
        `aws dynamodb update-table --region ${primary} --table-name ${table} --no-deletion-protection-enabled`,
      ],
    },
    {
      title: `Detach the primary database in ${primary} and lift both protections`,
      why: `a global database is deleted when it has no member. ${DELETE_GLOBAL}`,
      commands: [
        `aws rds remove-from-global-cluster --region ${primary} --global-cluster-identifier ${global} --db-cluster-identifier ${arn(primary)}`,
        `aws rds modify-db-cluster --region ${primary} --db-cluster-identifier ${cluster(primary)} --no-deletion-protection`,
        `aws rds modify-global-cluster --region ${primary} --global-cluster-identifier ${global} --no-deletion-protection`,
      ],
    },
    {
      title: "Unprotect and destroy stack prod",
      why: "its name, certificates and keys were the other stack's too; keys wait 30 days, in which this can be undone",
      commands: [
        ...lifted(primary),
        "pulumi refresh --stack prod",
        "pulumi state unprotect --all --stack prod",
        "pulumi destroy --stack prod",
      ],
    },
    {
      title: "Empty and delete the buckets when their retention ends",
      why: `objects of the archive stay ${config.journal.archiveRetentionDays} days after they were written; sooner only with s3:BypassGovernanceRetention`,
      commands: buckets.map((bucket) => `aws s3 rb s3://${bucket} --force   # versions too`),
    },
    {
      title: "Delete the state, its key and the roles, last",
      why: "until here they say what there is and may still take it down",
      commands: [
        `aws s3 rb s3://${stateBucketName(config)} --force   # versions too`,
        `aws kms schedule-key-deletion --region ${witness} --key-id KEY_BEHIND_${stateKeyAlias(config)}`,
        ...["deploy", "failover", "break-glass"].map(
          (role) => `aws iam delete-role --role-name ${config.name}-${role}`,
        ),
      ],
    },
  ];
}
