/** What AWS refuses to delete. */
import type { Properties } from "../../cloud/behaviour.ts";
import type { Location, Registry } from "../registry.ts";
import { text } from "./making.ts";

interface Doomed {
  readonly id: string;
  readonly outputs: Properties;
  readonly region: Location;
  readonly registry: Registry;
}

/** Undefined: it may go. */
type Guard = (doomed: Doomed) => string | undefined;

const switched =
  (property: string, message: (id: string) => string): Guard =>
  ({ id, outputs }) =>
    outputs[property] === true ? message(id) : undefined;

const inUse =
  (type: string, property: string, message: (id: string, by: string) => string): Guard =>
  ({ id, region, registry }) => {
    const users = registry.list({ type }).filter((entry) => region === "global" || entry.region === region);
    const user = users.find(({ outputs }) => outputs[property] === id);
    return user && message(id, user.id);
  };

const globalMembers: Guard = ({ id, outputs, registry }) => {
  // The provider then removes every member first, writer last.
  if (outputs["forceDestroy"] === true) return undefined;
  const member = registry
    .list({ type: "aws:rds/cluster:Cluster" })
    .find(({ outputs }) => outputs["globalClusterIdentifier"] === id);
  return member && `InvalidGlobalClusterStateFault: Global Cluster ${id} is not empty: ${member.id}`;
};

const finalSnapshot: Guard = ({ outputs }) =>
  outputs["skipFinalSnapshot"] !== true && text(outputs["finalSnapshotIdentifier"]) === ""
    ? "RDS Cluster final_snapshot_identifier is required when skip_final_snapshot is false"
    : undefined;

const GUARDS: Readonly<Record<string, readonly Guard[]>> = {
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html
  "aws:dynamodb/table:Table": [
    switched(
      "deletionProtectionEnabled",
      (id) =>
        "ValidationException: Resource cannot be deleted as it is currently protected against deletion. " +
        `Disable deletion protection first: ${id}`,
    ),
  ],
  // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (DependencyViolation)
  "aws:ec2/subnet:Subnet": [
    inUse(
      "aws:ec2/natGateway:NatGateway",
      "subnetId",
      (id, by) => `DependencyViolation: The subnet '${id}' has dependencies and cannot be deleted: ${by}`,
    ),
  ],
  "aws:ec2/vpc:Vpc": [
    inUse(
      "aws:ec2/subnet:Subnet",
      "vpcId",
      (id, by) => `DependencyViolation: The vpc '${id}' has dependencies and cannot be deleted: ${by}`,
    ),
  ],
  // https://docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html
  "aws:eks/cluster:Cluster": [
    switched(
      "deletionProtection",
      (id) => `InvalidRequestException: Cluster ${id} cannot be deleted while deletion protection is enabled`,
    ),
    inUse(
      "aws:eks/nodeGroup:NodeGroup",
      "clusterName",
      (_, by) => `ResourceInUseException: Cluster has nodegroups attached: ${by}`,
    ),
  ],
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html
  "aws:lb/loadBalancer:LoadBalancer": [
    switched(
      "enableDeletionProtection",
      (id) =>
        `OperationNotPermitted: Load balancer '${id}' cannot be deleted because deletion protection is enabled`,
    ),
  ],
  // https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html
  "aws:rds/cluster:Cluster": [
    switched(
      "deletionProtection",
      () =>
        "InvalidParameterCombination: Cannot delete protected Cluster, please disable deletion protection and try again.",
    ),
    finalSnapshot,
    inUse(
      "aws:rds/clusterInstance:ClusterInstance",
      "clusterIdentifier",
      (_, by) =>
        `InvalidDBClusterStateFault: Cluster cannot be deleted, it still contains DB instances in non-deleting state: ${by}`,
    ),
  ],
  "aws:rds/globalCluster:GlobalCluster": [
    switched(
      "deletionProtection",
      () =>
        "InvalidParameterCombination: Cannot delete protected Global Cluster, please disable deletion protection and try again.",
    ),
    globalMembers,
  ],
};

/** Throws why the resource may not be deleted. */
export function checkDeletion(type: string, doomed: Doomed): void {
  for (const guard of GUARDS[type] ?? []) {
    const refusal = guard(doomed);
    if (refusal !== undefined) throw new Error(refusal);
  }
}
