import test from "ava";
import { serverSideApply } from "../../../sandbox/cloud/fields.ts";
import {
  deployment,
  getJson,
  QUICK,
  service,
  settled,
  startCluster,
  until,
  type World,
  ZONES,
} from "./fixture.ts";

const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const AT = { region: "us-east-1", type: DEPLOYMENT, urn: "" } as const;
const PATIENT = { ...QUICK, nodeMonitorGraceMilliseconds: 60_000 };

const cluster = ({ compute }: World) => compute.cluster("us-east-1");
const zonesOf = (world: World, name: string) =>
  cluster(world)
    .views("exchange", name)
    .filter(({ pod }) => !pod.terminating)
    .map(({ pod }) => cluster(world).nodes.get(pod.node ?? "")?.zone);

test.serial(
  "a change of the template rolls out pod by pod, the Service answering all the while",
  async (t) => {
    const world = await startCluster(t);
    await world.create("kubernetes:core/v1:Service", service("gateway"));
    await world.create(DEPLOYMENT, deployment("gateway", { replicas: 2 }));
    const before = await settled(world, "gateway", 2);
    const url = `http://${world.addresses.serviceIp("us-east-1", 0)}:80/env`;
    t.is((await getJson(url))["VERSION"], undefined);

    const next = deployment("gateway", { replicas: 2, env: [{ name: "VERSION", value: "2" }] });
    await world.compute.behaviours[DEPLOYMENT]?.update?.("exchange/gateway", {}, next, AT);
    let answers = 0;
    await until("only new pods", async () => {
      const { VERSION } = await getJson(url);
      answers++;
      const pods = cluster(world).views("exchange", "gateway");
      return (
        VERSION === "2" &&
        pods.length === 2 &&
        pods.every(({ pod, available }) => available && !before.includes(pod))
      );
    });
    t.true(answers > 0);
    t.is(cluster(world).pods.all.length, 2);
  },
);

test.serial("a Service's address leads to ready pods only, and refuses when there is none", async (t) => {
  const world = await startCluster(t);
  await world.create("kubernetes:core/v1:Service", service("engine-0"));
  await world.create(DEPLOYMENT, deployment("engine-0", { replicas: 1 }));
  const [pod] = await settled(world, "engine-0", 1);
  const url = `http://${world.addresses.serviceIp("us-east-1", 0)}:80/`;
  t.is((await getJson(url))["pod"], pod?.birth.name);
  await getJson(`http://${pod?.ip}:8080/unready`);
  await until("its readiness to be lost", () => pod?.readySince === undefined);
  await t.throwsAsync(getJson(url));
});

test.serial(
  "pods of a lost node are believed in for the grace period, then replaced in another zone",
  async (t) => {
    const world = await startCluster(t);
    await world.create(DEPLOYMENT, deployment("gateway", { replicas: 3 }));
    const before = await settled(world, "gateway", 3);
    t.deepEqual(zonesOf(world, "gateway").sort(), [...ZONES]);
    const began = performance.now();
    world.compute.loseZone(ZONES[0], "kill");
    t.is(
      cluster(world)
        .views("exchange", "gateway")
        .filter(({ available }) => available).length,
      3,
    );
    await until("three pods in two zones", () => {
      const zones = zonesOf(world, "gateway");
      const available = cluster(world)
        .views("exchange", "gateway")
        .filter((view) => view.available);
      return available.length === 3 && !zones.includes(ZONES[0]);
    });
    t.true(performance.now() - began >= 500, "300 ms of grace and 200 ms of toleration");
    const lost = before.find((pod) => cluster(world).nodes.get(pod.node ?? "")?.zone === ZONES[0]);
    t.true(lost?.terminating && !lost.gone, "nobody can tell the lost node");

    world.compute.returnZone(ZONES[0]);
    await until("the end of the lost pod", () => lost?.gone);
    t.is((await settled(world, "gateway", 3)).length, 3);
  },
);

