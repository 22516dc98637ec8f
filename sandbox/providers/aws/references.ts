/** Inputs that name another resource must name one that exists, in the right region; the errors are AWS' own. */
import type { Json, Properties } from "../../cloud/behaviour.ts";
import type { Entry, Location, Registry } from "../registry.ts";
import { KINDS, type Kind, type KindName } from "./kinds.ts";
import { valuesAt } from "./paths.ts";

const IN_VPC = { vpcId: "vpc" } as const;
const ON_BUCKET = { bucket: "bucket" } as const;
const IN_CLUSTER = { clusterName: "cluster" } as const;

/** By type: which property (dotted, `*` for each element) names what. */
const REFERENCES: Readonly<Record<string, Readonly<Record<string, KindName>>>> = {
  "aws:acm/certificateValidation:CertificateValidation": { certificateArn: "certificate" },
  "aws:autoscaling/attachment:Attachment": {
    autoscalingGroupName: "autoscalingGroup",
    lbTargetGroupArn: "targetGroup",
  },
  "aws:autoscaling/trafficSourceAttachment:TrafficSourceAttachment": {
    autoscalingGroupName: "autoscalingGroup",
    "trafficSource.identifier": "targetGroup",
  },
  "aws:backup/plan:Plan": { "rules.*.targetVaultName": "vault" },
  "aws:backup/restoreTestingPlan:RestoreTestingPlan": {
    "recoveryPointSelection.includeVaults.*": "vaultArn",
  },
  "aws:backup/restoreTestingSelection:RestoreTestingSelection": {
    restoreTestingPlanName: "restoreTestingPlan",
    iamRoleArn: "role",
  },
  "aws:backup/selection:Selection": { planId: "plan", iamRoleArn: "role" },
  "aws:backup/vault:Vault": { kmsKeyArn: "key" },
  "aws:backup/vaultLockConfiguration:VaultLockConfiguration": { backupVaultName: "vault" },
  "aws:cloudwatch/eventTarget:EventTarget": { rule: "eventRule", arn: "topic" },
  "aws:cloudwatch/logGroup:LogGroup": { kmsKeyId: "key" },
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": { logGroupName: "logGroup" },
  "aws:cloudwatch/metricAlarm:MetricAlarm": { "alarmActions.*": "topic", "okActions.*": "topic" },
  "aws:dynamodb/table:Table": { "serverSideEncryption.kmsKeyArn": "key", "replicas.*.kmsKeyArn": "anyKey" },
  "aws:ec2/flowLog:FlowLog": { ...IN_VPC, logDestination: "logGroup", iamRoleArn: "role" },
  "aws:ec2/internetGateway:InternetGateway": IN_VPC,
  "aws:ec2/natGateway:NatGateway": { subnetId: "subnet", allocationId: "elasticIp" },
  "aws:ec2/route:Route": {
    routeTableId: "routeTable",
    gatewayId: "internetGateway",
    natGatewayId: "natGateway",
  },
  "aws:ec2/routeTable:RouteTable": IN_VPC,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": { subnetId: "subnet", routeTableId: "routeTable" },
  "aws:ec2/securityGroup:SecurityGroup": {
    ...IN_VPC,
    "ingress.*.securityGroups.*": "securityGroup",
    "egress.*.securityGroups.*": "securityGroup",
  },
  "aws:ec2/securityGroupRule:SecurityGroupRule": {
    securityGroupId: "securityGroup",
    sourceSecurityGroupId: "securityGroup",
  },
  "aws:ec2/subnet:Subnet": IN_VPC,
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    ...IN_VPC,
    "subnetIds.*": "subnet",
    "securityGroupIds.*": "securityGroup",
    "routeTableIds.*": "routeTable",
  },
  "aws:eks/accessEntry:AccessEntry": IN_CLUSTER,
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": IN_CLUSTER,
  "aws:eks/addon:Addon": IN_CLUSTER,
  "aws:eks/cluster:Cluster": {
    roleArn: "role",
    "vpcConfig.subnetIds.*": "subnet",
    "vpcConfig.securityGroupIds.*": "securityGroup",
    "encryptionConfig.provider.keyArn": "key",
  },
  "aws:eks/nodeGroup:NodeGroup": {
    ...IN_CLUSTER,
    nodeRoleArn: "role",
    "subnetIds.*": "subnet",
    "launchTemplate.id": "launchTemplate",
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": { ...IN_CLUSTER, roleArn: "role" },
  "aws:ecr/repository:Repository": { "encryptionConfigurations.*.kmsKey": "key" },
  "aws:fis/experimentTemplate:ExperimentTemplate": { roleArn: "role", "stopConditions.*.value": "alarm" },
  "aws:iam/rolePolicy:RolePolicy": { role: "role" },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": { role: "role", policyArn: "policy" },
  "aws:kms/alias:Alias": { targetKeyId: "key" },
  "aws:kms/replicaKey:ReplicaKey": { primaryKeyArn: "primaryKey" },
  "aws:lb/listener:Listener": {
    loadBalancerArn: "loadBalancer",
    certificateArn: "certificate",
    "defaultActions.*.targetGroupArn": "targetGroup",
  },
  "aws:lb/loadBalancer:LoadBalancer": {
    "securityGroups.*": "securityGroup",
    "subnets.*": "subnet",
    "subnetMappings.*.subnetId": "subnet",
    "subnetMappings.*.allocationId": "elasticIp",
  },
  "aws:lb/targetGroup:TargetGroup": IN_VPC,
  "aws:rds/cluster:Cluster": {
    globalClusterIdentifier: "globalCluster",
    dbSubnetGroupName: "databaseSubnets",
    dbClusterParameterGroupName: "clusterParameters",
    kmsKeyId: "key",
    "vpcSecurityGroupIds.*": "securityGroup",
  },
  "aws:rds/clusterInstance:ClusterInstance": {
    clusterIdentifier: "databaseCluster",
    performanceInsightsKmsKeyId: "key",
  },
  "aws:rds/subnetGroup:SubnetGroup": { "subnetIds.*": "subnet" },
  "aws:route53/record:Record": { healthCheckId: "healthCheck" },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ON_BUCKET,
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": ON_BUCKET,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ON_BUCKET,
  "aws:s3/bucketPolicy:BucketPolicy": ON_BUCKET,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ON_BUCKET,
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": {
    ...ON_BUCKET,
    role: "role",
    "rules.*.destination.bucket": "anyBucket",
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    ...ON_BUCKET,
    "rules.*.applyServerSideEncryptionByDefault.kmsMasterKeyId": "key",
  },
  "aws:s3/bucketVersioning:BucketVersioning": ON_BUCKET,
  "aws:sns/topic:Topic": { kmsMasterKeyId: "key" },
  "aws:sns/topicPolicy:TopicPolicy": { arn: "topic" },
  "aws:sns/topicSubscription:TopicSubscription": { topic: "topic" },
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": {
    securityGroupId: "securityGroup",
    referencedSecurityGroupId: "securityGroup",
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
    securityGroupId: "securityGroup",
    referencedSecurityGroupId: "securityGroup",
  },
};

const named = ({ id, outputs }: Entry, path: string): Json[] =>
  path === "id" ? [id] : valuesAt(outputs, path.split("."));

function exists(registry: Registry, kind: Kind, region: Location, value: string): boolean {
  if (kind.given?.test(value) === true) return true;
  return Object.entries(kind.among).some(([type, paths]) =>
    registry
      .list({ type })
      .filter((entry) => kind.anywhere === true || entry.region === "global" || entry.region === region)
      .some((entry) => paths.some((path) => named(entry, path).includes(value))),
  );
}

/** Throws AWS' error for the first reference that leads nowhere. Empty strings are left to AWS' own validation. */
export function checkReferences(
  registry: Registry,
  type: string,
  region: Location,
  inputs: Properties,
): void {
  for (const [path, name] of Object.entries(REFERENCES[type] ?? {})) {
    const kind: Kind = KINDS[name];
    for (const value of valuesAt(inputs, path.split("."))) {
      if (typeof value !== "string" || value === "") continue;
      if (!exists(registry, kind, region, value)) {
        throw new Error(`${kind.missing(value)} (${path} of ${type} in ${region})`);
      }
    }
  }
}
