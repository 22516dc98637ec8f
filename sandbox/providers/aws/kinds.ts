/** What an input may name, where to look for it, and what AWS says when it is not there. */

export interface Kind {
  /** Where to look, and under which of their values: `id`, or paths into their outputs. */
  readonly among: Readonly<Record<string, readonly string[]>>;
  /** Needs no entry: AWS made it, or it is named in config and made elsewhere. */
  readonly given?: RegExp;
  /** May live in another region. */
  readonly anywhere?: true;
  readonly missing: (value: string) => string;
}

export const KINDS = {
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
  eventRule: {
    among: { "aws:cloudwatch/eventRule:EventRule": ["id"] },
    missing: (name) => `ResourceNotFoundException: Rule ${name} does not exist on EventBus default.`,
  },
  topic: {
    among: { "aws:sns/topic:Topic": ["id"] },
    missing: (arn) => `NotFound: Topic does not exist: ${arn}`,
  },
  vault: {
    among: { "aws:backup/vault:Vault": ["id"] },
    missing: (name) => `ResourceNotFoundException: Backup vault not found: ${name}`,
  },
  vaultArn: {
    among: { "aws:backup/vault:Vault": ["arn"] },
    missing: (arn) => `ResourceNotFoundException: Backup vault not found: ${arn}`,
  },
  restoreTestingPlan: {
    among: { "aws:backup/restoreTestingPlan:RestoreTestingPlan": ["id"] },
    missing: (name) => `ResourceNotFoundException: Restore testing plan not found: ${name}`,
  },
  alarm: {
    among: { "aws:cloudwatch/metricAlarm:MetricAlarm": ["arn"] },
    missing: (arn) => `ValidationException: The alarm ${arn} does not exist or is in another Region`,
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

export type KindName = keyof typeof KINDS;
