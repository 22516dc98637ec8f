/** What nodes hold and services need, in cores and memory; and how many nodes a role runs. Pure. */
import type { Role } from "./model.ts";
import type { ServiceSpec } from "./services.ts";

export interface Load {
  readonly cores: number;
  readonly mebibytes: number;
}

const SIZES: Readonly<Record<string, number>> = { medium: 1, large: 2, xlarge: 4 };
/** By the first letters of a family: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html */
const GIBIBYTES_PER_CORE: readonly (readonly [RegExp, number])[] = [
  [/^(x|u)/, 16],
  [/^(r|z)/, 8],
  [/^(m|t)/, 4],
  [/^c/, 2],
];
/**
 * What a node keeps for itself and for the add-ons that run on each: about a tenth of a core and 900 MiB by EKS' own
 * reservation at 58 pods, the rest for network, proxy, identity and metrics agents.
 * https://docs.aws.amazon.com/eks/latest/best-practices/reserve-resources.html
 */
const OVERHEAD: Load = { cores: 0.5, mebibytes: 1_536 };

/** What one instance leaves for services; undefined for a type whose size or family is not known here. */
export function nodeCapacity(instanceType: string): Load | undefined {
  const [family = "", size = ""] = instanceType.split(".");
  const multiple = /^(\d+)xlarge$/.exec(size)?.[1];
  const cores = multiple === undefined ? SIZES[size] : Number(multiple) * 4;
  const perCore = GIBIBYTES_PER_CORE.find(([pattern]) => pattern.test(family))?.[1];
  if (cores === undefined || perCore === undefined) return undefined;
  return {
    cores: cores - OVERHEAD.cores,
    mebibytes: cores * perCore * 1_024 - OVERHEAD.mebibytes,
  };
}

const coresOf = (quantity: string): number =>
  quantity.endsWith("m") ? Number(quantity.slice(0, -1)) / 1_000 : Number(quantity);
const mebibytesOf = (quantity: string): number =>
  Number(quantity.slice(0, -2)) * (quantity.endsWith("Gi") ? 1_024 : 1);

type Sized = Pick<ServiceSpec, "cpu" | "memory" | "perShard" | "replicas">;

/** Of all services with as many replicas as they may have. */
export function fullLoad(services: Readonly<Record<string, Sized>>, shards: number): Load {
  const pods = Object.values(services).map(({ cpu, memory, perShard, replicas }) => ({
    count: replicas.max * (perShard ? shards : 1),
    cores: coresOf(cpu),
    mebibytes: mebibytesOf(memory),
  }));
  return {
    cores: pods.reduce((sum, pod) => sum + pod.count * pod.cores, 0),
    mebibytes: pods.reduce((sum, pod) => sum + pod.count * pod.mebibytes, 0),
  };
}

/** Nodes per zone that `zones` zones need for the load; pods are taken to fill nodes to the brim. */
export const nodesNeeded = (load: Load, node: Load, zones: number): number =>
  Math.ceil(Math.max(load.cores / node.cores, load.mebibytes / node.mebibytes) / zones);

export const STANDBYS = ["warm", "cold"] as const;
export type Standby = (typeof STANDBYS)[number];

export interface NodeDecision {
  readonly min: number;
  readonly desired: number;
  readonly max: number;
  /** Whether the number in the cluster wins over `desired`. */
  readonly ignored: boolean;
}

/** A parked region with a cold standby keeps one node per zone; all else runs what production needs. */
export function nodesFor(
  role: Role,
  standby: Standby,
  { min, max }: { readonly min: number; readonly max: number },
): NodeDecision {
  if (standby === "warm") return { min, desired: min, max, ignored: true };
  const running = role === "passive" ? 1 : min;
  return { min: running, desired: running, max, ignored: role === "active" };
}
