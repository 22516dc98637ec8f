/** Which change of which property weakens what: the reviewed table, data alone. */
import type { Risk, Severity } from "./finding.ts";
import { NONE } from "./types/standing.ts";

export type When =
  /** A number grew. */
  | "raised"
  /** The same of Cloudflare's TTL, where 1 stands for 300 s. https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/ */
  | "raised, 1 is 300"
  /** A number shrank, or is no longer set. */
  | "lowered"
  | "on"
  | "off"
  /** A list lost elements. */
  | "fewer"
  /** A list gained elements. */
  | "more"
  | "removed"
  | "changed";

export interface Rule {
  /** Empty: any type. */
  readonly types: readonly string[];
  readonly path: string;
  readonly when: When;
  readonly risk: Risk;
  readonly severity: Severity;
  readonly rpo: string;
  /** `{old}` and `{now}` stand for the values. */
  readonly rto: string;
}

type Effect = Pick<Rule, "risk" | "severity"> & { readonly rpo?: string; readonly rto?: string };

const rules = (
  types: readonly string[],
  effect: Effect,
  ...changes: readonly [When, ...string[]][]
): readonly Rule[] =>
  changes.flatMap(([when, ...paths]) =>
    paths.map((path) => ({ rpo: NONE, rto: NONE, ...effect, types, path, when })),
  );

const CLUSTERS = ["aws:rds/cluster:Cluster", "aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster"];
const TABLES = ["aws:dynamodb/table:Table"];
const CACHES = ["aws:elasticache/replicationGroup:ReplicationGroup"];
const NO_MORE = "the other region gets nothing more: its loss is everything since";
const replicaLink: Effect = { risk: "replica", severity: "danger", rpo: NO_MORE };

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/multi-region-strong-consistency-gt.html */
const REPLICAS: readonly Rule[] = [
  ...rules(
    TABLES,
    {
      ...replicaLink,
      rpo: "writes may be in one region alone, or not be acknowledged at all",
      rto: "no journal there",
    },
    ["fewer", "replicas"],
    ["changed", "replicas[].consistencyMode"],
    ["removed", "globalTableWitness"],
  ),
  // The provider detaches on "" and promotes when the source goes away.
  ...rules(CLUSTERS, { ...replicaLink, rto: "no promotion: restore from a backup" }, [
    "changed",
    "globalClusterIdentifier",
    "replicationSourceIdentifier",
  ]),
  ...rules(["aws:rds/instance:Instance"], { ...replicaLink, rto: "nothing to promote" }, [
    "removed",
    "replicateSourceDb",
  ]),
  ...rules(["aws:secretsmanager/secret:Secret"], { ...replicaLink, rto: "secrets are missing there" }, [
    "fewer",
    "replicas",
  ]),
  ...rules(
    ["aws:ecr/replicationConfiguration:ReplicationConfiguration"],
    { ...replicaLink, rpo: NONE, rto: "images are missing there" },
    ["fewer", "replicationConfiguration.rules"],
  ),
  ...rules(["aws:s3/bucketReplicationConfig:BucketReplicationConfig"], replicaLink, ["fewer", "rules"]),
  ...rules(
    ["aws:kms/key:Key"],
    { ...replicaLink, rpo: "what the other region has encrypted cannot be read there" },
    ["off", "multiRegion"],
  ),
  ...rules(
    ["aws:backup/plan:Plan"],
    { risk: "replica", severity: "eyes", rpo: "fewer backups, or none in the other region" },
    ["fewer", "rules", "rules[].copyActions"],
  ),
];

const lifted: Effect = { risk: "protection", severity: "eyes" };

