/**
 * What the Kubernetes API server answers, as much of it as operators' tools use. JSON only (an apply's body may be
 * YAML in the real one; JSON is YAML).
 */
import type { Properties } from "../cloud/behaviour.ts";
import { FieldConflictError, isObject } from "../cloud/fields.ts";
import type { Cluster } from "./cluster.ts";
import { jobs } from "./jobApi.ts";
import { checkManifest } from "./manifests.ts";
import { ApiError, type Call, listOf, parse, patched } from "./requests.ts";
import { scale, scaleObject } from "./scale.ts";
import { nodeObject, podObject } from "./status.ts";
import { NotFoundError } from "./store.ts";

const DEPLOYMENTS = /^\/apis\/apps\/v1\/namespaces\/([^/]+)\/deployments(?:\/([^/]+)(?:\/(scale))?)?$/;
const JOBS = /^\/apis\/batch\/v1\/namespaces\/([^/]+)\/jobs(?:\/([^/]+))?$/;
const PODS = /^\/api\/v1\/namespaces\/([^/]+)\/pods(?:\/([^/]+))?$/;
const SECRETS = /^\/api\/v1\/namespaces\/([^/]+)\/secrets\/([^/]+)$/;

function deployments(
  cluster: Cluster,
  [, namespace = "", name, sub]: RegExpExecArray,
  call: Call,
): Properties {
  if (name === undefined) {
    if (call.method !== "GET")
      throw new ApiError(405, `${call.method} of the deployment list is not modelled`);
    return listOf("apps/v1", "DeploymentList", cluster.store.list("Deployment", namespace));
  }
  const live = cluster.store.mustGet("Deployment", namespace, name);
  if (call.method === "GET") return sub === "scale" ? scaleObject(live) : live;
  if (sub === "scale" && (call.method === "PUT" || call.method === "PATCH")) {
    const spec = parse(call.body)["spec"];
    const replicas = isObject(spec) ? Number(spec["replicas"]) : Number.NaN;
    const manager = call.query.get("fieldManager") ?? "unknown";
    return scaleObject(scale(cluster.store, namespace, name, replicas, manager));
  }
  if (sub === undefined && call.method === "PATCH") {
    const next = patched(live, call);
    checkManifest("Deployment", next);
    return cluster.store.put(next);
  }
  throw new ApiError(405, `${call.method} of a deployment is not modelled`);
}

function pods(cluster: Cluster, [, namespace = "", name]: RegExpExecArray, call: Call): Properties {
  if (name === undefined) return listOf("v1", "PodList", cluster.views(namespace).map(podObject));
  const pod = cluster.pods.get(namespace, name);
  if (pod === undefined) throw new NotFoundError(`pods "${name}" not found`);
  if (call.method === "DELETE") pod.delete();
  return podObject({
    pod,
    available: cluster.views(namespace).some((view) => view.pod === pod && view.available),
  });
}

/** Throws errors that `codeOf` knows. */
export function answer(cluster: Cluster, path: string, call: Call): Properties {
  const deployment = DEPLOYMENTS.exec(path);
  if (deployment !== null) return deployments(cluster, deployment, call);
  const job = JOBS.exec(path);
  if (job !== null) return jobs(cluster.store, job, call);
  const pod = PODS.exec(path);
  if (pod !== null) return pods(cluster, pod, call);
  const secret = SECRETS.exec(path);
  if (secret !== null && call.method === "GET") {
    const [, namespace = "", name = ""] = secret;
    return cluster.store.mustGet("Secret", namespace, name);
  }
  if (path === "/api/v1/pods") return listOf("v1", "PodList", cluster.views().map(podObject));
  if (path === "/api/v1/nodes") {
    return listOf(
      "v1",
      "NodeList",
      cluster.nodes.all.map((node) =>
        nodeObject(node, cluster.isReady(node), cluster.nodes.allocatable(node)),
      ),
    );
  }
  if (path === "/version") return { major: "1", minor: "33", gitVersion: "v1.33.0-sandbox" };
  throw new NotFoundError("the server could not find the requested resource");
}

/** The HTTP status of an error. */
export function codeOf(error: unknown): number {
  if (error instanceof ApiError) return error.code;
  if (error instanceof NotFoundError) return 404;
  return error instanceof FieldConflictError ? 409 : 422;
}
