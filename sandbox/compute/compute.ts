/** Kubernetes in every region: one cluster each, its nodes, and the processes that are its pods. */
import { dirname, join } from "node:path";
import type { Region, RegionTriple } from "../../components/model.ts";
import { type Addresses, hostPort, url } from "../addresses.ts";
import type { Json, Service } from "../cloud/behaviour.ts";
import { type Faults, INTERNET, type Place } from "../faults.ts";
import type { Processes } from "../processes.ts";
import { serveApi } from "./apiServer.ts";
import { Cluster } from "./cluster.ts";
import { eksBehaviours } from "./eks.ts";
import type { ImageRegistry } from "./images.ts";
import { objectBehaviours } from "./objects.ts";
import { Subnets } from "./subnets.ts";
import { KUBERNETES_TIMINGS, type Timings } from "./timings.ts";

const modelled: readonly string[] = [
  "Kubernetes' API server, scheduler, controllers and kubelets are re-implemented in small; TLS and authorization are not (any bearer token is taken)",
  "a pod is one process of this machine with a loopback IP of its own; CPU and memory limits, security contexts and network policies are not enforced",
  "Jobs are Indexed ones whose pods end once, with a back-off limit per index; whatever else a Job may ask is refused",
  "nodes have CPU capacity and a zone and appear at once; images are commands of this repository",
];

/** Where the delays come from: `timings.ts`. */
const delays = ({ nodeMonitorGraceMilliseconds, autoscalerSyncMilliseconds }: Timings): string =>
  `a node counts as lost ${nodeMonitorGraceMilliseconds / 1_000} s after its kubelet fell silent (upstream's default), then its ` +
  `pods' tolerations run; autoscalers look every ${autoscalerSyncMilliseconds / 1_000} s (upstream's default)`;

export interface ComputeOptions {
  readonly faults: Faults;
  readonly addresses: Addresses;
  readonly regions: RegionTriple;
  readonly processes: Processes;
  readonly images: ImageRegistry;
  /** Pod logs go to `<directory>/<region>/<pod>.log`. */
  readonly directory: string;
  /** Added to what the node agent injects into every pod; wins over it and over the manifest. */
  readonly environment?: (region: Region) => Readonly<Record<string, string>>;
  /** Default: Kubernetes' own. */
  readonly timings?: Timings;
  /** What pods may request of each node; default: what its instance type leaves them. */
  readonly coresPerNode?: number;
}

export interface Compute extends Service {
  /** What of this is a model, in words. */
  readonly modelled: readonly string[];
  /** Throws when the region has none yet. */
  cluster(region: Region): Cluster;
  /** The zone of a pod, the region of an address inside it, else the world outside. */
  placeOf(ip: string): Place;
  /** Throws as EC2 does when there is no such subnet. */
  zoneOf(subnetId: Json | undefined): string;
  /** Pods die (SIGKILL) or freeze (SIGSTOP) at once, and nothing is reconciled until the region returns. */
  loseRegion(region: Region, how: "kill" | "freeze"): void;
  /** Thaws what was frozen and restarts what was killed, as the manifests say. */
  returnRegion(region: Region): void;
  /** The nodes of one zone, e.g. `us-east-1a`; the rest of the cluster lives on and reschedules. */
  loseZone(zone: string, how: "kill" | "freeze"): void;
  returnZone(zone: string): void;
}

interface Running {
  readonly name: string;
  readonly cluster: Cluster;
  readonly closeApi: () => Promise<void>;
}

export const POD_NODE_OPTIONS = `--import ${import.meta.resolve("./podNetwork.ts")}`;

/**
 * What EKS' pod identity webhook and node agents put into containers, plus what stands for TLS and name resolution
 * here. Credentials are any: the sandbox's edges know callers by address.
 */
function injected(addresses: Addresses, region: Region): Record<string, string> {
  return {
    PATH: `${dirname(process.execPath)}:/usr/bin:/bin`,
    AWS_ENDPOINT_URL: url(addresses.edge(region)),
    AWS_ACCESS_KEY_ID: "sandbox",
    AWS_SECRET_ACCESS_KEY: "sandbox",
    PGSSLMODE: "disable",
    DNS_RESOLVER: hostPort(addresses.dns),
    NODE_OPTIONS: POD_NODE_OPTIONS,
  };
}

export function createCompute(options: ComputeOptions): Compute {
  const { faults, addresses, regions, processes, images, directory, coresPerNode } = options;
  const timings = options.timings ?? KUBERNETES_TIMINGS;
  const running = new Map<Region, Running>();
  const subnets = new Subnets();

  const cluster = (region: Region): Cluster => {
    const found = running.get(region);
    if (found === undefined)
      throw new Error(`configured Kubernetes cluster is unreachable: ${region} has none`);
    return found.cluster;
  };
  const all = (): readonly Cluster[] => [...running.values()].map((one) => one.cluster);
  const placeOf = (ip: string): Place => {
    for (const one of all()) {
      const pod = one.pods.withIp(ip);
      if (pod?.node !== undefined) return one.nodes.get(pod.node)?.zone ?? one.region;
    }
    // A pod that is gone by now was at least in its region.
    const subnet = ip.slice(0, ip.lastIndexOf(".") + 1);
    return (
      Object.values(regions).find((region: Region) => addresses.podIp(region, 0).startsWith(subnet)) ??
      INTERNET
    );
  };
  const clusterOfZone = (zone: string): Cluster => {
    const found = all().find(({ nodes }) => nodes.all.some((node) => node.zone === zone));
    if (found === undefined) throw new Error(`zone ${zone}: no cluster has a node there`);
    return found;
  };
  const start = async (region: Region, name: string): Promise<void> => {
    if (running.has(region))
      throw new Error(`ResourceInUseException: the sandbox has one cluster per region`);
    const created = new Cluster({
      region,
      faults,
      addresses,
      processes,
      images,
      directory: join(directory, region),
      environment: { ...injected(addresses, region), ...options.environment?.(region) },
      timings,
      placeOf,
    });
    created.nodes.coresPerNode = coresPerNode;
    const closeApi = await serveApi({
      faults,
      cluster: created,
      address: addresses.kubernetesApi(region),
      placeOf,
    });
    running.set(region, { name, cluster: created, closeApi });
  };
  const stop = async (region: Region): Promise<void> => {
    const found = running.get(region);
    running.delete(region);
    await found?.closeApi();
    await found?.cluster.close();
  };

  return {
    behaviours: {
      ...subnets.behaviours,
      ...objectBehaviours({ faults, cluster }),
      ...eksBehaviours({
        subnets,
        address: (region) => addresses.kubernetesApi(region),
        start,
        stop,
        cluster: (region, name) => {
          const found = running.get(region);
          if (found?.name === name) return found.cluster;
          throw new Error(`ResourceNotFoundException: No cluster found for name: ${name}.`);
        },
      }),
    },
    modelled: [
      ...modelled,
      delays(timings),
      ...(coresPerNode === undefined
        ? []
        : [`pods may request ${coresPerNode} cores of each node, whatever its instance type`]),
    ],
    cluster,
    placeOf,
    zoneOf: (subnetId) => subnets.zoneOf(subnetId),
    loseRegion: (region, how) => running.get(region)?.cluster.lose(how),
    returnRegion: (region) => running.get(region)?.cluster.return(),
    loseZone: (zone, how) => clusterOfZone(zone).loseZone(zone, how),
    returnZone: (zone) => clusterOfZone(zone).returnZone(zone),
    close: async () => {
      await Promise.all([...running.keys()].map(stop));
    },
  };
}
