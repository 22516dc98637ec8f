import test, { type ExecutionContext } from "ava";
import { Cluster, KubernetesError } from "../../../automation/adapters/kubernetes.ts";
import { type Answered, type Asked, serve } from "./server.ts";

const credentials = async () => ({ accessKeyId: "A", secretAccessKey: "B" });
const DEPLOYMENTS = "/apis/apps/v1/namespaces/exchange/deployments";

async function clusterWith(t: ExecutionContext, answer: (request: Asked) => Answered | undefined) {
  const server = await serve(t, answer);
  const endpoint = `http://127.0.0.1:${server.port}`;
  const address = {
    region: "us-west-2",
    name: "exchange-us-west-2",
    endpoint,
    certificateAuthority: "",
    namespace: "exchange",
  } as const;
  return { cluster: new Cluster(address, credentials), server };
}

const deployment = (name: string, replicas: number, env: object[] = []) => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { spec: { containers: [{ image: "app@sha256:1", env }] } },
  },
  status: { readyReplicas: replicas },
});

test("scaling applies exactly the replicas, forced, under its own field manager", async (t) => {
  const { cluster, server } = await clusterWith(t, () => ({}));
  await cluster.scale([{ name: "engine-0", replicas: 1 }]);
  t.deepEqual(
    server.asked.map(({ method, url, body, headers }) => [
      method,
      url,
      JSON.parse(body),
      headers["content-type"],
    ]),
    [
      [
        "PATCH",
        `${DEPLOYMENTS}/engine-0?fieldManager=dr-failover&force=true`,
        { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "engine-0" }, spec: { replicas: 1 } },
        "application/apply-patch+yaml",
      ],
    ],
  );
});

test("the token is a presigned identity call of the cluster's own region, bound to the cluster's name", async (t) => {
  const { cluster, server } = await clusterWith(t, () => ({ body: { items: [] } }));
  await cluster.deployments();
  const token = String(server.asked[0]?.headers["authorization"]).replace("Bearer k8s-aws-v1.", "");
  const url = new URL(Buffer.from(token, "base64url").toString("utf8"));
  t.is(url.host, "sts.us-west-2.amazonaws.com");
  t.is(url.searchParams.get("Action"), "GetCallerIdentity");
  t.is(url.searchParams.get("X-Amz-SignedHeaders"), "host;x-k8s-aws-id");
  t.is(url.searchParams.get("X-Amz-Expires"), "60");
});

test("credentials are not sent in the clear to another machine", async (t) => {
  const address = {
    region: "us-west-2",
    name: "c",
    endpoint: "http://192.0.2.1",
    certificateAuthority: "",
    namespace: "n",
  } as const;
  await t.throwsAsync(new Cluster(address, credentials).deployments(), {
    instanceOf: KubernetesError,
    message: "http://192.0.2.1 is not encrypted: dr sends credentials over TLS only",
  });
});

test("desired and ready are read from the Deployments themselves", async (t) => {
  const { cluster } = await clusterWith(t, () => ({
    body: { items: [deployment("gateway", 3), deployment("engine-0", 0)] },
  }));
  t.deepEqual(await cluster.deployments(), [
    { name: "gateway", desired: 3, ready: 3 },
    { name: "engine-0", desired: 0, ready: 0 },
  ]);
});

test("a pod that does not start says why: its container waits, or no node takes it", async (t) => {
  const pod = (app: string, status: object) => ({
    metadata: { name: `${app}-1`, labels: { app } },
    spec: { containers: [] },
    status,
  });
  const waiting = (reason: string, message?: string) => ({
    containerStatuses: [{ state: { waiting: { reason, ...(message && { message }) } } }],
  });
  const unschedulable = {
    type: "PodScheduled",
    status: "False",
    reason: "Unschedulable",
    message: "0/3 nodes",
  };
  const { cluster } = await clusterWith(t, ({ url }) => ({
    body: {
      items: url.endsWith("/pods")
        ? [
            pod("gateway", { containerStatuses: [{ state: { running: {} } }] }),
            pod("projector", waiting("CrashLoopBackOff", "back-off 10s restarting failed container")),
            pod("engine-0", { conditions: [unschedulable] }),
            pod("archiver", waiting("ContainerCreating")),
          ]
        : ["gateway", "projector", "engine-0", "archiver"].map((name) => deployment(name, 1)),
    },
  }));
  t.deepEqual(
    (await cluster.rollout()).map(({ name, trouble }) => [name, trouble]),
    [
      ["gateway", undefined],
      ["projector", "CrashLoopBackOff: back-off 10s restarting failed container"],
      ["engine-0", "Unschedulable: 0/3 nodes"],
      ["archiver", undefined],
    ],
  );
});

test("who may not list pods still learns what is ready", async (t) => {
  const { cluster } = await clusterWith(t, ({ url }) =>
    url.endsWith("/pods") ? { status: 403, body: {} } : { body: { items: [deployment("gateway", 3)] } },
  );
  t.deepEqual(await cluster.rollout(), [{ name: "gateway", desired: 3, ready: 3, trouble: undefined }]);
});

test("the smoke token is the gateway's own, from the secret that it names", async (t) => {
  const env = [{ name: "SMOKE_TOKEN", valueFrom: { secretKeyRef: { name: "smoke-token", key: "token" } } }];
  const { cluster } = await clusterWith(t, ({ url }) =>
    url.endsWith("/secrets/smoke-token")
      ? { body: { data: { token: Buffer.from("s3cret").toString("base64") } } }
      : { body: { items: [deployment("projector", 1), deployment("gateway", 3, env)] } },
  );
  t.is(await cluster.smokeToken(), "s3cret");
});

test("a survivor's pod is asked through the API server whether it reaches the other region", async (t) => {
  const pod = (name: string, phase: string) => ({
    metadata: { name },
    spec: { containers: [{ ports: [{ containerPort: 8080 }] }] },
    status: { phase },
  });
  const { cluster, server } = await clusterWith(t, ({ url }) =>
    url.endsWith("/proxy/peer")
      ? { body: { reachable: false, checkedAt: "2026-11-23T10:00:00Z", reason: "no answer" } }
      : {
          body: {
            items: [pod("gateway-1", "Running"), pod("archiver-0", "Pending"), pod("archiver-1", "Running")],
          },
        },
  );
  t.deepEqual(await cluster.peer(), { name: "a pod in us-west-2", answered: false, detail: "no answer" });
  t.is(server.asked.at(-1)?.url, "/api/v1/namespaces/exchange/pods/archiver-1:8080/proxy/peer");
});

test("a pod that cannot be asked is an unknown, not a silence", async (t) => {
  const { cluster } = await clusterWith(t, () => ({ body: { items: [] } }));
  t.deepEqual(await cluster.peer(), {
    name: "a pod in us-west-2",
    answered: null,
    detail: "no archiver pod is running",
  });
});

test("a role that may not list every pod counts those of its namespace", async (t) => {
  const { cluster, server } = await clusterWith(t, ({ url }) =>
    url === "/api/v1/pods" ? { status: 403, body: { message: "forbidden" } } : { body: { items: [] } },
  );
  t.deepEqual(await cluster.capacity([]), {
    free: { cpu: 0, memory: 0 },
    needed: { cpu: 0, memory: 0 },
    missingImages: undefined,
  });
  t.true(server.asked.some(({ url }) => url === "/api/v1/namespaces/exchange/pods"));
});
