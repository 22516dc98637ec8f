import { get } from "node:http";
import test from "ava";
import { url } from "../../../sandbox/addresses.ts";
import { deployment, settled, startCluster, type World } from "./fixture.ts";

interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function call(world: World, path: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(`${url(world.addresses.kubernetesApi("us-east-1"))}${path}`, {
    ...init,
    headers: { authorization: "Bearer token", connection: "close", ...init.headers },
    signal: AbortSignal.timeout(5_000),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const patch = (world: World, path: string, type: string, body: unknown) =>
  call(world, path, { method: "PATCH", headers: { "content-type": type }, body: JSON.stringify(body) });

const DEPLOYMENTS = "/apis/apps/v1/namespaces/exchange/deployments";
const GATEWAY = `${DEPLOYMENTS}/gateway`;

async function start(t: Parameters<typeof startCluster>[0], replicas: number): Promise<World> {
  const world = await startCluster(t);
  await world.create("kubernetes:apps/v1:Deployment", deployment("gateway", { replicas }));
  if (replicas > 0) await settled(world, "gateway", replicas);
  return world;
}

test.serial("shows deployments, pods and nodes with their state", async (t) => {
  const world = await start(t, 2);
  const list = await call(world, DEPLOYMENTS);
  t.like(list.body, { kind: "DeploymentList" });
  t.like((await call(world, GATEWAY)).body, {
    kind: "Deployment",
    spec: { replicas: 2 },
    status: { readyReplicas: 2, availableReplicas: 2 },
  });
  const pods = (await call(world, "/api/v1/namespaces/exchange/pods")).body["items"] as Record<
    string,
    unknown
  >[];
  t.is(pods.length, 2);
  t.like(pods[0], {
    kind: "Pod",
    spec: {
      containers: {
        0: { ports: { 0: { name: "http", containerPort: 8080 } }, env: { 0: { name: "POD_IP" } } },
      },
    },
    status: { phase: "Running", conditions: [{ status: "True" }, { type: "Ready", status: "True" }] },
  });
  const nodes = (await call(world, "/api/v1/nodes")).body["items"] as {
    readonly status: { readonly allocatable: object; readonly images: readonly object[] };
  }[];
  // An m7g.xlarge less what the kubelet keeps for itself.
  const allocatable = { cpu: "3920m", memory: "15760384Ki" };
  t.deepEqual(
    nodes.map(({ status }) => status.allocatable),
    [allocatable, allocatable, allocatable],
  );
  const image = { names: ["workload@sha256:1"] };
  t.deepEqual(
    nodes.flatMap(({ status }) => status.images),
    [image, image],
    "only where a pod was started",
  );
  t.like((await call(world, "/version")).body, { major: "1" });
});

test.serial("scales by the subresource: replicas change and belong to who asked", async (t) => {
  const world = await start(t, 0);
  const scaled = await call(world, `${GATEWAY}/scale?fieldManager=dr`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ spec: { replicas: 2 } }),
  });
  t.like(scaled, { status: 200, body: { kind: "Scale", spec: { replicas: 2 } } });
  await settled(world, "gateway", 2);
  const conflict = await patch(world, `${GATEWAY}?fieldManager=other`, "application/apply-patch+yaml", {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "gateway", namespace: "exchange" },
    spec: { replicas: 1 },
  });
  t.is(conflict.status, 409);
  t.regex(String(conflict.body["message"]), /conflict with "dr" with subresource "scale"/);
  t.like(
    await patch(world, `${GATEWAY}/scale?fieldManager=dr`, "application/merge-patch+json", {
      spec: { replicas: 1 },
    }),
    {
      body: { spec: { replicas: 1 } },
    },
  );
});

test.serial("applies with force over other owners, and merges patches", async (t) => {
  const world = await start(t, 0);
  await patch(world, `${GATEWAY}/scale?fieldManager=dr`, "application/merge-patch+json", {
    spec: { replicas: 1 },
  });
  const forced = await patch(world, `${GATEWAY}?fieldManager=me&force=true`, "application/apply-patch+yaml", {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "gateway", namespace: "exchange" },
    spec: { replicas: 2 },
  });
  t.like(forced, { status: 200, body: { spec: { replicas: 2 } } });
  const merged = await patch(world, `${GATEWAY}?fieldManager=me`, "application/merge-patch+json", {
    metadata: { annotations: { note: "moved" } },
    spec: { replicas: 1 },
  });
  t.like(merged.body, { metadata: { annotations: { note: "moved" } }, spec: { replicas: 1 } });
});

test.serial("passes requests on to a pod", async (t) => {
  const world = await start(t, 1);
  const [pod] = await settled(world, "gateway", 1);
  const base = `/api/v1/namespaces/exchange/pods/${pod?.birth.name}`;
  t.like(await call(world, `${base}:8080/proxy/peer?x=1`), {
    status: 200,
    body: { pod: pod?.birth.name, path: "/peer" },
  });
  t.like(await call(world, `${base}:9/proxy/peer`), { status: 503 });
  t.like(await call(world, "/api/v1/namespaces/exchange/pods/nobody:8080/proxy/peer"), { status: 404 });
});

test.serial("refuses what it cannot serve, saying why", async (t) => {
  const world = await start(t, 0);
  const messages = [
    [await call(world, GATEWAY, { headers: { authorization: "" } }), 401, "Unauthorized"],
    [await call(world, `${DEPLOYMENTS}/nobody`), 404, 'deployments "nobody" not found'],
    [await call(world, "/apis/batch/v1/jobs"), 404, "the server could not find the requested resource"],
    [
      await patch(world, GATEWAY, "application/apply-patch+yaml", {}),
      400,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    [
      await patch(world, `${GATEWAY}/scale`, "application/merge-patch+json", { spec: { replicas: -1 } }),
      422,
      'Scale "gateway" is invalid: spec.replicas: -1: must be an integer of 0 or more',
    ],
    [
      await patch(world, GATEWAY, "text/plain", {}),
      415,
      "the body of the request was in an unknown format: text/plain",
    ],
  ] as const;
  for (const [{ status, body }, expected, message] of messages)
    t.deepEqual([status, body["message"]], [expected, message]);
});

test.serial("an API server of a black-holed region does not answer, of a cut one resets", async (t) => {
  const world = await start(t, 0);
  const ask = () =>
    new Promise<string>((resolve) => {
      const { host, port } = world.addresses.kubernetesApi("us-east-1");
      const signal = AbortSignal.timeout(300);
      get({ host, port, path: "/healthz", agent: false, signal }, (response) => {
        response.resume();
        resolve(String(response.statusCode));
      }).on("error", (error: NodeJS.ErrnoException) =>
        resolve(signal.aborted ? "silence" : (error.code ?? "")),
      );
    });
  t.is(await ask(), "200");
  world.faults.setPlace("us-east-1", "blackhole");
  t.is(await ask(), "silence");
  world.faults.setPlace("us-east-1", "cut");
  t.is(await ask(), "ECONNRESET");
});
