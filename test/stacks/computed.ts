/** What the cloud would add to the inputs of each type that the program registers. A type not listed is a surprise. */

// biome-ignore lint/suspicious/noExplicitAny: property bags of any shape
export type Values = any;

type Compute = (inputs: Values, name: string) => Values;

const nothing: Compute = () => ({});
const arn =
  (service: string): Compute =>
  (_, name) => ({ arn: `arn:aws:${service}:::${name}` });
const key: Compute = (_, name) => ({ arn: `arn:aws:kms:::key/${name}`, keyId: `key-${name}` });

export const COMPUTED: Readonly<Record<string, Compute>> = {
  "pulumi:providers:aws": nothing,
  "pulumi:providers:kubernetes": nothing,
  "pulumi:providers:cloudflare": nothing,
  "aws:acm/certificate:Certificate": (inputs, name) => ({
    arn: `arn:aws:acm:::certificate/${name}`,
    domainValidationOptions: [inputs.domainName, ...inputs.subjectAlternativeNames].map((domainName) => ({
      domainName,
      resourceRecordName: `_proof.${inputs.domainName}.`,
      resourceRecordType: "CNAME",
      resourceRecordValue: "_value.acm-validations.aws.",
    })),
  }),
  "aws:acm/certificateValidation:CertificateValidation": nothing,
  "aws:autoscaling/attachment:Attachment": nothing,
  "aws:cloudwatch/logGroup:LogGroup": arn("logs"),
  "aws:dynamodb/table:Table": arn("dynamodb"),
  "aws:dynamodb/tableItem:TableItem": nothing,
  "aws:ec2/eip:Eip": (_, name) => ({ publicIp: `address-of-${name}` }),
  "aws:ec2/flowLog:FlowLog": nothing,
  "aws:ec2/internetGateway:InternetGateway": nothing,
  "aws:ec2/launchTemplate:LaunchTemplate": () => ({ latestVersion: 1 }),
  "aws:ec2/natGateway:NatGateway": nothing,
  "aws:ec2/route:Route": nothing,
  "aws:ec2/routeTable:RouteTable": nothing,
  "aws:ec2/routeTableAssociation:RouteTableAssociation": nothing,
  "aws:ec2/securityGroup:SecurityGroup": nothing,
  "aws:ec2/subnet:Subnet": nothing,
  "aws:ec2/vpc:Vpc": nothing,
  "aws:ec2/vpcEndpoint:VpcEndpoint": nothing,
  "aws:eks/accessEntry:AccessEntry": nothing,
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": nothing,
  "aws:eks/addon:Addon": nothing,
  "aws:eks/cluster:Cluster": (inputs) => ({
    arn: `arn:aws:eks:::cluster/${inputs.name}`,
    endpoint: `https://${inputs.name}.eks`,
    certificateAuthority: { data: "Q0E=" },
    vpcConfig: { ...inputs.vpcConfig, clusterSecurityGroupId: `sg-of-${inputs.name}` },
  }),
  "aws:eks/nodeGroup:NodeGroup": (_, name) => ({
    resources: [{ autoscalingGroups: [{ name: `group-of-${name}` }] }],
  }),
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": nothing,
  "aws:iam/role:Role": (_, name) => ({ name, arn: `arn:aws:iam:::role/${name}` }),
  "aws:iam/rolePolicy:RolePolicy": nothing,
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": nothing,
  "aws:kms/alias:Alias": nothing,
  "aws:kms/key:Key": key,
  "aws:kms/replicaKey:ReplicaKey": key,
  "aws:lb/listener:Listener": nothing,
  "aws:lb/loadBalancer:LoadBalancer": arn("elasticloadbalancing"),
  "aws:lb/targetGroup:TargetGroup": arn("elasticloadbalancing"),
  "aws:rds/cluster:Cluster": (inputs) => ({
    arn: `arn:aws:rds:::cluster:${inputs.clusterIdentifier}`,
    endpoint: `${inputs.clusterIdentifier}.rds`,
    clusterResourceId: "cluster-ABCDEF",
  }),
  "aws:rds/clusterInstance:ClusterInstance": nothing,
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": (_, name) => ({ name }),
  "aws:rds/globalCluster:GlobalCluster": nothing,
  "aws:rds/subnetGroup:SubnetGroup": (_, name) => ({ name }),
  "aws:route53/healthCheck:HealthCheck": nothing,
  "aws:route53/record:Record": nothing,
  "aws:s3/bucket:Bucket": nothing,
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": nothing,
  "aws:s3/bucketPolicy:BucketPolicy": nothing,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": nothing,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": nothing,
  "aws:s3/bucketVersioning:BucketVersioning": nothing,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": nothing,
  "cloudflare:index/dnsRecord:DnsRecord": nothing,
  "cloudflare:index/loadBalancer:LoadBalancer": nothing,
  "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor": nothing,
  "cloudflare:index/loadBalancerPool:LoadBalancerPool": nothing,
  "kubernetes:apps/v1:Deployment": nothing,
  "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": nothing,
  "kubernetes:core/v1:Namespace": nothing,
  "kubernetes:core/v1:Secret": nothing,
  "kubernetes:core/v1:Service": nothing,
  "kubernetes:core/v1:ServiceAccount": nothing,
  "kubernetes:networking.k8s.io/v1:NetworkPolicy": nothing,
  "kubernetes:policy/v1:PodDisruptionBudget": nothing,
};
