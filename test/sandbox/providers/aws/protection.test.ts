import test from "ava";
import type { Properties } from "../../../../sandbox/cloud/behaviour.ts";
import { Calls } from "../calls.ts";

const EAST = "us-east-1";

const PROTECTED: [what: string, type: string, outputs: Properties, message: RegExp][] = [
  [
    "a protected cluster",
    "aws:rds/cluster:Cluster",
    { deletionProtection: true, skipFinalSnapshot: true },
    /^InvalidParameterCombination: Cannot delete protected Cluster/,
  ],
  [
    "a cluster without a last snapshot",
    "aws:rds/cluster:Cluster",
    { skipFinalSnapshot: false },
    /^RDS Cluster final_snapshot_identifier is required/,
  ],
  [
    "a cluster with instances",
    "aws:rds/cluster:Cluster",
    { skipFinalSnapshot: true },
    /^InvalidDBClusterStateFault: .* still contains DB instances in non-deleting state: instance$/,
  ],
  [
    "a protected global cluster",
    "aws:rds/globalCluster:GlobalCluster",
    { deletionProtection: true },
    /^InvalidParameterCombination: Cannot delete protected Global Cluster/,
  ],
  [
    "a global cluster with members",
    "aws:rds/globalCluster:GlobalCluster",
    {},
    /^InvalidGlobalClusterStateFault: Global Cluster doomed is not empty: member$/,
  ],
  [
    "a protected table",
    "aws:dynamodb/table:Table",
    { deletionProtectionEnabled: true },
    /^ValidationException: Resource cannot be deleted as it is currently protected against deletion\. .*: doomed$/,
  ],
  [
    "a protected EKS cluster",
    "aws:eks/cluster:Cluster",
    { deletionProtection: true },
    /^InvalidRequestException: Cluster doomed cannot be deleted/,
  ],
  [
    "an EKS cluster with nodes",
    "aws:eks/cluster:Cluster",
    {},
    /^ResourceInUseException: Cluster has nodegroups attached: nodes$/,
  ],
  [
    "a protected load balancer",
    "aws:lb/loadBalancer:LoadBalancer",
    { enableDeletionProtection: true },
    /^OperationNotPermitted: Load balancer 'doomed' cannot be deleted/,
  ],
  ["a VPC with subnets", "aws:ec2/vpc:Vpc", {}, /^DependencyViolation: The vpc 'doomed' .*: subnet$/],
];

function account(type: string, outputs: Properties): Calls {
  const aws = new Calls();
  aws.put(type, EAST, "doomed", outputs);
  aws.put("aws:rds/clusterInstance:ClusterInstance", EAST, "instance", { clusterIdentifier: "doomed" });
  aws.put("aws:rds/cluster:Cluster", EAST, "member", { globalClusterIdentifier: "doomed" });
  aws.put("aws:eks/nodeGroup:NodeGroup", EAST, "nodes", { clusterName: "doomed" });
  aws.put("aws:ec2/subnet:Subnet", EAST, "subnet", { vpcId: "doomed" });
  return aws;
}

for (const [what, type, outputs, message] of PROTECTED) {
  test(`AWS keeps ${what}`, async (t) => {
    const aws = account(type, outputs);

    const error = await t.throwsAsync(aws.delete(type, { id: "doomed", outputs }));

    t.regex(error?.message ?? "", message);
    t.truthy(aws.registry.get(type, EAST, "doomed"));
  });
}

test("what is not protected goes, and is gone", async (t) => {
  const aws = new Calls();
  aws.put("aws:ec2/vpc:Vpc", EAST, "doomed", {});

  await aws.delete("aws:ec2/vpc:Vpc", { id: "doomed", outputs: {} });

  t.is(await aws.read("aws:ec2/vpc:Vpc", "doomed"), undefined);
});

test("deleting what is gone already succeeds, as it does in AWS' provider", async (t) => {
  await t.notThrowsAsync(new Calls().delete("aws:ec2/vpc:Vpc", { id: "gone", outputs: {} }));
});
