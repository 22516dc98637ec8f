/** The machines of one cluster: managed node groups' instances in availability zones. */
import { randomBytes } from "node:crypto";
import { allocatableBytes, allocatableCores, instanceCores } from "./quantity.ts";
import type { NodeView } from "./scheduler.ts";

export interface NodeGroup {
  readonly name: string;
  /** The scaling group behind it, which load balancers are attached to. */
  readonly scalingGroup: string;
  readonly instanceType: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Desired size; instances are spread evenly over the zones. */
  readonly size: number;
  readonly zones: readonly string[];
}

export interface Node {
  readonly name: string;
  readonly group: NodeGroup;
  readonly zone: string;
  /** Why its kubelet is silent; undefined: it is well. */
  lost: "kill" | "freeze" | undefined;
  /** Unix milliseconds at which its kubelet fell silent. */
  lostAt: number | undefined;
  /** A zonal shift leads away from its zone: nothing is put there, and what runs there gets no traffic. */
  isShiftedAway: boolean;
  /** References that its pods were started from. */
  readonly images: Set<string>;
}

/** From memory of the VPC CNI's table: what most instances of two or more cores allow. */
const MAX_PODS = 58;

export class Nodes {
  /** What pods may request of each node, in cores; undefined: what its instance type leaves them. */
  coresPerNode: number | undefined;
  readonly #region: string;
  readonly #groups = new Map<string, NodeGroup>();
  readonly #nodes = new Map<string, Node>();

  constructor(region: string) {
    this.#region = region;
  }

  get all(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  get(name: string): Node | undefined {
    return this.#nodes.get(name);
  }

  inScalingGroup(name: string): readonly Node[] {
    return this.all.filter(({ group }) => group.scalingGroup === name);
  }

  /** Creates the group or brings it to another size. @returns nodes that are no more */
  setGroup(group: NodeGroup): readonly Node[] {
    this.#groups.set(group.name, group);
    const existing = this.all.filter((node) => node.group.name === group.name);
    const surplus = existing.slice(group.size);
    for (const node of surplus) this.#nodes.delete(node.name);
    for (let index = existing.length; index < group.size; index++) {
      const zone = group.zones[index % group.zones.length] ?? "";
      const name = `ip-${randomBytes(4).join("-")}.${this.#region}.compute.internal`;
      this.#nodes.set(name, {
        ...{ name, group, zone, lost: undefined, lostAt: undefined },
        ...{ isShiftedAway: false, images: new Set<string>() },
      });
    }
    return surplus;
  }

  /** @returns nodes that are no more */
  removeGroup(name: string): readonly Node[] {
    const group = this.#groups.get(name);
    if (group === undefined) return [];
    const gone = this.setGroup({ ...group, size: 0 });
    this.#groups.delete(name);
    return gone;
  }

  /** Cores and bytes that pods may request of it. */
  allocatable({ group: { instanceType } }: Node): { readonly cores: number; readonly bytes: number } {
    return {
      cores: this.coresPerNode ?? allocatableCores(instanceCores(instanceType)),
      bytes: allocatableBytes(instanceType, MAX_PODS),
    };
  }

  /** As the scheduler sees them. @param isReady what the node controller knows by now */
  views(isReady: (node: Node) => boolean): readonly NodeView[] {
    return this.all.map((node) => ({
      name: node.name,
      labels: {
        "kubernetes.io/hostname": node.name,
        "topology.kubernetes.io/zone": node.zone,
        "topology.kubernetes.io/region": this.#region,
        "node.kubernetes.io/instance-type": node.group.instanceType,
        "eks.amazonaws.com/nodegroup": node.group.name,
        ...node.group.labels,
      },
      schedulable: isReady(node) && !node.isShiftedAway,
      allocatable: this.allocatable(node).cores,
      maxPods: MAX_PODS,
    }));
  }
}
