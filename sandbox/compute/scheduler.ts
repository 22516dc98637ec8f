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
  readonly spec: Pick<PodTemplate["spec"], "nodeSelector" | "topologySpreadConstraints">;
}

type Constraint = PodTemplate["spec"]["topologySpreadConstraints"][number];

export type Placement = { readonly node: string } | { readonly unschedulable: string };

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
  const selected = Object.entries(labelSelector.matchLabels);
  for (const pod of placed) {
    const domain = domains.get(pod.node);
    const counted =
      pod.namespace === namespace && selected.every(([key, value]) => pod.labels[key] === value);
    if (counted && domain !== undefined) counts.set(domain, (counts.get(domain) ?? 0) + 1);
  }
  return counts;
}

/**
 * Nodes with room that satisfy selector and hard spread; of these the one whose domains hold the fewest of the pods
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
      free: node.allocatable - here.reduce((sum, { cores }) => sum + cores, 0),
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
  const fitting = roomy.filter((room) =>
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
    [roomy.length - fitting.length, "node(s) didn't match pod topology spread constraints"],
    [rooms.length - selected.length, "node(s) didn't match Pod's node affinity/selector"],
  ] as const;
  const said = reasons.filter(([nodes]) => nodes > 0).map(([nodes, reason]) => `${nodes} ${reason}`);
  return {
    unschedulable: `0/${nodes.length} nodes are available: ${said.join(", ") || "there is no node"}.`,
  };
}