const PROTECTION: readonly Rule[] = [
  ...rules(
    [],
    { ...lifted, rpo: "one mistake from losing it" },
    [
      "off",
      "deletionProtection",
      "deletionProtectionEnabled",
      "enableDeletionProtection",
      "terminationProtection",
    ],
    [
      "on",
      "skipFinalSnapshot",
      "forceDestroy",
      "forceDelete",
      "deleteAutomatedBackups",
      "bypassGovernanceRetention",
    ],
  ),
  ...rules(
    [],
    { ...lifted, rpo: "a restore reaches less far back, or not at all" },
    ["off", "pointInTimeRecovery.enabled", "replicas[].pointInTimeRecovery"],
    [
      "lowered",
      "backupRetentionPeriod",
      "snapshotRetentionLimit",
      "pointInTimeRecovery.recoveryPeriodInDays",
    ],
  ),
  ...rules(
    [],
    lifted,
    [
      "off",
      "storageEncrypted",
      "encrypted",
      "serverSideEncryption.enabled",
      "iamDatabaseAuthenticationEnabled",
    ],
    ["changed", "kmsKeyId", "kmsKeyArn"],
    ["lowered", "retentionInDays"],
  ),
  ...rules(
    ["aws:kms/key:Key"],
    { ...lifted, rpo: "nothing is readable while the key is off" },
    ["off", "isEnabled"],
    ["lowered", "deletionWindowInDays"],
  ),
  ...rules(["aws:kms/key:Key"], lifted, ["off", "enableKeyRotation"]),
  ...rules(
    ["aws:s3/bucketVersioning:BucketVersioning", "aws:s3/bucketVersioningV2:BucketVersioningV2"],
    { ...lifted, rpo: "an overwritten object is gone" },
    ["off", "versioningConfiguration.status"],
  ),
  ...rules(
    ["aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"],
    { ...lifted, rpo: "objects can be removed before their time" },
    ["lowered", "rule.defaultRetention.days", "rule.defaultRetention.years"],
    ["changed", "rule.defaultRetention.mode"],
    ["removed", "rule"],
  ),
  ...rules(
    ["aws:backup/vaultLockConfiguration:VaultLockConfiguration"],
    { ...lifted, rpo: "backups can be removed before their time" },
    ["lowered", "minRetentionDays"],
  ),
  ...rules(["aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"], lifted, [
    "off",
    "blockPublicAcls",
    "blockPublicPolicy",
    "ignorePublicAcls",
    "restrictPublicBuckets",
  ]),
  ...rules(
    ["aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"],
    { ...lifted, rto: "nobody is told: the decision comes later" },
    ["off", "actionsEnabled"],
    ["fewer", "alarmActions"],
  ),
  ...rules(
    ["aws:rds/clusterParameterGroup:ClusterParameterGroup", "aws:rds/parameterGroup:ParameterGroup"],
    lifted,
    ["fewer", "parameters"],
  ),
  ...rules(
    ["aws:fis/experimentTemplate:ExperimentTemplate"],
    { ...lifted, rto: "a drill may go on when it should stop" },
    ["fewer", "stopConditions"],
  ),
];

const later: Effect = {
  risk: "slower",
  severity: "eyes",
  rto: "clients keep an old address {now} s, instead of {old} s",
};
const unnoticed: Effect = {
  risk: "slower",
  severity: "eyes",
  rto: "a dead region is noticed later",
};

const SPEED: readonly Rule[] = [
  ...rules(
    [
      "aws:route53/record:Record",
      "cloudflare:index/loadBalancer:LoadBalancer",
      "gcp:dns/recordSet:RecordSet",
      "azure-native:network:RecordSet",
    ],
    later,
    ["raised", "ttl"],
  ),
  ...rules(
    ["cloudflare:index/dnsRecord:DnsRecord", "cloudflare:index/record:Record"],
    { ...later, rto: "clients keep an old address {now} s, instead of {old} s; 1 is automatic: 300 s" },
    ["raised, 1 is 300", "ttl"],
  ),
  ...rules(["aws:route53/healthCheck:HealthCheck"], unnoticed, [
    "raised",
    "requestInterval",
    "failureThreshold",
  ]),
  ...rules(["cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor"], unnoticed, [
    "raised",
    "interval",
    "retries",
    "timeout",
    "consecutiveDown",
  ]),
  ...rules(["aws:lb/targetGroup:TargetGroup"], { ...unnoticed, rto: "a dead target is left out later" }, [
    "raised",
    "healthCheck.interval",
    "healthCheck.unhealthyThreshold",
    "healthCheck.timeout",
  ]),
  ...rules(["aws:route53/record:Record"], { ...unnoticed, rto: "a dead region may keep its traffic" }, [
    "removed",
    "healthCheckId",
    "failoverRoutingPolicies",
  ]),
  ...rules(
    ["cloudflare:index/loadBalancer:LoadBalancer"],
    { ...unnoticed, rto: "no region left to move to" },
    ["fewer", "defaultPools"],
  ),
];

