import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test from "ava";
import { deployment, getJson, settled, startCluster, until, ZONES } from "./fixture.ts";

const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

test.serial(
  "a Deployment runs its replicas as processes, one per zone, each on its own address",
  async (t) => {
    const world = await startCluster(t);
    await world.create(DEPLOYMENT, deployment("gateway", { replicas: 3 }));
    const pods = await settled(world, "gateway", 3);

    const { nodes } = world.compute.cluster("us-east-1");
    t.deepEqual(pods.map((pod) => nodes.get(pod.node ?? "")?.zone).sort(), [...ZONES]);
    t.is(new Set(pods.map(({ ip }) => ip)).size, 3);
    for (const { ip, birth } of pods) t.is((await getJson(`http://${ip}:8080/`))["pod"], birth.name);
  },
);

test.serial("a container has its manifest's environment, and the node agent's over it", async (t) => {
  const world = await startCluster(t);
  await world.create("kubernetes:core/v1:Secret", {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "smoke", namespace: "exchange" },
    stringData: { token: "let me in" },
  });
  await world.create("kubernetes:core/v1:Service", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "engine-0", namespace: "exchange" },
    spec: { selector: { app: "engine-0" }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  const env = [
    { name: "SMOKE_TOKEN", valueFrom: { secretKeyRef: { name: "smoke", key: "token" } } },
    { name: "ENGINE_URLS", value: "http://$(ENGINE_0_SERVICE_HOST):$(ENGINE_0_SERVICE_PORT)" },
    { name: "LITERAL", value: "$$(PORT) $(NOWHERE)" },
    { name: "AWS_ENDPOINT_URL", value: "https://dynamodb.us-east-1.amazonaws.com" },
  ];
  await world.create(DEPLOYMENT, deployment("gateway", { env }));
  const [pod] = await settled(world, "gateway", 1);

  const environment = await getJson(`http://${pod?.ip}:8080/env`);
  t.is(environment["SMOKE_TOKEN"], "let me in");
  t.is(environment["ENGINE_URLS"], `http://${world.addresses.serviceIp("us-east-1", 0)}:80`);
  t.is(environment["LITERAL"], "$(PORT) $(NOWHERE)");
  t.is(environment["POD_IP"], pod?.ip);
  t.is(environment["AWS_ENDPOINT_URL"], `http://${world.addresses.edge("us-east-1").host}:4566`);
});

test.serial("what a pod connects from is its own address", async (t) => {
  const world = await startCluster(t);
  await world.create(DEPLOYMENT, deployment("gateway", { replicas: 2 }));
  const [one, two] = await settled(world, "gateway", 2);
  const outside = createServer((request, response) =>
    response.end(JSON.stringify({ from: request.socket.remoteAddress })),
  );
  await new Promise<void>((resolve) => outside.listen(0, "127.0.0.1", resolve));
  t.teardown(() => outside.close());
  const { port } = outside.address() as AddressInfo;
  const answer = await getJson(`http://${one?.ip}:8080/fetch?url=http://127.0.0.1:${port}/`);
  t.is(answer["from"], one?.ip);
  t.is((await getJson(`http://${one?.ip}:8080/fetch?url=http://${two?.ip}:8080/`))["pod"], two?.birth.name);
  const zone = world.compute.cluster("us-east-1").nodes.get(one?.node ?? "")?.zone;
  t.is(world.compute.placeOf(one?.ip ?? ""), zone ?? "a zone");
  t.is(world.compute.placeOf("127.0.0.1"), "internet");
});

test.serial("pods do not reach one another across a cut between their zones", async (t) => {
  const world = await startCluster(t);
  await world.create(DEPLOYMENT, deployment("gateway", { replicas: 2 }));
  const [one, two] = await settled(world, "gateway", 2);
  const ask = () => getJson(`http://${one?.ip}:8080/fetch?url=http://${two?.ip}:8080/`);
  const zone = world.compute.placeOf(two?.ip ?? "");
  t.not(zone, world.compute.placeOf(one?.ip ?? ""));
  world.faults.setPlace(zone, "cut");
  t.regex(String((await ask())["error"]), /ECONNRESET|closed/);
  world.faults.heal();
  t.is((await ask())["pod"], two?.birth.name);
});

