/**
 * The database in Pulumi's state: what shape it has, and how another physical cluster takes its place there. The
 * logical resources stay, so that nothing that depends on them is replaced; their ids and names change, and a refresh
 * reads the rest.
 */
import { z } from "zod";
import { BACKUP_DAYS, READ_ONLY } from "../../components/database.ts";
import type { ClusterShape } from "../adapters/restoration.ts";
import type { StackState, StateResource } from "../adapters/state.ts";
import { HalfwayError } from "../errors.ts";

const CLUSTER = "aws:rds/cluster:Cluster";
const INSTANCE = "aws:rds/clusterInstance:ClusterInstance";
const GROUP = "aws:rds/clusterParameterGroup:ClusterParameterGroup";

export interface DatabaseInState {
  readonly clusterId: string;
  readonly urns: readonly string[];
  readonly shape: ClusterShape;
}

/** @throws HalfwayError when the state has no such thing */
export function databaseInState({
  resources,
  stack,
}: Pick<StackState, "resources" | "stack">): DatabaseInState {
  const cluster = one(resources, stack, CLUSTER, () => true);
  const group = one(resources, stack, GROUP, ({ urn }) => urn.endsWith(`-${READ_ONLY}`));
  // The state lists them as they were made, all at once: the n-th one's zone is that of number n.
  const instances = resources
    .filter(({ type }) => type === INSTANCE)
    .toSorted((a, b) => (a.id ?? "").localeCompare(b.id ?? "", "en", { numeric: true }));
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const list = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(text) : []);
  const { outputs } = cluster;
  return {
    clusterId: cluster.id ?? "",
    urns: [cluster, ...instances].map(({ urn }) => urn),
    shape: {
      subnetGroup: text(outputs["dbSubnetGroupName"]),
      parameterGroup: text(outputs["dbClusterParameterGroupName"]),
      readOnlyParameterGroup: group.id ?? "",
      securityGroups: list(outputs["vpcSecurityGroupIds"]),
      keyArn: text(outputs["kmsKeyId"]),
      backupDays: BACKUP_DAYS,
      logs: list(outputs["enabledCloudwatchLogsExports"]),
      instanceClass: text(instances[0]?.outputs["instanceClass"]),
      zones: instances.map((instance) => text(instance.outputs["availabilityZone"])),
    },
  };
}

function one(
  resources: readonly StateResource[],
  stack: string,
  type: string,
  is: (resource: StateResource) => boolean,
): StateResource {
  const found = resources.find((resource) => resource.type === type && is(resource));
  if (found !== undefined) return found;
  throw new HalfwayError(
    `Pulumi's state of stack ${stack} has no ${type} of the database: deploy it first with \`dr deploy --stack ${stack}\``,
  );
}

const exported = z.looseObject({
  resources: z.array(
    z.looseObject({
      type: z.string(),
      id: z.string().optional(),
      inputs: z.record(z.string(), z.unknown()).optional(),
      outputs: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});
type Resource = z.infer<typeof exported>["resources"][number];

/** The exported deployment with every name of the cluster and its instances changed; again = the same. */
export function retarget(deployment: unknown, cluster: string): unknown {
  const state = exported.parse(deployment);
  const from = state.resources.find(({ type }) => type === CLUSTER)?.id;
  if (from === undefined) throw new HalfwayError("Pulumi's state has no database cluster");
  return { ...state, resources: state.resources.map((resource) => renamed(resource, from, cluster)) };
}

function renamed(resource: Resource, from: string, to: string): Resource {
  if (resource.type === CLUSTER) {
    return withValues(resource, to, { clusterIdentifier: to, finalSnapshotIdentifier: `${to}-final` });
  }
  if (resource.type !== INSTANCE || resource.id?.startsWith(`${from}-`) !== true) return resource;
  const instance = `${to}-${resource.id.slice(from.length + 1)}`;
  return withValues(resource, instance, { identifier: instance, clusterIdentifier: to });
}

const withValues = (resource: Resource, id: string, values: object): Resource => ({
  ...resource,
  id,
  inputs: { ...resource.inputs, ...values },
  outputs: { ...resource.outputs, ...values, id },
});
