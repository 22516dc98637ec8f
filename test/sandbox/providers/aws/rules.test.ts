import test from "ava";
import type { Values } from "../../../../sandbox/providers/protocol/value.ts";
import { Calls } from "../calls.ts";

const EAST = "us-east-1";
const CLUSTER = "aws:rds/cluster:Cluster";
const RECORD = "aws:route53/record:Record";

/** A VPC with two subnets in two zones and a third in the first zone, a bucket, a global database with its primary. */
function account(): Calls {
  const aws = new Calls();
  const subnet = (id: string, availabilityZone: string, cidrBlock: string) =>
    aws.put("aws:ec2/subnet:Subnet", EAST, id, { vpcId: "vpc-1", availabilityZone, cidrBlock });
  aws.put("aws:ec2/vpc:Vpc", EAST, "vpc-1", { cidrBlock: "10.0.0.0/16" });
  subnet("subnet-a", "us-east-1a", "10.0.0.0/24");
  subnet("subnet-b", "us-east-1b", "10.0.1.0/24");
  subnet("subnet-a2", "us-east-1a", "10.0.2.0/24");
  aws.put("aws:iam/role:Role", "global", "role", { arn: "arn:role" });
  aws.put("aws:eks/cluster:Cluster", EAST, "c", {});
  aws.put("aws:s3/bucket:Bucket", EAST, "plain", { bucket: "plain" });
  aws.put("aws:s3/bucket:Bucket", EAST, "target", { bucket: "target", arn: "arn:aws:s3:::target" });
  aws.put("aws:rds/globalCluster:GlobalCluster", EAST, "exchange", { engineVersion: "17.4" });
  aws.put(CLUSTER, EAST, "primary", { globalClusterIdentifier: "exchange" });
  aws.put("aws:acm/certificate:Certificate", EAST, "arn:certificate", {
    domainValidationOptions: [{ resourceRecordName: "_x.example.com." }],
  });
  return aws;
}

const secondary = { engine: "aurora-postgresql", globalClusterIdentifier: "exchange", engineVersion: "17.4" };
const record = { zoneId: "Z1", name: "exchange.example.com", type: "A" };
const alias = { aliases: [{ name: "r.example.com", zoneId: "Z1", evaluateTargetHealth: false }] };

type Case = [rule: string, type: string, inputs: Values, message: RegExp, region?: string];
const BROKEN: Case[] = [
  [
    "a subnet lies in its VPC's range",
    "aws:ec2/subnet:Subnet",
    { vpcId: "vpc-1", cidrBlock: "10.1.0.0/24" },
    /^InvalidSubnet\.Range: The CIDR '10\.1\.0\.0\/24' is invalid: not in 10\.0\.0\.0\/16$/,
  ],
  [
    "subnets of a VPC do not overlap",
    "aws:ec2/subnet:Subnet",
    { vpcId: "vpc-1", cidrBlock: "10.0.1.128/25" },
    /^InvalidSubnet\.Conflict: The CIDR '10\.0\.1\.128\/25' conflicts with another subnet, subnet-b$/,
  ],
  [
    "a zone belongs to the region",
    "aws:ec2/subnet:Subnet",
    { vpcId: "vpc-1", cidrBlock: "10.0.9.0/24", availabilityZone: "us-west-2a" },
    /^InvalidParameterValue: Value \(us-west-2a\) for parameter availabilityZone is invalid in us-east-1$/,
  ],
  [
    "a load balancer has one subnet per zone",
    "aws:lb/loadBalancer:LoadBalancer",
    { loadBalancerType: "network", subnets: ["subnet-a", "subnet-a2"] },
    /multiple subnets in the same Availability Zone/,
  ],
  [
    "a load balancer's name is short",
    "aws:lb/loadBalancer:LoadBalancer",
    { name: "x".repeat(33), subnets: ["subnet-a"] },
    /^ValidationError: the name 'x{33}' cannot be longer than '32' characters$/,
  ],
  [
    "an EKS cluster spans two zones",
    "aws:eks/cluster:Cluster",
    { roleArn: "arn:role", vpcConfig: { subnetIds: ["subnet-a", "subnet-a2"] } },
    /^InvalidParameterException: Subnets specified must be in at least two different AZs$/,
  ],
  [
    "a node group's desired size lies between its bounds",
    "aws:eks/nodeGroup:NodeGroup",
    {
      clusterName: "c",
      nodeRoleArn: "arn:role",
      subnetIds: ["subnet-a"],
      scalingConfig: { minSize: 2, desiredSize: 1, maxSize: 3 },
    },
    /min ≤ desired ≤ max, got 2, 1, 3$/,
  ],
  [
    "backups are kept for up to 35 days",
    CLUSTER,
    { engine: "aurora-postgresql", backupRetentionPeriod: 36 },
    /^InvalidParameterValue: backupRetentionPeriod is 36: it must be from 1 to 35$/,
  ],
  [
    "a secondary cluster takes no master password",
    CLUSTER,
    { ...secondary, masterUsername: "platform", masterPasswordWo: "x", masterPasswordWoVersion: 1 },
    /^InvalidParameterCombination: Cannot specify masterUsername, masterPasswordWo for a cross region replication cluster$/,
    "us-west-2",
  ],
  [
    "a master password has 8 to 41 characters, none of which divides a URL",
    CLUSTER,
    {
      engine: "aurora-postgresql",
      masterUsername: "owner",
      masterPasswordWo: "p@ssword",
      masterPasswordWoVersion: 1,
    },
    /^InvalidParameterValue: The parameter MasterUserPassword is not valid/,
  ],
  [
    "a member of a global database has no managed password",
    CLUSTER,
    { ...secondary, manageMasterUserPassword: true },
    /^InvalidParameterCombination: ManageMasterUserPassword isn't supported/,
  ],
  [
    "a member has its global database's version",
    CLUSTER,
    { ...secondary, engineVersion: "16.8" },
    /^InvalidParameterValue: The engine version 16\.8 must match the global cluster's, 17\.4$/,
  ],
  [
    "a key waits 7 to 30 days for its deletion",
    "aws:kms/key:Key",
    { deletionWindowInDays: 5 },
    /deletionWindowInDays is 5: it must be from 7 to 30$/,
  ],
  [
    "a bucket's name is lower case",
    "aws:s3/bucket:Bucket",
    { bucket: "Archive" },
    /^InvalidBucketName: .*Archive$/,
  ],
  [
    "a bucket's name is taken in every region",
    "aws:s3/bucket:Bucket",
    { bucket: "plain" },
    /^BucketAlreadyOwnedByYou: /,
    "us-west-2",
  ],
  [
    "a lock needs versions",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    { bucket: "plain", rule: { defaultRetention: { mode: "GOVERNANCE", days: 1 } } },
    /^InvalidBucketState: /,
  ],
  [
    "replication needs versions",
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    {
      bucket: "plain",
      role: "arn:role",
      rules: [{ destination: { bucket: "arn:aws:s3:::target" }, status: "Enabled" }],
    },
    /^InvalidRequest: Versioning must be 'Enabled'/,
  ],
  [
    "health is checked every 10 or 30 seconds",
    "aws:route53/healthCheck:HealthCheck",
    { type: "HTTPS", requestInterval: 15 },
    /^InvalidInput: requestInterval is 15/,
  ],
  [
    "a record has addresses or a target",
    RECORD,
    record,
    /^InvalidChangeBatch: exactly one of aliases and records/,
  ],
  [
    "an alias has no TTL",
    RECORD,
    { ...record, ...alias, ttl: 15 },
    /^InvalidChangeBatch: an alias has no ttl/,
  ],
  [
    "records have a TTL",
    RECORD,
    { ...record, records: ["192.0.2.1"] },
    /^InvalidChangeBatch: records need a ttl$/,
  ],
  [
    "a routing policy needs an identifier",
    RECORD,
    { ...record, ...alias, failoverRoutingPolicies: [{ type: "SECONDARY" }] },
    /^InvalidChangeBatch: failoverRoutingPolicies needs a setIdentifier$/,
  ],
  [
    "a primary's health is known",
    RECORD,
    { ...record, ...alias, failoverRoutingPolicies: [{ type: "PRIMARY" }], setIdentifier: "east" },
    /^InvalidChangeBatch: a PRIMARY failover record needs a health check/,
  ],
  [
    "a certificate is issued once its DNS record is there",
    "aws:acm/certificateValidation:CertificateValidation",
    { certificateArn: "arn:certificate" },
    /last state: 'PENDING_VALIDATION'\): no DNS record _x\.example\.com\.$/,
  ],
];

