/**
 * The Kubernetes API server's HTTP interface, as much of it as operators' tools use. JSON only (an apply's body may be
 * YAML in the real one; JSON is YAML). Any bearer token is taken, none is refused: 401.
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { Address } from "../addresses.ts";
import type { Json, Properties } from "../cloud/behaviour.ts";
import { FieldConflictError, isObject, plainUpdate, serverSideApply } from "../cloud/fields.ts";
import type { Faults, Place } from "../faults.ts";
import type { Cluster } from "./cluster.ts";
import { checkManifest } from "./manifests.ts";
import { scale, scaleObject } from "./scale.ts";
import { nodeObject, podObject } from "./status.ts";
import { NotFoundError } from "./store.ts";

class ApiError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

interface Call {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
}

const DEPLOYMENTS = /^\/apis\/apps\/v1\/namespaces\/([^/]+)\/deployments(?:\/([^/]+)(?:\/(scale))?)?$/;
const PODS = /^\/api\/v1\/namespaces\/([^/]+)\/pods(?:\/([^/]+))?$/;
const SECRETS = /^\/api\/v1\/namespaces\/([^/]+)\/secrets\/([^/]+)$/;
const POD_PROXY = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/(?:http:)?([^/:]+):([^/:]+)\/proxy(\/.*)?$/;
/** The API server's own limit for a proxied request. */
const PROXY_TIMEOUT_MILLISECONDS = 60_000;

const listOf = (apiVersion: string, kind: string, items: readonly Properties[]): Properties => ({
  apiVersion,
  kind,
  metadata: {},
  items,
});

const failure = (code: number, message: string): Properties => ({
  apiVersion: "v1",
  kind: "Status",
  status: "Failure",
  message,
  code,
});

/** RFC 7396: null removes, objects merge, everything else replaces. */
function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged = Object.entries(patch).reduce<Record<string, Json>>(
    (into, [key, value]) => {
      if (value === null) delete into[key];
      else into[key] = mergePatch(into[key], value);
      return into;
    },
    isObject(target) ? { ...target } : {},
  );
  return merged;
}

function parse(body: string): Properties {
  let value: Json;
  try {
    value = JSON.parse(body) as Json;
  } catch (cause) {
    throw new ApiError(400, `error decoding patch: the sandbox takes JSON: ${(cause as Error).message}`);
  }
  if (!isObject(value)) throw new ApiError(400, "error decoding patch: expected an object");
  return value;
}

function patched(live: Properties, call: Call): Properties {
  const patch = parse(call.body);
  const manager = call.query.get("fieldManager");
  switch (call.contentType) {
    case "application/apply-patch+yaml":
      if (manager === null)
        throw new ApiError(
          400,
          'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        );
      return serverSideApply(live, patch, manager, call.query.get("force") === "true");
    // For the fields that callers change here a strategic merge is the same as a plain one.
    case "application/merge-patch+json":
    case "application/strategic-merge-patch+json":
      return plainUpdate(live, mergePatch(live, patch) as Properties, manager ?? "unknown");
    default:
      throw new ApiError(415, `the body of the request was in an unknown format: ${call.contentType}`);
  }
}

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

function answer(cluster: Cluster, path: string, call: Call): Properties {
  const deployment = DEPLOYMENTS.exec(path);
  if (deployment !== null) return deployments(cluster, deployment, call);
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
      cluster.nodes.all.map((node) => nodeObject(node, cluster.isReady(node))),
    );
  }
  if (path === "/version") return { major: "1", minor: "33", gitVersion: "v1.33.0-sandbox" };
  throw new NotFoundError("the server could not find the requested resource");
}

/** Streams a request to the pod, as `kubectl get --raw …/proxy/…` does. */
function proxyToPod(
  cluster: Cluster,
  match: RegExpExecArray,
  search: string,
  from: IncomingMessage,
  to: ServerResponse,
) {
  const [, namespace = "", name = "", port = "", path = "/"] = match;
  const pod = cluster.pods.get(namespace, name);
  if (pod?.ip === undefined) throw new NotFoundError(`pods "${name}" not found`);
  const { host: _host, authorization: _authorization, ...headers } = from.headers;
  const proxied = request(
    {
      host: pod.ip,
      port: Number(port),
      path: `${path}${search}`,
      method: from.method,
      headers,
      agent: false,
      signal: AbortSignal.timeout(PROXY_TIMEOUT_MILLISECONDS),
    },
    (response) => {
      to.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(to);
      response.on("error", () => to.destroy());
    },
  );
  proxied.on("error", (error) => {
    if (to.headersSent) to.destroy();
    else send(to, 503, failure(503, `error trying to reach service: ${error.message}`));
  });
  to.on("close", () => proxied.destroy());
  from.pipe(proxied);
}

function send(response: ServerResponse, code: number, body: Properties): void {
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function codeOf(error: unknown): number {
  if (error instanceof ApiError) return error.code;
  if (error instanceof NotFoundError) return 404;
  return error instanceof FieldConflictError ? 409 : 422;
}

export interface ApiOptions {
  readonly faults: Faults;
  readonly cluster: Cluster;
  readonly address: Address;
  readonly placeOf: (ip: string) => Place;
}

async function serve({ faults, cluster, placeOf }: ApiOptions, from: IncomingMessage, to: ServerResponse) {
  const left = new AbortController();
  to.on("close", () => left.abort());
  try {
    await faults.pass(placeOf(from.socket.remoteAddress ?? ""), cluster.region, left.signal);
  } catch {
    from.socket.resetAndDestroy();
    return;
  }
  try {
    const { pathname, search, searchParams } = new URL(from.url ?? "/", "http://kubernetes");
    if (pathname === "/healthz" || pathname === "/livez" || pathname === "/readyz") {
      to.end("ok");
      return;
    }
    if (!/^Bearer \S+$/.test(from.headers.authorization ?? "")) throw new ApiError(401, "Unauthorized");
    const proxied = POD_PROXY.exec(pathname);
    if (proxied !== null) {
      proxyToPod(cluster, proxied, search, from, to);
      return;
    }
    const body = (await from.toArray()).join("");
    const contentType = (from.headers["content-type"] ?? "").split(";")[0] ?? "";
    const call = { method: from.method ?? "GET", query: searchParams, contentType, body };
    send(to, 200, answer(cluster, pathname, call));
  } catch (error) {
    const code = codeOf(error);
    send(to, code, failure(code, (error as Error).message));
  }
}

/** @returns a function that closes it and its connections */
export async function serveApi(options: ApiOptions): Promise<() => Promise<void>> {
  const server: Server = createServer((from, to) => void serve(options, from, to));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.address.port, options.address.host, resolve);
  });
  return async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}
