import test from "ava";
import type { Values } from "../../../../sandbox/providers/protocol/value.ts";
import { Calls } from "../calls.ts";

const WEST = "us-west-2";
const TRUST = { assumeRolePolicy: "{}" };

/** Everything below happens in us-west-2 while us-east-1 is gone. */
function afterTheLoss(): Calls {
  const aws = new Calls();
  aws.put("aws:ec2/vpc:Vpc", WEST, "vpc-1", { cidrBlock: "10.0.0.0/16" });
  aws.put("aws:ec2/subnet:Subnet", WEST, "subnet-1", { availabilityZone: "us-west-2a" });
  aws.put("aws:ec2/subnet:Subnet", WEST, "subnet-2", { availabilityZone: "us-west-2b" });
  aws.put("aws:iam/role:Role", "global", "nodes", { arn: "arn:aws:iam::123456789012:role/nodes" });
  aws.put("aws:s3/bucket:Bucket", WEST, "archive-1", {});
  aws.faults.setPlace("us-east-1", "cut");
  return aws;
}

const REFUSED: [what: string, type: string, inputs: Values, why: RegExp][] = [
  ["a role", "aws:iam/role:Role", TRUST, /the control plane of IAM is in us-east-1/],
  [
    "a DNS record",
    "aws:route53/record:Record",
    { zoneId: "Z1", name: "x.example.com", type: "A", ttl: 15, records: ["192.0.2.1"] },
    /the control plane of Route 53 is in us-east-1/,
  ],
  [
    "a load balancer",
    "aws:lb/loadBalancer:LoadBalancer",
    { loadBalancerType: "network", subnets: ["subnet-1"] },
    /the control plane of Route 53, where its DNS name is made is in us-east-1/,
  ],
  [
    "an EKS control plane",
    "aws:eks/cluster:Cluster",
    {
      roleArn: "arn:aws:iam::123456789012:role/nodes",
      vpcConfig: { subnetIds: ["subnet-1", "subnet-2"] },
    },
    /the control plane of Route 53/,
  ],
  [
    "an interface endpoint",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    { vpcId: "vpc-1", serviceName: "com.amazonaws.us-west-2.sts", vpcEndpointType: "Interface" },
    /the control plane of Route 53/,
  ],
  ["a bucket", "aws:s3/bucket:Bucket", { bucket: "archive-2" }, /the part of S3 that configures buckets/],
  [
    "a bucket's policy",
    "aws:s3/bucketPolicy:BucketPolicy",
    { bucket: "archive-1", policy: "{}" },
    /the part of S3 that configures buckets/,
  ],
];

for (const [what, type, inputs, why] of REFUSED) {
  test(`without us-east-1, ${what} cannot be made in us-west-2`, async (t) => {
    const error = await t.throwsAsync(afterTheLoss().create(type, inputs, WEST));
    t.regex(error?.message ?? "", why);
    t.true(error?.message.startsWith(`${type} cannot create: `));
    t.regex(error?.message ?? "", / is in us-east-1 \(https:\/\/docs\.aws\.amazon\.com\/\S+\)$/);
  });
}

const POSSIBLE: [what: string, type: string, inputs: Values][] = [
  ["a topic", "aws:sns/topic:Topic", {}],
  [
    "a subnet",
    "aws:ec2/subnet:Subnet",
    { vpcId: "vpc-1", cidrBlock: "10.0.1.0/24", availabilityZone: "us-west-2a" },
  ],
  [
    "a gateway endpoint",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    { vpcId: "vpc-1", serviceName: "com.amazonaws.us-west-2.s3", vpcEndpointType: "Gateway" },
  ],
];

for (const [what, type, inputs] of POSSIBLE) {
  test(`without us-east-1, ${what} can be made in us-west-2`, async (t) => {
    await t.notThrowsAsync(afterTheLoss().create(type, inputs, WEST));
  });
}

test("a load balancer in us-west-2 can still be changed without us-east-1", async (t) => {
  const aws = afterTheLoss();
  aws.faults.heal();
  const inputs = { loadBalancerType: "network", subnets: ["subnet-1"] };
  const state = await aws.create("aws:lb/loadBalancer:LoadBalancer", inputs, WEST);
  aws.faults.setPlace("us-east-1", "cut");

  const outputs = await aws.update(
    "aws:lb/loadBalancer:LoadBalancer",
    state,
    { ...inputs, enableZonalShift: true },
    WEST,
  );

  t.is(outputs["enableZonalShift"], true);
  await t.throwsAsync(aws.delete("aws:lb/loadBalancer:LoadBalancer", state, WEST), {
    message: /cannot delete: the control plane of Route 53/,
  });
});

test("a region's own resources need that region", async (t) => {
  const aws = new Calls();
  aws.faults.setPlace(WEST, "cut");

  await t.throwsAsync(aws.create("aws:sns/topic:Topic", {}, WEST), {
    message: "us-west-2 is unreachable from internet",
  });
  await t.notThrowsAsync(aws.create("aws:sns/topic:Topic", {}, "us-east-1"));
});

test("a black-holed region is reported after a bounded wait", async (t) => {
  const aws = new Calls();
  aws.faults.setPlace(WEST, "blackhole");

  await t.throwsAsync(aws.create("aws:sns/topic:Topic", {}, WEST), {
    message: "us-west-2 is unreachable from internet: no answer within 0.05 s",
  });
});

test("a delayed region is slow and works", async (t) => {
  const aws = new Calls();
  aws.faults.setPlace(WEST, 20);
  const before = performance.now();

  await aws.create("aws:sns/topic:Topic", {}, WEST);

  t.true(performance.now() - before >= 19);
});
