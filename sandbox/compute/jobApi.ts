/** Jobs through the API server, as `kubectl apply`, `create`, `get`, `wait` and `delete` ask for them. */
import { isDeepStrictEqual } from "node:util";
import type { Properties } from "../cloud/behaviour.ts";
import { plainUpdate } from "../cloud/fields.ts";
import { checkManifest } from "./manifests.ts";
import { APPLY, ApiError, type Call, listOf, parse, patched } from "./requests.ts";
import { metadataOf, type ObjectStore } from "./store.ts";

const API_VERSION = "batch/v1";

export function jobs(store: ObjectStore, [, namespace = "", name]: RegExpExecArray, call: Call): Properties {
  if (name === undefined) {
    if (call.method === "GET") return listOf(API_VERSION, "JobList", store.list("Job", namespace));
    if (call.method === "POST") return create(store, namespace, call);
    throw new ApiError(405, `${call.method} of the job list is not modelled`);
  }
  const live = store.get("Job", namespace, name);
  // An apply makes what is not there.
  if (call.method === "PATCH" && call.contentType === APPLY && live === undefined) {
    return put(store, namespace, patched(undefined, call));
  }
  const found = live ?? store.mustGet("Job", namespace, name);
  switch (call.method) {
    case "GET":
      return found;
    case "PATCH":
      return replace(store, found, patched(found, call));
    case "DELETE":
      return remove(store, namespace, name, call);
    default:
      throw new ApiError(405, `${call.method} of a job is not modelled`);
  }
}

function create(store: ObjectStore, namespace: string, call: Call): Properties {
  const object = parse(call.body);
  const { name } = metadataOf(object);
  if (typeof name === "string" && store.get("Job", namespace, name) !== undefined) {
    throw new ApiError(409, `jobs.batch "${name}" already exists`);
  }
  const owner = call.query.get("fieldManager") ?? "unknown";
  return put(store, namespace, plainUpdate({ apiVersion: API_VERSION }, object, owner));
}

function put(store: ObjectStore, namespace: string, object: Properties): Properties {
  const metadata = metadataOf(object);
  if (object["apiVersion"] !== API_VERSION || object["kind"] !== "Job") {
    throw new ApiError(
      400,
      `${String(object["apiVersion"])} ${String(object["kind"])} is no ${API_VERSION} Job`,
    );
  }
  if ((metadata["namespace"] ?? namespace) !== namespace) {
    throw new ApiError(
      400,
      `the namespace of the provided object does not match the namespace sent on the request`,
    );
  }
  const placed = { ...object, metadata: { ...metadata, namespace } };
  checkManifest("Job", placed);
  return store.put(placed);
}

function replace(store: ObjectStore, live: Properties, next: Properties): Properties {
  if (!isDeepStrictEqual(next["spec"], live["spec"])) {
    throw new Error(
      `Job.batch "${String(metadataOf(live)["name"])}" is invalid: spec: most of it is immutable, and no change of the rest is modelled`,
    );
  }
  return store.put(next);
}

/**
 * Its pods go too, after it. Without a policy the real one leaves them behind, which is hardly ever meant; kubectl says
 * Background. https://kubernetes.io/docs/concepts/architecture/garbage-collection/#cascading-deletion
 */
function remove(store: ObjectStore, namespace: string, name: string, call: Call): Properties {
  const options = call.body === "" ? {} : parse(call.body);
  const policy = options["propagationPolicy"] ?? call.query.get("propagationPolicy");
  if (policy !== "Background") {
    throw new ApiError(
      422,
      `deletion of a job with propagationPolicy ${String(policy)} is not modelled: Background`,
    );
  }
  store.delete("Job", namespace, name);
  return { apiVersion: "v1", kind: "Status", status: "Success", details: { kind: "jobs", name } };
}