test.serial("a lost zone's pods find no node when those left are full, and it is shown why", async (t) => {
  const world = await startCluster(t);
  await world.create(DEPLOYMENT, deployment("gateway", { replicas: 3 }));
  await settled(world, "gateway", 3);
  cluster(world).nodes.coresPerNode = 0.15;
  world.compute.loseZone(ZONES[0], "freeze");
  const said = await until("the shortage", () =>
    cluster(world)
      .views("exchange", "gateway")
      .map(({ pod }) => pod.unschedulable)
      .find((reason) => reason !== undefined),
  );
  t.is(said, "0/3 nodes are available: 1 node(s) were not ready, 2 Insufficient cpu.");
  cluster(world).nodes.coresPerNode = 0.2;
  await until("three pods in two zones", () => {
    const zones = zonesOf(world, "gateway");
    return zones.length === 3 && !zones.includes(ZONES[0]);
  });
});

test.serial(
  "a frozen node's pods are alive when it thaws, and stop then if they were replaced",
  async (t) => {
    const world = await startCluster(t);
    await world.create(DEPLOYMENT, deployment("gateway", { replicas: 1 }));
    const [pod] = await settled(world, "gateway", 1);
    const zone = cluster(world).nodes.get(pod?.node ?? "")?.zone ?? "";
    const { pid } = await getJson(`http://${pod?.ip}:8080/`);
    world.compute.loseZone(zone, "freeze");
    await t.throwsAsync(getJson(`http://${pod?.ip}:8080/`), { name: "TimeoutError" });
    await until(
      "a replacement",
      () =>
        pod?.terminating &&
        cluster(world)
          .views("exchange", "gateway")
          .some((view) => view.available),
    );
    t.notThrows(() => process.kill(Number(pid), 0));
    world.compute.returnZone(zone);
    await until("the end of the frozen pod", () => pod?.gone);
    t.throws(() => process.kill(Number(pid), 0), { code: "ESRCH" });
  },
);

test.serial(
  "a killed region starts its pods again when it returns, on new addresses, as its manifests say",
  async (t) => {
    const world = await startCluster(t, { timings: PATIENT });
    await world.create(DEPLOYMENT, deployment("gateway", { replicas: 2 }));
    const pods = await settled(world, "gateway", 2);
    const ips = pods.map(({ ip }) => ip);
    const children = pods.map(({ child }) => child?.pid ?? 0);
    world.compute.loseRegion("us-east-1", "kill");
    await until("their deaths", () => pods.every(({ child }) => child === undefined));
    for (const pid of children) t.throws(() => process.kill(pid, 0), { code: "ESRCH" });

    world.compute.returnRegion("us-east-1");
    const after = await until("two available pods again", () => {
      const views = cluster(world).views("exchange", "gateway");
      return (
        views.every(({ pod, available }) => available && pod.restarts === 1) && views.map(({ pod }) => pod)
      );
    });
    t.deepEqual(after, pods);
    t.is(after.filter(({ ip }) => ips.includes(ip)).length, 0);
  },
);

test.serial("a frozen region is as it was when it thaws", async (t) => {
  const world = await startCluster(t);
  await world.create(DEPLOYMENT, deployment("gateway", { replicas: 2 }));
  const pods = await settled(world, "gateway", 2);
  const [one] = pods;
  const { pid } = await getJson(`http://${one?.ip}:8080/`);
  world.compute.loseRegion("us-east-1", "freeze");
  await t.throwsAsync(getJson(`http://${one?.ip}:8080/`), { name: "TimeoutError" });
  world.compute.returnRegion("us-east-1");
  t.is((await getJson(`http://${one?.ip}:8080/`))["pid"], pid);
  t.deepEqual(await settled(world, "gateway", 2), pods);
});