test.serial(
  "a crashed container starts again at once, the second time only after the back-off",
  async (t) => {
    const world = await startCluster(t);
    await world.create(DEPLOYMENT, deployment("gateway"));
    const [pod] = await settled(world, "gateway", 1);
    if (pod === undefined) return t.fail();

    await getJson(`http://${pod.ip}:8080/exit`);
    await until("the first restart", () => pod.restarts === 1 && pod.readySince !== undefined);
    await getJson(`http://${pod.ip}:8080/exit`);
    await until("the second crash", () => pod.restarts === 2);
    t.like(pod.state, {
      kind: "waiting",
      reason: "CrashLoopBackOff",
      message: "container ended: exit code 3",
    });
    await until("the second restart", () => pod.readySince !== undefined);
  },
);

test.serial("a container that fails its liveness probe is told to stop and starts again", async (t) => {
  const world = await startCluster(t);
  await world.create(DEPLOYMENT, deployment("gateway"));
  const [pod] = await settled(world, "gateway", 1);
  await getJson(`http://${pod?.ip}:8080/sick`);
  await until("a restart", () => pod?.restarts === 1 && pod.readySince !== undefined);
  const log = readFileSync(`${world.directory}/us-east-1/${pod?.birth.name}.log`, "utf8");
  t.is(log, "SIGTERM\n");
});

test.serial(
  "an image that nobody pushed and a Secret that is not there keep a pod waiting, and it says for what",
  async (t) => {
    const world = await startCluster(t);
    await world.create(
      DEPLOYMENT,
      deployment("stranger", { image: "123.dkr.ecr.us-east-1.amazonaws.com/other@sha256:9" }),
    );
    const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "none", key: "token" } } }];
    await world.create(DEPLOYMENT, deployment("secretive", { env }));
    const waiting = (name: string) =>
      until(`a waiting pod of ${name}`, () => {
        const state = world.compute.cluster("us-east-1").views("exchange", name)[0]?.pod.state;
        return state?.kind === "waiting" && state.reason !== "Pending" && state;
      });
    t.deepEqual(await waiting("stranger"), {
      kind: "waiting",
      reason: "ImagePullBackOff",
      message: 'Back-off pulling image "123.dkr.ecr.us-east-1.amazonaws.com/other@sha256:9": not found',
    });
    t.like(await waiting("secretive"), { reason: "CreateContainerConfigError" });
  },
);

test.serial("a container that ignores SIGTERM is killed after its grace period", async (t) => {
  const world = await startCluster(t);
  await world.create(DEPLOYMENT, deployment("gateway", { spec: { terminationGracePeriodSeconds: 0.5 } }));
  const [pod] = await settled(world, "gateway", 1);
  await getJson(`http://${pod?.ip}:8080/stubborn`);
  const began = performance.now();
  pod?.delete();
  await until("its end", () => pod?.gone);
  t.true(performance.now() - began >= 490);
});

const STARTUP = { httpGet: { path: "/started", port: "http" }, periodSeconds: 0.2, timeoutSeconds: 2 };

test.serial("nothing else is probed before the startup probe passed", async (t) => {
  const world = await startCluster(t);
  const container = { startupProbe: { ...STARTUP, failureThreshold: 50 } };
  await world.create(
    DEPLOYMENT,
    deployment("gateway", { container, env: [{ name: "START_MS", value: "1000" }] }),
  );
  const [pod] = await settled(world, "gateway", 1);
  t.true((pod?.readySince ?? 0) - (pod?.createdAt ?? 0) >= 1_000);
  t.is(pod?.restarts, 0);
});

test.serial("a container that does not start within its startup probe's patience is restarted", async (t) => {
  const world = await startCluster(t);
  const container = { startupProbe: { ...STARTUP, failureThreshold: 3 } };
  await world.create(
    DEPLOYMENT,
    deployment("gateway", { container, env: [{ name: "START_MS", value: "60000" }] }),
  );
  const pod = await until("a restart", () => {
    const [view] = world.compute.cluster("us-east-1").views("exchange", "gateway");
    return view !== undefined && view.pod.restarts > 0 && view.pod;
  });
  t.is(pod.readySince, undefined);
});
