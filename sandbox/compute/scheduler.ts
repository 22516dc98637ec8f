/** Which node a pod goes to. Pure. */
import type { PodTemplate } from "./manifests.ts";

export interface NodeView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly schedulable: boolean;
  /** Cores that pods may request in total. */
  readonly allocatable: number;
  readonly maxPods: number;
}

export interface PlacedPod {
  readonly node: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cores: number;
}

export interface Candidate {
  readonly namespace: string;
  readonly cores: number;
  readonly spec: Pick<PodTemplate["spec"], "nodeSelector" | "affinity" | "topologySpreadConstraints">;
}

type Constraint = PodTemplate["spec"]["topologySpreadConstraints"][number];

export type Placement = { readonly node: string } | { readonly unschedulable: string };

/** Kubernetes counts in thousandths; fractions of 2 do not: 0.3 − 0.2 < 0.1. */
const inMillicores = (cores: number): number => Math.round(1_000 * cores) / 1_000;

interface Room extends NodeView {
  readonly free: number;
  readonly pods: number;
}

/** How many of the pods that the constraint selects each domain holds; domains of eligible nodes only. */
function domainCounts(
  { topologyKey, labelSelector }: Constraint,
  namespace: string,
  nodes: readonly NodeView[],
  placed: readonly PlacedPod[],
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const domains = new Map<string, string>();
  for (const { name, labels, schedulable } of nodes) {
    const domain = labels[topologyKey];
    if (domain === undefined || !schedulable) continue;
    domains.set(name, domain);
    counts.set(domain, 0);
  }
  for (const pod of placed) {
    const domain = domains.get(pod.node);
    const counted = isSelected(pod, namespace, labelSelector.matchLabels);
    if (counted && domain !== undefined) counts.set(domain, (counts.get(domain) ?? 0) + 1);
  }
  return counts;
}

const isSelected = (
  pod: PlacedPod,
  namespace: string,
  matchLabels: Readonly<Record<string, string>>,
): boolean =>
  pod.namespace === namespace &&
  Object.entries(matchLabels).every(([key, value]) => pod.labels[key] === value);

/** Whether a pod that it must keep away from is in the node's domain; terminating ones count until they are gone. */
function isTooNear(
  node: NodeView,
  { namespace, spec }: Candidate,
  nodes: readonly NodeView[],
  placed: readonly PlacedPod[],
): boolean {
  const labelsOf = new Map(nodes.map(({ name, labels }) => [name, labels]));
  const terms = spec.affinity?.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.some(({ topologyKey, labelSelector }) =>
    placed.some(
      (pod) =>
        isSelected(pod, namespace, labelSelector.matchLabels) &&
        labelsOf.get(pod.node)?.[topologyKey] === node.labels[topologyKey],
    ),
  );
}

/**
 * Nodes with room that satisfy selector, anti-affinity and hard spread; of these the one whose domains hold the fewest of the pods
 * that the constraints select (constraints in order), then the one with the most free CPU.
 */
export function schedule(
  pod: Candidate,
  nodes: readonly NodeView[],
  placed: readonly PlacedPod[],
): Placement {
  const rooms = nodes.map((node): Room => {
    const here = placed.filter(({ node: name }) => name === node.name);
    return {
      ...node,
      pods: here.length,
      free: inMillicores(node.allocatable - here.reduce((sum, { cores }) => sum + cores, 0)),
    };
  });
  const selected = rooms.filter(({ labels }) =>
    Object.entries(pod.spec.nodeSelector).every(([key, value]) => labels[key] === value),
  );
  const ready = selected.filter(({ schedulable }) => schedulable);
  const roomy = ready.filter(({ free, pods, maxPods }) => free >= pod.cores && pods < maxPods);
  const spreads = pod.spec.topologySpreadConstraints.map((constraint) => {
    const counts = domainCounts(constraint, pod.namespace, selected, placed);
    return { ...constraint, counts, least: Math.min(...counts.values()) };
  });
  const apart = roomy.filter((room) => !isTooNear(room, pod, nodes, placed));
  const fitting = apart.filter((room) =>
    spreads.every(({ topologyKey, maxSkew, whenUnsatisfiable, counts, least }) => {
      if (whenUnsatisfiable === "ScheduleAnyway") return true;
      const domain = counts.get(room.labels[topologyKey] ?? "");
      return domain !== undefined && domain + 1 - least <= maxSkew;
    }),
  );
  const crowding = (room: Room) =>
    spreads.map(({ topologyKey, counts }) => counts.get(room.labels[topologyKey] ?? "") ?? 0);
  const [best] = fitting.toSorted((a, b) => {
    const [left, right] = [crowding(a), crowding(b)];
    const differing = left.findIndex((value, index) => value !== right[index]);
    return differing === -1 ? b.free - a.free : (left[differing] ?? 0) - (right[differing] ?? 0);
  });
  if (best !== undefined) return { node: best.name };
  const reasons = [
    [selected.length - ready.length, "node(s) were not ready"],
    [ready.length - roomy.length, "Insufficient cpu"],
    [roomy.length - apart.length, "node(s) didn't match pod anti-affinity rules"],
    [apart.length - fitting.length, "node(s) didn't match pod topology spread constraints"],
    [rooms.length - selected.length, "node(s) didn't match Pod's node affinity/selector"],
  ] as const;
  const said = reasons.filter(([nodes]) => nodes > 0).map(([nodes, reason]) => `${nodes} ${reason}`);
  return {
    unschedulable: `0/${nodes.length} nodes are available: ${said.join(", ") || "there is no node"}.`,
  };
}