test.serial(
  "the autoscaler scales a busy Deployment, owns its replicas then, and leaves a parked one alone",
  async (t) => {
    const world = await startCluster(t);
    const manager = "pulumi-kubernetes";
    const applied = serverSideApply(undefined, deployment("gateway", { cpu: "50m" }), manager, true);
    await world.create(DEPLOYMENT, applied);
    await world.create(DEPLOYMENT, deployment("parked", { replicas: 0 }));
    for (const name of ["gateway", "parked"]) {
      await world.create("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", {
        apiVersion: "autoscaling/v2",
        kind: "HorizontalPodAutoscaler",
        metadata: { name, namespace: "exchange" },
        spec: {
          scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
          minReplicas: 1,
          maxReplicas: 3,
          metrics: [
            {
              type: "Resource",
              resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } },
            },
          ],
        },
      });
    }
    const [pod] = await settled(world, "gateway", 1);
    const replicas = (name: string) =>
      (cluster(world).store.mustGet("Deployment", "exchange", name)["spec"] as { replicas: number }).replicas;
    await until("more replicas", async () => {
      await getJson(`http://${pod?.ip}:8080/burn?ms=200`);
      return replicas("gateway") > 1;
    });
    t.is(replicas("parked"), 0);
    const again = cluster(world).store.mustGet("Deployment", "exchange", "gateway");
    t.throws(() => serverSideApply(again, deployment("gateway", { cpu: "50m" }), manager, false), {
      message:
        'Apply failed with 1 conflict: conflict with "kube-controller-manager" with subresource "scale" using apps/v1: .spec.replicas',
    });
  },
);

test.serial(
  "waiting for a Deployment ends when its replicas are available, or says what is missing",
  async (t) => {
    const world = await startCluster(t);
    const behaviour = world.compute.behaviours[DEPLOYMENT];
    const ready = (name: string, milliseconds: number) =>
      behaviour?.ready?.(`exchange/${name}`, {}, AT, AbortSignal.timeout(milliseconds));
    await world.create(DEPLOYMENT, deployment("gateway", { replicas: 2 }));
    t.like(await ready("gateway", 10_000), { status: { availableReplicas: 2, updatedReplicas: 2 } });
    await world.create(DEPLOYMENT, deployment("giant", { cpu: "64" }));
    await t.throwsAsync(async () => await ready("giant", 300), {
      message:
        /^Deployment exchange\/giant is not ready: 0 of 1 replicas available: pod giant-\w+-\w+: 0\/3 nodes are available: 3 Insufficient cpu\.$/,
    });
  },
);

test.serial(
  "waiting for a Service without ready pods fails: what a parked region would run into",
  async (t) => {
    const world = await startCluster(t);
    await world.create(DEPLOYMENT, deployment("engine-0", { replicas: 0 }));
    await world.create("kubernetes:core/v1:Service", service("engine-0"));
    const type = "kubernetes:core/v1:Service";
    const ready = world.compute.behaviours[type]?.ready?.(
      "exchange/engine-0",
      {},
      { ...AT, type },
      AbortSignal.timeout(200),
    );
    await t.throwsAsync(async () => await ready, {
      message: /^Service exchange\/engine-0 is not ready: Service does not target any Pods\./,
    });
  },
);

test.serial("deleting a Deployment waits until its pods had their grace period", async (t) => {
  const world = await startCluster(t);
  await world.create(DEPLOYMENT, deployment("gateway", { replicas: 2 }));
  const pods = await settled(world, "gateway", 2);
  await world.compute.behaviours[DEPLOYMENT]?.delete?.("exchange/gateway", {}, AT);
  t.true(pods.every(({ gone }) => gone));
  t.is(await world.compute.behaviours[DEPLOYMENT]?.read?.("exchange/gateway", {}, AT), undefined);
});

test.serial("objects need their namespace, their cluster and an API server that answers", async (t) => {
  const world = await startCluster(t);
  const homeless = { ...deployment("gateway"), metadata: { name: "gateway", namespace: "nowhere" } };
  await t.throwsAsync(world.create(DEPLOYMENT, homeless), { message: 'namespaces "nowhere" not found' });
  await t.throwsAsync(world.create(DEPLOYMENT, deployment("gateway"), "us-west-2"), {
    message: "configured Kubernetes cluster is unreachable: us-west-2 has none",
  });
  world.faults.setPlace("us-east-1", "cut");
  await t.throwsAsync(world.create(DEPLOYMENT, deployment("gateway")), {
    message: "configured Kubernetes cluster is unreachable: the API server of us-east-1 does not answer",
  });
});
