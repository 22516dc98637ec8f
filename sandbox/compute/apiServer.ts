/**
 * The Kubernetes API server's listener: a bearer token is required and any is taken. It stands behind a proxy that
 * obeys the faults, so that it is as unreachable as its region.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Address } from "../addresses.ts";
import type { Properties } from "../cloud/behaviour.ts";
import type { Faults, Place } from "../faults.ts";
import { TcpProxy } from "../net/proxy.ts";
import { answer, codeOf } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { ApiError } from "./requests.ts";
import { NotFoundError } from "./store.ts";

const POD_PROXY = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/(?:http:)?([^/:]+):([^/:]+)\/proxy(\/.*)?$/;
/** The API server's own limit for a proxied request. */
const PROXY_TIMEOUT_MILLISECONDS = 60_000;

const failure = (code: number, message: string): Properties => ({
  apiVersion: "v1",
  kind: "Status",
  status: "Failure",
  message,
  code,
});

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

async function serve(cluster: Cluster, from: IncomingMessage, to: ServerResponse): Promise<void> {
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
    send(to, call.method === "POST" ? 201 : 200, answer(cluster, pathname, call));
  } catch (error) {
    const code = codeOf(error);
    send(to, code, failure(code, (error as Error).message));
  }
}

export interface ApiOptions {
  readonly faults: Faults;
  readonly cluster: Cluster;
  readonly address: Address;
  readonly placeOf: (ip: string) => Place;
}

/** @returns a function that closes it and its connections */
export async function serveApi({
  faults,
  cluster,
  address,
  placeOf,
}: ApiOptions): Promise<() => Promise<void>> {
  const server = createServer((from, to) => void serve(cluster, from, to));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const proxy = await TcpProxy.listen({
    faults,
    listen: address,
    place: cluster.region,
    clientPlace: placeOf,
    choose: () => ({ host: address.host, port, place: cluster.region }),
  });
  return async () => {
    await proxy.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}