for (const [rule, type, inputs, message, region] of BROKEN) {
  test(`refused: ${rule}`, async (t) => {
    const aws = account();
    const error = await t.throwsAsync(aws.create(type, inputs, region ?? EAST));
    t.regex(error?.message ?? "", message);
  });
}

const KEPT: [what: string, type: string, inputs: Values, region?: string][] = [
  ["a secondary without credentials", CLUSTER, secondary, "us-west-2"],
  [
    "a primary that evaluates its target",
    RECORD,
    {
      ...record,
      aliases: [{ name: "r.example.com", zoneId: "Z1", evaluateTargetHealth: true }],
      failoverRoutingPolicies: [{ type: "PRIMARY" }],
      setIdentifier: "east",
    },
  ],
  ["a free bucket name", "aws:s3/bucket:Bucket", { bucket: "archive-1" }],
  ["a subnet that fits", "aws:ec2/subnet:Subnet", { vpcId: "vpc-1", cidrBlock: "10.0.9.0/24" }],
];

for (const [what, type, inputs, region] of KEPT) {
  test(`accepted: ${what}`, async (t) => {
    await t.notThrowsAsync(account().create(type, inputs, region ?? EAST));
  });
}

test("a versioned bucket may be locked and replicated, a validated certificate is issued", async (t) => {
  const aws = account();
  await aws.create("aws:s3/bucketVersioning:BucketVersioning", {
    bucket: "plain",
    versioningConfiguration: { status: "Enabled" },
  });
  await aws.create(RECORD, { zoneId: "Z1", name: "_x.example.com", type: "CNAME", ttl: 300, records: ["y"] });

  await t.notThrowsAsync(
    aws.create("aws:s3/bucketReplicationConfig:BucketReplicationConfig", {
      bucket: "plain",
      role: "arn:role",
      rules: [{ destination: { bucket: "arn:aws:s3:::target" }, status: "Enabled" }],
    }),
  );
  await t.notThrowsAsync(
    aws.create("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", {
      bucket: "plain",
      rule: { defaultRetention: { mode: "GOVERNANCE", days: 1 } },
    }),
  );
  await t.notThrowsAsync(
    aws.create("aws:acm/certificateValidation:CertificateValidation", { certificateArn: "arn:certificate" }),
  );
});
