import test from "ava";
import type { Values } from "../../../../sandbox/providers/protocol/value.ts";
import { Calls } from "../calls.ts";

const DANGLING: [type: string, inputs: Values, message: string][] = [
  [
    "aws:ec2/subnet:Subnet",
    { vpcId: "vpc-gone", cidrBlock: "10.0.0.0/24" },
    "InvalidVpcID.NotFound: The vpc ID 'vpc-gone' does not exist (vpcId of aws:ec2/subnet:Subnet in us-east-1)",
  ],
  [
    "aws:s3/bucketPolicy:BucketPolicy",
    { bucket: "gone", policy: "{}" },
    "NoSuchBucket: The specified bucket does not exist: gone (bucket of aws:s3/bucketPolicy:BucketPolicy in us-east-1)",
  ],
  [
    "aws:rds/subnetGroup:SubnetGroup",
    { subnetIds: ["subnet-gone"] },
    "InvalidSubnetID.NotFound: The subnet ID 'subnet-gone' does not exist (subnetIds.* of aws:rds/subnetGroup:SubnetGroup in us-east-1)",
  ],
  [
    "aws:kms/alias:Alias",
    { name: "alias/x", targetKeyId: "gone" },
    "NotFoundException: Key 'gone' does not exist (targetKeyId of aws:kms/alias:Alias in us-east-1)",
  ],
  [
    "aws:eks/addon:Addon",
    { clusterName: "gone", addonName: "coredns" },
    "ResourceNotFoundException: No cluster found for name: gone. (clusterName of aws:eks/addon:Addon in us-east-1)",
  ],
  [
    "aws:autoscaling/attachment:Attachment",
    { autoscalingGroupName: "gone", lbTargetGroupArn: "arn:gone" },
    "ValidationError: AutoScalingGroup name not found - gone (autoscalingGroupName of aws:autoscaling/attachment:Attachment in us-east-1)",
  ],
  [
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    { securityGroupId: "sg-gone", ipProtocol: "tcp" },
    "InvalidGroup.NotFound: The security group 'sg-gone' does not exist (securityGroupId of aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule in us-east-1)",
  ],
  [
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    { role: "gone", policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" },
    "NoSuchEntity: The role gone cannot be found (role of aws:iam/rolePolicyAttachment:RolePolicyAttachment in global)",
  ],
  [
    "aws:route53/record:Record",
    { zoneId: "Z1", name: "x", type: "A", ttl: 15, records: ["192.0.2.1"], healthCheckId: "gone" },
    "NoSuchHealthCheck: A health check with id gone does not exist. (healthCheckId of aws:route53/record:Record in global)",
  ],
];

for (const [type, inputs, message] of DANGLING) {
  test(`${type} must not name what does not exist`, async (t) => {
    const aws = new Calls();
    aws.put("aws:kms/key:Key", "us-east-1", "other", {});
    await t.throwsAsync(aws.create(type, inputs), { message });
    t.is(aws.registry.list({ type }).length, 0);
  });
}

test("a resource of another region does not exist in this one", async (t) => {
  const aws = new Calls();
  aws.put("aws:s3/bucket:Bucket", "us-west-2", "archive", {});
  const inputs = { bucket: "archive", policy: "{}" };

  await t.throwsAsync(aws.create("aws:s3/bucketPolicy:BucketPolicy", inputs), { message: /NoSuchBucket/ });
  await t.notThrowsAsync(aws.create("aws:s3/bucketPolicy:BucketPolicy", inputs, "us-west-2"));
});

test("a global cluster is found from every region", async (t) => {
  const aws = new Calls();
  aws.put("aws:rds/globalCluster:GlobalCluster", "us-east-1", "exchange", {});
  const inputs = {
    engine: "aurora-postgresql",
    clusterIdentifier: "west",
    globalClusterIdentifier: "exchange",
  };

  await t.notThrowsAsync(aws.create("aws:rds/cluster:Cluster", inputs, "us-west-2"));
});

test("what EKS makes by itself may be named: its security group, its scaling groups", async (t) => {
  const aws = new Calls();
  aws.put("aws:eks/cluster:Cluster", "us-east-1", "c", { vpcConfig: { clusterSecurityGroupId: "sg-eks" } });
  aws.put("aws:eks/nodeGroup:NodeGroup", "us-east-1", "c:n", {
    resources: [{ autoscalingGroups: [{ name: "eks-n" }] }],
  });
  aws.put("aws:lb/targetGroup:TargetGroup", "us-east-1", "arn:targets", {});

  const rule = {
    securityGroupId: "sg-eks",
    ipProtocol: "tcp",
    fromPort: 1,
    toPort: 1,
    cidrIpv4: "10.0.0.0/8",
  };
  await t.notThrowsAsync(aws.create("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", rule));
  const attachment = { autoscalingGroupName: "eks-n", lbTargetGroupArn: "arn:targets" };
  await t.notThrowsAsync(aws.create("aws:autoscaling/attachment:Attachment", attachment));
});

test("AWS' own policies and keys need nobody to make them", async (t) => {
  const aws = new Calls();
  aws.put("aws:iam/role:Role", "global", "nodes", {});
  const own = { role: "nodes", policyArn: "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy" };
  const foreign = { role: "nodes", policyArn: "arn:aws:iam::123456789012:policy/gone" };

  await t.notThrowsAsync(aws.create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", own));
  await t.throwsAsync(aws.create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", foreign), {
    message: /NoSuchEntity: Policy arn:aws:iam::123456789012:policy\/gone does not exist/,
  });
});

test("a taken name is refused", async (t) => {
  const aws = new Calls();
  await aws.create("aws:iam/role:Role", { name: "nodes", assumeRolePolicy: "{}" });

  await t.throwsAsync(aws.create("aws:iam/role:Role", { name: "nodes", assumeRolePolicy: "{}" }), {
    message: "AlreadyExists: aws:iam/role:Role nodes already exists in global",
  });
});
