/** The Kubernetes provider's types: objects put into the region's cluster, awaited and deleted as `pulumi-kubernetes` does. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Region } from "../../components/model.ts";
import type { Behaviour, Behaviours, Placement, Properties } from "../cloud/behaviour.ts";
import { isObject } from "../cloud/fields.ts";
import { type Faults, INTERNET } from "../faults.ts";
import type { Cluster } from "./cluster.ts";
import { checkManifest, parseManifest } from "./manifests.ts";
import { missing } from "./status.ts";
import { metadataOf } from "./store.ts";

const TYPES = [
  "apps/v1:Deployment",
  "autoscaling/v2:HorizontalPodAutoscaler",
  "core/v1:ConfigMap",
  "core/v1:Namespace",
  "core/v1:Secret",
  "core/v1:Service",
  "core/v1:ServiceAccount",
  "networking.k8s.io/v1:NetworkPolicy",
  "policy/v1:PodDisruptionBudget",
  "rbac.authorization.k8s.io/v1:ClusterRole",
  "rbac.authorization.k8s.io/v1:ClusterRoleBinding",
  "rbac.authorization.k8s.io/v1:Role",
  "rbac.authorization.k8s.io/v1:RoleBinding",
  "scheduling.k8s.io/v1:PriorityClass",
] as const;

const API_TIMEOUT_MILLISECONDS = 30_000;
const POLL_MILLISECONDS = 50;

export interface ObjectsOptions {
  readonly faults: Faults;
  /** Throws when the region has no cluster. */
  readonly cluster: (region: Region) => Cluster;
}

const kindOf = (type: string): string => type.slice(type.lastIndexOf(":") + 1);

function nameOf(id: string): readonly [namespace: string, name: string] {
  const [namespace, name] = id.split("/");
  return name === undefined ? ["", id] : [namespace ?? "", name];
}

/** What is still to come until it works; undefined: it does. */
function lacking(cluster: Cluster, kind: string, object: Properties): string | undefined {
  const { name, namespace } = metadataOf(object);
  if (kind === "Deployment") {
    const { spec } = parseManifest("Deployment", object);
    const status = isObject(object["status"]) ? object["status"] : {};
    const isCurrent = status["observedGeneration"] === metadataOf(object)["generation"];
    const { updatedReplicas = 0, availableReplicas = 0, replicas = 0 } = status;
    if (isCurrent && [updatedReplicas, availableReplicas, replicas].every((n) => n === spec.replicas))
      return undefined;
    const pods = cluster.views(String(namespace), String(name));
    return `${availableReplicas} of ${spec.replicas} replicas available: ${missing(pods)}`;
  }
  if (kind === "Service" && cluster.services.needsEndpoints(String(namespace), String(name))) {
    return (
      "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match " +
      "labels on any Pods"
    );
  }
  return undefined;
}

/** A service's addresses and node ports are chosen by the cluster and become part of its spec. */
async function withAddresses(cluster: Cluster, object: Properties): Promise<Properties> {
  const service = parseManifest("Service", object);
  const view = await cluster.services.apply(service);
  const spec = isObject(object["spec"]) ? object["spec"] : {};
  const ports = Array.isArray(spec["ports"]) ? spec["ports"].filter(isObject) : [];
  return {
    ...object,
    spec: {
      ...spec,
      clusterIP: view.clusterIP ?? "None",
      ports: ports.map((port) => {
        const nodePort = view.nodePorts[Number(port["port"])];
        return nodePort === undefined ? port : { ...port, nodePort };
      }),
    },
  };
}

export function objectBehaviours({ faults, cluster }: ObjectsOptions): Behaviours {
  const reach = async ({ region, type }: Placement): Promise<Cluster> => {
    if (region === "global") throw new Error(`${type} needs the region of its cluster`);
    const found = cluster(region);
    try {
      await faults.pass(INTERNET, region, AbortSignal.timeout(API_TIMEOUT_MILLISECONDS));
    } catch (cause) {
      throw new Error(
        `configured Kubernetes cluster is unreachable: the API server of ${region} does not answer`,
        {
          cause,
        },
      );
    }
    return found;
  };
  const put = async (object: Properties, at: Placement): Promise<Properties> => {
    const target = await reach(at);
    const kind = kindOf(at.type);
    checkManifest(kind, object);
    return target.store.put(kind === "Service" ? await withAddresses(target, object) : object);
  };
  const behaviour: Behaviour = {
    create: async (object, at) => {
      const { name, namespace } = metadataOf(object);
      const stored = await put(object, at);
      return {
        ...stored,
        id: namespace === undefined ? String(name) : `${String(namespace)}/${String(name)}`,
      };
    },
    update: async (_id, _olds, news, at) => await put(news, at),
    delete: async (id, _olds, at) => {
      const target = await reach(at);
      const [namespace, name] = nameOf(id);
      await target.delete(kindOf(at.type), namespace, name);
    },
    read: async (id, _last, at) => (await reach(at)).store.get(kindOf(at.type), ...nameOf(id)),
    ready: async (id, _state, at, signal) => {
      const kind = kindOf(at.type);
      for (;;) {
        const target = await reach(at);
        const object = target.store.mustGet(kind, ...nameOf(id));
        const lack = lacking(target, kind, object);
        if (lack === undefined) return object;
        if (signal.aborted) throw new Error(`${kind} ${id} is not ready: ${lack}`, { cause: signal.reason });
        await sleep(POLL_MILLISECONDS);
      }
    },
  };
  return Object.fromEntries(TYPES.map((type) => [`kubernetes:${type}`, behaviour]));
}
