/** The `scale` subresource of a Deployment, through which autoscalers and people change `spec.replicas`. */
import type { Properties } from "../cloud/behaviour.ts";
import { isObject, plainUpdate } from "../cloud/fields.ts";
import { parseManifest } from "./manifests.ts";
import { metadataOf, type ObjectStore } from "./store.ts";

/** Writes the number; `manager` owns the field from then on. Throws when there is no such Deployment. */
export function scale(
  store: ObjectStore,
  namespace: string,
  name: string,
  replicas: number,
  manager: string,
): Properties {
  if (!Number.isInteger(replicas) || replicas < 0) {
    throw new Error(
      `Scale "${name}" is invalid: spec.replicas: ${replicas}: must be an integer of 0 or more`,
    );
  }
  const deployment = store.mustGet("Deployment", namespace, name);
  const spec = isObject(deployment["spec"]) ? deployment["spec"] : {};
  const next = { ...deployment, spec: { ...spec, replicas } };
  return store.put(plainUpdate(deployment, next, manager, "scale"));
}

export function scaleObject(deployment: Properties): Properties {
  const { name = "", namespace = "", uid = "", resourceVersion = "" } = metadataOf(deployment);
  const { replicas } = parseManifest("Deployment", deployment).spec;
  const status = isObject(deployment["status"]) ? deployment["status"] : {};
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace, uid, resourceVersion },
    spec: { replicas },
    status: { replicas: status["replicas"] ?? 0 },
  };
}
