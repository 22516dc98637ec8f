/** Reading Kubernetes manifests. */
import type { Json, Properties } from "../../cloud/behaviour.ts";
import { isRecord, unwrap, type Value, type Values } from "../protocol/value.ts";

const CLUSTER_SCOPED = new Set([
  "APIService",
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "IngressClass",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "RuntimeClass",
  "StorageClass",
]);

export const isNamespaced = (kind: Value | undefined): boolean => !CLUSTER_SCOPED.has(String(kind));

/** Objects are also `__inputs` and the like; what begins with two underscores is the provider's own. */
export const isOwn = (key: string): boolean => key.startsWith("__");

export const metadataOf = (object: Values): Values => {
  const metadata = unwrap(object["metadata"] ?? null);
  return isRecord(metadata) ? metadata : {};
};

export function annotation(object: Values, name: string): string | undefined {
  const annotations = metadataOf(object)["annotations"];
  const value = isRecord(annotations) ? annotations[name] : undefined;
  return typeof value === "string" ? value : undefined;
}

/** `namespace/name`, or `name` of a cluster-scoped object. */
export function idOf(object: Values | Properties): string {
  const { namespace, name } = metadataOf(object as Values);
  return typeof namespace === "string" && namespace !== "" ? `${namespace}/${String(name)}` : String(name);
}

/** The parts of `live` that `shape` mentions: what the API server and controllers added is none of Pulumi's business. */
export function prune(live: Json | undefined, shape: Json | undefined): Json | undefined {
  if (live === undefined || live === null || shape === undefined || shape === null) return live;
  if (Array.isArray(live) && Array.isArray(shape)) {
    return live.map((element, i) => prune(element, shape[i]) ?? null);
  }
  if (isRecord(live as Value) && isRecord(shape as Value)) {
    const wanted = shape as Properties;
    const entries = Object.entries(live as Properties).filter(([key]) => wanted[key] !== undefined);
    return Object.fromEntries(entries.map(([key, value]) => [key, prune(value, wanted[key]) ?? null]));
  }
  return live;
}
