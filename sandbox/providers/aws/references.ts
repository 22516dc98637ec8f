/** Inputs that name another resource must name one that exists, in the right region; the errors are AWS' own. */
import type { Json, Properties } from "../../cloud/behaviour.ts";
import { isObject } from "../../cloud/fields.ts";
import type { Entry, Location, Registry } from "../registry.ts";

/** Every value at a dotted path; `*` goes into a list. */
export function valuesAt(value: Json | undefined, path: readonly string[]): Json[] {
  const [key, ...rest] = path;
  if (value === undefined || value === null) return [];
  if (key === undefined) return [value];
  if (key === "*")
    return Array.isArray(value) ? value.flatMap((element: Json) => valuesAt(element, rest)) : [];
  return isObject(value) ? valuesAt(value[key], rest) : [];
}

interface Kind {
  /** Where to look, and under which of their values: `id`, or paths into their outputs. */
  readonly among: Readonly<Record<string, readonly string[]>>;
  /** Needs no entry: AWS made it, or it is named in config and made elsewhere. */
  readonly given?: RegExp;
  /** May live in another region. */
  readonly anywhere?: true;
  readonly missing: (value: string) => string;
}

const KINDS = {
  vpc: {
    among: { "aws:ec2/vpc:Vpc": ["id"] },
    missing: (id) => `InvalidVpcID.NotFound: The vpc ID '${id}' does not exist`,
  },
  subnet: {
    among: { "aws:ec2/subnet:Subnet": ["id"] },
    missing: (id) => `InvalidSubnetID.NotFound: The subnet ID '${id}' does not exist`,
  },
  securityGroup: {
    among: {
      "aws:ec2/securityGroup:SecurityGroup": ["id"],
      "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ["id"],
      "aws:ec2/vpc:Vpc": ["defaultSecurityGroupId"],
      "aws:eks/cluster:Cluster": ["vpcConfig.clusterSecurityGroupId"],
    },
    missing: (id) => `InvalidGroup.NotFound: The security group '${id}' does not exist`,
  },
  routeTable: {
    among: { "aws:ec2/routeTable:RouteTable": ["id"], "aws:ec2/vpc:Vpc": ["mainRouteTableId"] },
    missing: (id) => `InvalidRouteTableID.NotFound: The routeTable ID '${id}' does not exist`,
  },
  internetGateway: {
    among: { "aws:ec2/internetGateway:InternetGateway": ["id"] },
    missing: (id) => `InvalidGatewayID.NotFound: The gateway ID '${id}' does not exist`,
  },
  natGateway: {
    among: { "aws:ec2/natGateway:NatGateway": ["id"] },
    missing: (id) => `InvalidNatGatewayID.NotFound: The natGateway ID '${id}' does not exist`,
  },
  elasticIp: {
    among: { "aws:ec2/eip:Eip": ["id"] },
    missing: (id) => `InvalidAllocationID.NotFound: The allocation ID '${id}' does not exist`,
  },
  launchTemplate: {
    among: { "aws:ec2/launchTemplate:LaunchTemplate": ["id"] },
    missing: (id) => `InvalidLaunchTemplateId.NotFound: The launch template ID '${id}' does not exist`,
  },
  role: {
    among: { "aws:iam/role:Role": ["id", "arn"] },
    missing: (role) => `NoSuchEntity: The role ${role} cannot be found`,
  },
  policy: {
    among: { "aws:iam/policy:Policy": ["id"] },
    given: /^arn:aws:iam::aws:policy\//,
    missing: (arn) => `NoSuchEntity: Policy ${arn} does not exist or is not attachable`,
  },
  key: {
    among: { "aws:kms/key:Key": ["id", "arn"], "aws:kms/replicaKey:ReplicaKey": ["id", "arn"] },
    given: /^alias\/aws\//,
    missing: (key) => `NotFoundException: Key '${key}' does not exist`,
  },
  primaryKey: {
    among: { "aws:kms/key:Key": ["arn"] },
    anywhere: true,
    missing: (arn) => `NotFoundException: Key '${arn}' does not exist`,
  },
  /** Of a replica in another region than the table. */
  anyKey: {
    among: { "aws:kms/key:Key": ["arn"], "aws:kms/replicaKey:ReplicaKey": ["arn"] },
    anywhere: true,
    missing: (arn) => `KMSInvalidStateException: KMS key ${arn} does not exist`,
  },
  bucket: {
    among: { "aws:s3/bucket:Bucket": ["id", "arn"] },
    missing: (bucket) => `NoSuchBucket: The specified bucket does not exist: ${bucket}`,
  },
  anyBucket: {
    among: { "aws:s3/bucket:Bucket": ["arn"] },
    anywhere: true,
    missing: (bucket) => `InvalidRequest: Destination bucket must exist: ${bucket}`,
  },
  databaseSubnets: {
    among: { "aws:rds/subnetGroup:SubnetGroup": ["id"] },
    missing: (name) => `DBSubnetGroupNotFoundFault: DB subnet group '${name}' does not exist`,
  },
  clusterParameters: {
    among: { "aws:rds/clusterParameterGroup:ClusterParameterGroup": ["id"] },
    given: /^default\./,
    missing: (name) => `DBClusterParameterGroupNotFound: DBClusterParameterGroup not found: ${name}`,
  },
  databaseCluster: {
    among: { "aws:rds/cluster:Cluster": ["id"] },
    missing: (id) => `DBClusterNotFoundFault: DBCluster ${id} not found`,
  },
  globalCluster: {
    among: { "aws:rds/globalCluster:GlobalCluster": ["id"] },
    anywhere: true,
    missing: (id) => `GlobalClusterNotFoundFault: Global cluster ${id} not found`,
  },
  cluster: {
    among: { "aws:eks/cluster:Cluster": ["id"] },
    missing: (name) => `ResourceNotFoundException: No cluster found for name: ${name}.`,
  },
  loadBalancer: {
    among: { "aws:lb/loadBalancer:LoadBalancer": ["id"] },
    missing: (arn) => `LoadBalancerNotFound: Load balancer '${arn}' not found`,
  },
  targetGroup: {
    among: { "aws:lb/targetGroup:TargetGroup": ["id"] },
    missing: (arn) => `TargetGroupNotFound: One or more target groups not found: ${arn}`,
  },
  certificate: {
    among: { "aws:acm/certificate:Certificate": ["id"] },
    missing: (arn) => `CertificateNotFound: Certificate ARN '${arn}' is not valid`,
  },
  autoscalingGroup: {
    among: { "aws:eks/nodeGroup:NodeGroup": ["resources.*.autoscalingGroups.*.name"] },
    missing: (name) => `ValidationError: AutoScalingGroup name not found - ${name}`,
  },
  logGroup: {
    among: { "aws:cloudwatch/logGroup:LogGroup": ["id", "arn"] },
    missing: (arn) => `InvalidParameter: LogDestination: ${arn} does not exist`,
  },
  topic: {
    among: { "aws:sns/topic:Topic": ["id"] },
    missing: (arn) => `NotFound: Topic does not exist: ${arn}`,
  },
  vault: {
    among: { "aws:backup/vault:Vault": ["id"] },
    missing: (name) => `ResourceNotFoundException: Backup vault not found: ${name}`,
  },
  plan: {
    among: { "aws:backup/plan:Plan": ["id"] },
    missing: (id) => `ResourceNotFoundException: Failed reading Backup plan with provided planId: ${id}`,
  },
  healthCheck: {
    among: { "aws:route53/healthCheck:HealthCheck": ["id"] },
    missing: (id) => `NoSuchHealthCheck: A health check with id ${id} does not exist.`,
  },
} as const satisfies Readonly<Record<string, Kind>>;

type KindName = keyof typeof KINDS;

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
  "aws:backup/selection:Selection": { planId: "plan", iamRoleArn: "role" },
  "aws:backup/vault:Vault": { kmsKeyArn: "key" },
  "aws:backup/vaultLockConfiguration:VaultLockConfiguration": { backupVaultName: "vault" },
  "aws:cloudwatch/logGroup:LogGroup": { kmsKeyId: "key" },
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
