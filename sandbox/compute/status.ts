/** What the cluster says of its pods, deployments and nodes, in the API's shapes. */
import type { Json, Properties } from "../cloud/behaviour.ts";
import type { Node, Nodes } from "./nodes.ts";
import type { Pod, PodBirth, PodState } from "./pod.ts";

export const time = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
const yes = (condition: boolean): "True" | "False" => (condition ? "True" : "False");

/** As it goes over the wire, without what is undefined. */
const asSent = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

export interface PodView {
  readonly pod: Pod;
  /** Ready, on a node that answers, and not on its way out. */
  readonly available: boolean;
}

export function podObject({ pod, available }: PodView): Properties {
  const { birth, state } = pod;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: birth.name,
      namespace: birth.namespace,
      uid: pod.uid,
      creationTimestamp: time(pod.createdAt),
      labels: {
        ...birth.manifest.metadata.labels,
        ...(birth.completion === undefined ? { "pod-template-hash": birth.template } : {}),
      },
      annotations: birth.manifest.metadata.annotations,
      ownerReferences: [{ ...ownerOf(birth), controller: true }],
      ...(pod.deletedAt === undefined ? {} : { deletionTimestamp: time(pod.deletedAt) }),
    },
    spec: {
      ...(pod.node === undefined ? {} : { nodeName: pod.node }),
      containers: [asSent(pod.container)],
    },
    status: {
      phase: pod.outcome ?? (state.kind === "running" || pod.restarts > 0 ? "Running" : "Pending"),
      ...(pod.ip === undefined ? {} : { podIP: pod.ip }),
      conditions: [
        {
          type: "PodScheduled",
          status: yes(pod.node !== undefined),
          ...(pod.unschedulable === undefined ? {} : { reason: "Unschedulable", message: pod.unschedulable }),
        },
        { type: "Ready", status: yes(available) },
      ],
      containerStatuses: [
        {
          name: pod.container.name,
          image: pod.container.image,
          ready: available,
          restartCount: pod.restarts,
          state: containerState(state),
        },
      ],
    },
  };
}

const ownerOf = ({ owner, template, completion }: PodBirth): Properties =>
  completion === undefined
    ? { apiVersion: "apps/v1", kind: "ReplicaSet", name: `${owner}-${template}` }
    : { apiVersion: "batch/v1", kind: "Job", name: owner, uid: completion.jobUid };

function containerState(state: PodState): Properties {
  switch (state.kind) {
    case "running":
      return { running: { startedAt: time(state.run.startedAt) } };
    case "waiting":
      return { waiting: { reason: state.reason, message: state.message } };
    case "ended": {
      const { reason, message, exitCode, startedAt, endedAt } = state;
      const times = { startedAt: time(startedAt), finishedAt: time(endedAt) };
      return { terminated: { reason, message, exitCode, ...times } };
    }
  }
}

export interface DeploymentView {
  readonly generation: number;
  readonly replicas: number;
  readonly template: string;
}

/** @param pods of this deployment, terminating ones included */
export function deploymentStatus(view: DeploymentView, pods: readonly PodView[]): Properties {
  const living = pods.filter(({ pod }) => !pod.terminating);
  const updated = living.filter(({ pod }) => pod.birth.template === view.template);
  const available = living.filter((pod) => pod.available).length;
  const complete =
    updated.length === view.replicas && living.length === updated.length && available === view.replicas;
  return {
    observedGeneration: view.generation,
    replicas: living.length,
    updatedReplicas: updated.length,
    readyReplicas: available,
    availableReplicas: available,
    unavailableReplicas: Math.max(0, view.replicas - available),
    conditions: [
      { type: "Available", status: yes(available >= view.replicas) },
      {
        type: "Progressing",
        status: "True",
        reason: complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
      },
    ],
  };
}

/** Why a deployment is not there yet, pod by pod. */
export function missing(pods: readonly PodView[]): string {
  const reasons = pods
    .filter(({ pod, available }) => !available && !pod.terminating)
    .map(({ pod }) => {
      if (pod.unschedulable !== undefined) return `pod ${pod.birth.name}: ${pod.unschedulable}`;
      if (pod.state.kind === "running") return `pod ${pod.birth.name}: running, not ready`;
      return `pod ${pod.birth.name}: ${pod.state.reason}: ${pod.state.message}`;
    });
  return reasons.join("; ") || "no pod was created";
}

export function nodeObject(
  { name, zone, group, isShiftedAway, images }: Node,
  ready: boolean,
  { cores, bytes }: ReturnType<Nodes["allocatable"]>,
): Properties {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "topology.kubernetes.io/zone": zone,
        "node.kubernetes.io/instance-type": group.instanceType,
        "eks.amazonaws.com/nodegroup": group.name,
      },
    },
    spec: { unschedulable: isShiftedAway },
    status: {
      allocatable: { cpu: `${Math.floor(1_000 * cores)}m`, memory: `${Math.floor(bytes / 1_024)}Ki` },
      images: [...images].map((image) => ({ names: [image] })),
      conditions: [
        ready
          ? { type: "Ready", status: "True", reason: "KubeletReady" }
          : { type: "Ready", status: "Unknown", reason: "NodeStatusUnknown" },
      ],
    },
  };
}