const less: Effect = {
  risk: "capacity",
  severity: "eyes",
  rto: "pods or nodes have to start first, when load comes",
};

const CAPACITY: readonly Rule[] = [
  ...rules(["kubernetes:Deployment", "kubernetes:StatefulSet"], less, ["lowered", "spec.replicas"]),
  ...rules(["kubernetes:HorizontalPodAutoscaler"], less, ["lowered", "spec.minReplicas", "spec.maxReplicas"]),
  ...rules(["kubernetes:PodDisruptionBudget"], { ...less, rto: "a drain may take more pods at once" }, [
    "lowered",
    "spec.minAvailable",
  ]),
  ...rules(["aws:eks/nodeGroup:NodeGroup"], less, [
    "lowered",
    "scalingConfig.minSize",
    "scalingConfig.maxSize",
    "scalingConfig.desiredSize",
  ]),
  ...rules(["aws:ec2/capacityReservation:CapacityReservation"], less, ["lowered", "instanceCount"]),
  ...rules(
    ["aws:rds/instance:Instance", ...CACHES],
    { ...less, rto: "a lost zone takes the database along" },
    ["off", "multiAz", "multiAzEnabled", "automaticFailoverEnabled"],
    ["lowered", "numCacheClusters", "replicasPerNodeGroup"],
  ),
];

const restart: Effect = { risk: "restart", severity: "eyes", rto: "writes stop while it restarts" };

const RESTARTS: readonly Rule[] = [
  // A global database's regions must run one version, or no promotion: upgrade the secondary first.
  // https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-upgrade.html
  ...rules([...CLUSTERS, "aws:rds/instance:Instance", "aws:rds/globalCluster:GlobalCluster"], restart, [
    "changed",
    "engineVersion",
  ]),
  ...rules(["aws:rds/clusterInstance:ClusterInstance", "aws:rds/instance:Instance"], restart, [
    "changed",
    "instanceClass",
  ]),
  ...rules(
    ["aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"],
    { ...restart, rto: "nodes are drained one by one" },
    ["changed", "version"],
  ),
];

const wider: Effect = { risk: "widened", severity: "eyes" };

const EXPOSURE: readonly Rule[] = [
  ...rules([], wider, ["on", "publiclyAccessible"], ["more", "managedPolicyArns"]),
  ...rules(
    ["aws:eks/cluster:Cluster"],
    wider,
    ["on", "vpcConfig.endpointPublicAccess"],
    ["more", "vpcConfig.publicAccessCidrs"],
  ),
  ...rules(["aws:ec2/securityGroup:SecurityGroup"], wider, ["more", "ingress"]),
  ...rules(
    [
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      "aws:ec2/securityGroupRule:SecurityGroupRule",
    ],
    wider,
    ["changed", "cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "prefixListId"],
    ["more", "cidrBlocks"],
    ["raised", "toPort"],
    ["lowered", "fromPort"],
  ),
  ...rules(["aws:eks/accessPolicyAssociation:AccessPolicyAssociation"], wider, [
    "changed",
    "policyArn",
    "accessScope.type",
  ]),
  ...rules(["kubernetes:Role", "kubernetes:ClusterRole"], wider, ["more", "rules"]),
  ...rules(["kubernetes:RoleBinding", "kubernetes:ClusterRoleBinding"], wider, ["more", "subjects"]),
  ...rules(["kubernetes:NetworkPolicy"], wider, [
    "more",
    "spec.ingress",
    "spec.egress",
    "spec.ingress[].from",
    "spec.egress[].to",
  ]),
  ...rules(["kubernetes:Service"], wider, ["changed", "spec.type"]),
];

const SWITCHES: readonly Rule[] = [
  ...rules(
    ["aws:dynamodb/tableItem:TableItem"],
    {
      risk: "switched",
      severity: "eyes",
      rto: "a region starts or stops taking traffic, where the item is its switch",
    },
    ["changed", "item"],
  ),
];

export const RULES: readonly Rule[] = [
  ...REPLICAS,
  ...PROTECTION,
  ...SPEED,
  ...CAPACITY,
  ...RESTARTS,
  ...EXPOSURE,
  ...SWITCHES,
];
