/** Nothing but the load balancer answers strangers. */
import type { ClusterArgs as EksClusterArgs } from "@pulumi/aws/eks/cluster.js";
import type { ClusterInstanceArgs } from "@pulumi/aws/rds/clusterInstance.js";
import type { BucketPublicAccessBlockArgs } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import {
  type Finding,
  isNotTrue,
  isTrue,
  must,
  type ResourceRule,
  type StackRule,
  undecided,
  violation,
} from "../rule.ts";
import { at, listAt, ofType, refersTo, type Seen, step, UNKNOWN } from "../seen.ts";
import { isAnyone, statementsOf } from "./documents.ts";

const ANYWHERE = new Set<unknown>(["0.0.0.0/0", "::/0"]);

export const privateDatabase: ResourceRule = {
  name: "private-database",
  description: "No database instance has a public address.",
  of: "resource",
  check: (r) =>
    r.type === "aws:rds/clusterInstance:ClusterInstance" || r.type === "aws:rds/instance:Instance"
      ? must<ClusterInstanceArgs>(r, "publiclyAccessible", isNotTrue, "set publiclyAccessible: false")
      : [],
};

export const clusterEndpoint: ResourceRule = {
  name: "cluster-endpoint",
  description: "The Kubernetes API answers inside the VPC, and outside it only to listed addresses.",
  of: "resource",
  check(r) {
    if (r.type !== "aws:eks/cluster:Cluster") return [];
    const inside = must<EksClusterArgs>(
      r,
      "vpcConfig.endpointPrivateAccess",
      isTrue,
      "set vpcConfig.endpointPrivateAccess: true",
    );
    const isPublic = at<EksClusterArgs>(r, "vpcConfig.endpointPublicAccess");
    // What AWS does when nobody says: public, to everybody.
    if (isPublic === false) return inside;
    const ranges = listAt<EksClusterArgs>(r, "vpcConfig.publicAccessCidrs");
    if (isPublic === UNKNOWN || ranges === UNKNOWN) {
      return [...inside, undecided(r, "who may reach its endpoint")];
    }
    return ranges.length > 0 && !ranges.some((range) => ANYWHERE.has(range))
      ? inside
      : [
          ...inside,
          violation(
            r,
            "list the ranges that may reach its API in vpcConfig.publicAccessCidrs, or set endpointPublicAccess: false",
          ),
        ];
  },
};

const BLOCKS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"] as const;

export const privateBuckets: StackRule = {
  name: "private-buckets",
  description: "Every bucket blocks public access in all four ways, and no bucket policy lets everybody in.",
  of: "stack",
  check(resources) {
    const blocks = ofType(resources, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock");
    return [
      ...ofType(resources, "aws:s3/bucket:Bucket").flatMap((bucket) => {
        const block = blocks.find((one) => refersTo(one, "bucket", bucket, ["bucket"]));
        return block === undefined
          ? [violation(bucket, "add a BucketPublicAccessBlock with all four settings true")]
          : BLOCKS.flatMap((setting) =>
              must<BucketPublicAccessBlockArgs>(block, setting, isTrue, `set ${setting}: true`),
            );
      }),
      ...ofType(resources, "aws:s3/bucketPolicy:BucketPolicy").flatMap((r) => {
        const document = step(r.props, "policy");
        if (document === UNKNOWN) return [undecided(r, "policy")];
        return statementsOf(document)?.some(isAnyone)
          ? [violation(r, "its policy lets everybody in: name the principals")]
          : [];
      }),
    ];
  },
};

interface Opening {
  readonly resource: Seen;
  readonly group: Seen | undefined;
}

/** Ways in from everywhere, whichever of the three resource types writes them. */
function openings(resources: readonly Seen[]): readonly Opening[] {
  const groups = ofType(resources, "aws:ec2/securityGroup:SecurityGroup");
  const groupOf = (r: Seen) => groups.find((group) => refersTo(r, "securityGroupId", group, ["id"]));
  const isOpen = (rule: unknown) =>
    ["cidrBlocks", "ipv6CidrBlocks"].some((key) => {
      const ranges = step(rule, key);
      return Array.isArray(ranges) && ranges.some((range) => ANYWHERE.has(range));
    }) || ["cidrIpv4", "cidrIpv6"].some((key) => ANYWHERE.has(step(rule, key)));
  const inline = groups.filter(({ props }) => {
    const rules = props["ingress"];
    return Array.isArray(rules) && rules.some(isOpen);
  });
  const apart = ofType(
    resources,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
  ).filter(({ props }) => props["type"] !== "egress" && isOpen(props));
  return [
    ...inline.map((resource) => ({ resource, group: resource })),
    ...apart.map((resource) => ({ resource, group: groupOf(resource) })),
  ];
}

export const oneDoor: StackRule = {
  name: "one-door",
  description: "Only a load balancer's security group lets the internet in.",
  of: "stack",
  check(resources): readonly Finding[] {
    const balancers = ofType(resources, "aws:lb/loadBalancer:LoadBalancer");
    const isDoor = (group: Seen) => balancers.some((one) => refersTo(one, "securityGroups", group));
    return openings(resources)
      .filter(({ group }) => group === undefined || !isDoor(group))
      .map(({ resource }) =>
        violation(
          resource,
          "it lets 0.0.0.0/0 or ::/0 in and belongs to no load balancer: name the security group that may come in",
        ),
      );
  },
};
