/** Whether a cluster has room for what a failover starts, from its own objects. */
import type { Capacity } from "../failover/ports.ts";

type Quantities = Readonly<Record<string, string | number>>;
interface ContainerObject {
  readonly image?: string | undefined;
  readonly resources?: { readonly requests?: Quantities | undefined } | undefined;
}
export interface PodObject {
  readonly spec: { readonly nodeName?: string | undefined; readonly containers: readonly ContainerObject[] };
  readonly status: { readonly phase?: string | undefined };
}
export interface NodeObject {
  readonly spec: { readonly unschedulable?: boolean | undefined };
  readonly status: {
    readonly allocatable: Quantities;
    readonly images?: readonly { readonly names: readonly string[] }[] | undefined;
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  };
}
/** `count` more pods of these containers. */
export interface Wanted {
  readonly count: number;
  readonly containers: readonly ContainerObject[];
}

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A Kubernetes quantity as a number, e.g. `500m` → 0.5, `1Gi` → 1073741824. */
export function quantity(text: string | number | undefined): number {
  const [, number, suffix = ""] = /^([0-9.]+(?:e[0-9]+)?)([a-zA-Z]*)$/.exec(String(text ?? 0)) ?? [];
  const factor = FACTORS[suffix];
  if (number === undefined || factor === undefined)
    throw new RangeError(`"${text}" is not a Kubernetes quantity`);
  return Number(number) * factor;
}

export function capacityOf(
  wanted: readonly Wanted[],
  pods: readonly PodObject[],
  nodes: readonly NodeObject[],
): Capacity {
  const usable = nodes.filter(
    ({ spec, status }) =>
      spec.unschedulable !== true &&
      !status.conditions.some((c) => c.type === "Ready" && c.status !== "True"),
  );
  const running = pods
    .filter(
      ({ spec, status }) =>
        spec.nodeName !== undefined && !["Succeeded", "Failed"].includes(status.phase ?? ""),
    )
    .map(({ spec }) => ({ count: 1, containers: spec.containers }));
  const isTold = usable.every(({ status }) => "cpu" in status.allocatable && "memory" in status.allocatable);
  const free = (resource: "cpu" | "memory"): number =>
    usable.reduce((sum, { status }) => sum + quantity(status.allocatable[resource]), 0) -
    requested(running, resource);
  return {
    free: isTold ? { cpu: free("cpu"), memory: free("memory") } : undefined,
    needed: { cpu: requested(wanted, "cpu"), memory: requested(wanted, "memory") },
    missingImages: missingImages(wanted, usable),
  };
}

const requested = (pods: readonly Wanted[], resource: "cpu" | "memory"): number =>
  pods.reduce(
    (sum, { count, containers }) =>
      sum +
      count * containers.reduce((all, { resources }) => all + quantity(resources?.requests?.[resource]), 0),
    0,
  );

/** A node lists at most 50 images: absence there is a reason to look, no proof. */
function missingImages(
  wanted: readonly Wanted[],
  nodes: readonly NodeObject[],
): readonly string[] | undefined {
  const lists = nodes.map(({ status }) => status.images);
  if (lists.every((images) => images === undefined)) return undefined;
  const present = new Set(lists.flatMap((images) => images ?? []).flatMap(({ names }) => names));
  const images = wanted.flatMap(({ containers }) => containers.map(({ image }) => image ?? ""));
  return [...new Set(images)].filter((image) => !present.has(image));
}
