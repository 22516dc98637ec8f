/** The controllers' decisions, without any process. */
import test from "ava";
import { recommend, stabilize } from "../../../sandbox/compute/autoscaling.ts";
import { containerEnvironment, expand } from "../../../sandbox/compute/environment.ts";
import { ImageRegistry } from "../../../sandbox/compute/images.ts";
import { parseManifest } from "../../../sandbox/compute/manifests.ts";
import { allocatableCores, cores, instanceCores } from "../../../sandbox/compute/quantity.ts";
import { decideRollout, type ReplicaView } from "../../../sandbox/compute/rollout.ts";
import { type NodeView, type PlacedPod, schedule } from "../../../sandbox/compute/scheduler.ts";
import { deployment } from "./fixture.ts";

const specOf = (replicas: number, strategy?: Parameters<typeof deployment>[1]) =>
  parseManifest("Deployment", deployment("gateway", { replicas, ...strategy })).spec;

let born = 0;
const pod = (template: string, part: Partial<ReplicaView> = {}): ReplicaView => ({
  name: `${template}-${born}`,
  template,
  available: true,
  terminating: false,
  createdAt: born++,
  ...part,
});

test("missing pods are created, surplus ones removed: unavailable first, then the newest", (t) => {
  t.deepEqual(decideRollout(specOf(3), "new", [pod("new")]), { create: 2, remove: [] });
  const [old, broken, young] = [pod("new"), pod("new", { available: false }), pod("new")];
  t.deepEqual(decideRollout(specOf(1), "new", [old, broken, young]), {
    create: 0,
    remove: [broken.name, young.name],
  });
  t.deepEqual(decideRollout(specOf(0), "new", [pod("new", { terminating: true })]), {
    create: 0,
    remove: [],
  });
});

test("a rolling update adds maxSurge, and takes an old pod only when a new one is available", (t) => {
  const strategy = { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } };
  const spec = specOf(2, strategy);
  const old = [pod("old"), pod("old")];
  t.deepEqual(decideRollout(spec, "new", old), { create: 1, remove: [] });
  t.deepEqual(decideRollout(spec, "new", [...old, pod("new", { available: false })]), {
    create: 0,
    remove: [],
  });
  t.deepEqual(decideRollout(spec, "new", [...old, pod("new")]), { create: 0, remove: [old[1]?.name] });
});

test("maxUnavailable lets old pods go before new ones are there; broken old ones go at once", (t) => {
  const strategy = {
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: "50%" } },
  };
  const old = [pod("old"), pod("old"), pod("old"), pod("old")];
  t.is(decideRollout(specOf(4, strategy), "new", old).remove.length, 2);
  const broken = pod("old", { available: false });
  const none = { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } };
  t.deepEqual(decideRollout(specOf(2, none), "new", [pod("old"), broken]).remove, [broken.name]);
});

test("Recreate takes all old pods and waits until they are gone", (t) => {
  const spec = specOf(1, { strategy: { type: "Recreate" } });
  const old = pod("old");
  t.deepEqual(decideRollout(spec, "new", [old]), { create: 0, remove: [old.name] });
  t.deepEqual(decideRollout(spec, "new", [{ ...old, terminating: true }]), { create: 0, remove: [] });
  t.deepEqual(decideRollout(spec, "new", []), { create: 1, remove: [] });
});

const node = (name: string, part: Partial<NodeView> = {}): NodeView => ({
  name,
  labels: { "topology.kubernetes.io/zone": name.slice(0, 1) },
  schedulable: true,
  allocatable: 2,
  maxPods: 10,
  ...part,
});
const placed = (on: string, app: string, share = 0.5): PlacedPod => ({
  node: on,
  namespace: "exchange",
  labels: { app },
  cores: share,
});
const candidate = (whenUnsatisfiable: "ScheduleAnyway" | "DoNotSchedule", share = 0.5) => ({
  namespace: "exchange",
  cores: share,
  spec: {
    nodeSelector: {},
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable,
        labelSelector: { matchLabels: { app: "gateway" } },
      },
    ],
  },
});

test("a pod goes to the zone with the fewest of its kind, then to the node with the most room", (t) => {
  const nodes = [node("a1"), node("b1"), node("b2")];
  t.deepEqual(
    schedule(candidate("ScheduleAnyway"), nodes, [placed("a1", "gateway"), placed("b1", "other")]),
    {
      node: "b2",
    },
  );
});

test("ScheduleAnyway doubles up in a zone when the others have no room or no node; DoNotSchedule waits", (t) => {
  const nodes = [node("a1"), node("b1"), node("c1", { schedulable: false })];
  const full = [placed("a1", "gateway"), placed("b1", "other", 1.8)];
  t.deepEqual(schedule(candidate("ScheduleAnyway"), nodes, full), { node: "a1" });
  t.deepEqual(schedule(candidate("DoNotSchedule"), nodes, full), {
    unschedulable:
      "0/3 nodes are available: 1 node(s) were not ready, 1 Insufficient cpu, " +
      "1 node(s) didn't match pod topology spread constraints.",
  });
});

test("pods that must be apart are never in one zone: with two zones lost the second one waits, and says why", (t) => {
  const zones = [node("a1"), node("a2"), node("b1"), node("c1")];
  const term = {
    topologyKey: "topology.kubernetes.io/zone",
    labelSelector: { matchLabels: { app: "engine-0" } },
  };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  const engine = {
    ...{ namespace: "exchange", cores: 1 },
    spec: { nodeSelector: {}, affinity, topologySpreadConstraints: [] },
  };
  const zoneOf = (placement: ReturnType<typeof schedule>) => "node" in placement && placement.node[0];
  t.not(zoneOf(schedule(engine, zones, [placed("a1", "engine-0")])), "a");
  const lost = zones.map((one) => ({ ...one, schedulable: one.name.startsWith("a") }));
  t.deepEqual(schedule(engine, lost, [placed("a1", "engine-0")]), {
    unschedulable:
      "0/4 nodes are available: 2 node(s) were not ready, 2 node(s) didn't match pod anti-affinity rules.",
  });
  t.is(zoneOf(schedule(engine, lost, [placed("a1", "engine-1")])), "a", "another shard's is no matter");
});

test("room is counted in thousandths of a core: three pods of 100m fill 300m", (t) => {
  const small = { ...node("a1"), allocatable: 0.3 };
  const full = [placed("a1", "x", 0.1), placed("a1", "x", 0.1)];
  t.deepEqual(schedule(candidate("ScheduleAnyway", 0.1), [small], full), { node: "a1" });
});

test("a pod that no node has the CPU for stays pending, and it says so", (t) => {
  t.deepEqual(schedule(candidate("ScheduleAnyway", 3), [node("a1"), node("b1")], []), {
    unschedulable: "0/2 nodes are available: 2 Insufficient cpu.",
  });
});

const autoscaler = {
  replicas: 3,
  minReplicas: 3,
  maxReplicas: 10,
  targetUtilization: 60,
  utilizations: [60, 60, 60],
};

test("the autoscaler follows utilization within its bounds, and leaves a parked Deployment alone", (t) => {
  t.is(recommend(autoscaler), 3);
  t.is(recommend({ ...autoscaler, utilizations: [65, 65, 65] }), 3, "within 10 % of the target");
  t.is(recommend({ ...autoscaler, utilizations: [90, 90, 90] }), 5);
  t.is(recommend({ ...autoscaler, utilizations: [300, 300, 300] }), 7, "at most four more or twice as many");
  t.is(recommend({ ...autoscaler, replicas: 6, utilizations: Array(6).fill(1) }), 3);
  t.is(recommend({ ...autoscaler, replicas: 1, utilizations: [] }), 3);
  t.is(recommend({ ...autoscaler, replicas: 0, utilizations: [] }), 0);
  t.is(recommend({ ...autoscaler, utilizations: [] }), 3);
});

test("a pod without a measurement never drives the number further than the measured ones do", (t) => {
  t.is(recommend({ ...autoscaler, replicas: 4, utilizations: [120, 120] }), 4, "up: it counts as idle");
  t.is(recommend({ ...autoscaler, replicas: 6, utilizations: [10, 10, 10] }), 6, "down: it counts as busy");
});

test("scaling down follows the highest recommendation of the window", (t) => {
  const history = [
    { at: 0, replicas: 8 },
    { at: 100_000, replicas: 5 },
    { at: 200_000, replicas: 3 },
  ];
  t.is(stabilize(8, history, 200_000, 300), 8);
  t.is(stabilize(8, history, 350_000, 300), 5);
  t.is(stabilize(2, history, 200_000, 300), 3);
});

test("CPU quantities, instance sizes and what the kubelet keeps for itself", (t) => {
  t.deepEqual(["250m", "2", "0.5", undefined].map(cores), [0.25, 2, 0.5, 0]);
  t.throws(() => cores("1Gi"), {
    message: 'cpu quantity "1Gi": expected cores like 2 or 0.5, or millicores like 250m',
  });
  t.deepEqual(["m7g.large", "m7g.xlarge", "m7g.4xlarge"].map(instanceCores), [2, 4, 16]);
  t.throws(() => instanceCores("m7g.huge"), {
    message: "The following supplied instance types do not exist: [m7g.huge]",
  });
  t.is(allocatableCores(4), 3.92);
});

test("$(NAME) expands what is defined, $$(NAME) is literal, an unknown name stays", (t) => {
  t.is(
    expand("http://$(HOST):$(PORT)/$(NONE)$$(HOST)", { HOST: "h", PORT: "80" }),
    "http://h:80/$(NONE)$(HOST)",
  );
});

test("a reference to a key that is not there is an error unless optional", (t) => {
  const [container] = specOf(1, {
    env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "smoke", key: "token" } } }],
  }).template.spec.containers;
  const identity = {
    name: "p",
    hostname: "p",
    namespace: "n",
    ip: "i",
    node: "o",
    labels: {},
    annotations: {},
    serviceAccount: "s",
  };
  const lookups = { value: () => undefined };
  t.throws(() => containerEnvironment(container, identity, {}, lookups), {
    message: `couldn't find key token in Secret n/smoke, or secret "smoke" not found`,
  });
});

test("an image is known by repository and, when named, by digest", (t) => {
  const images = new ImageRegistry([{ repository: "workload", digests: ["sha256:1"], command: ["node"] }]);
  const known = (reference: string) => images.resolve(reference) !== undefined;
  t.true(known("workload@sha256:1"));
  t.true(known("123456789012.dkr.ecr.us-west-2.amazonaws.com/exchange/workload:v1@sha256:1"));
  t.false(known("workload@sha256:2"));
  t.false(known("workload:latest"));
  t.false(known("localhost:5000/otherworkload@sha256:1"));
});

test("what is not modelled is refused with its path", (t) => {
  const manifest = deployment("gateway", { container: { envFrom: [{ configMapRef: { name: "all" } }] } });
  t.throws(() => parseManifest("Deployment", manifest), {
    message:
      'Deployment "gateway" is invalid: spec.template.spec.containers.0.envFrom: envFrom is not modelled by the sandbox: ' +
      "leave it out or extend sandbox/compute",
  });
});
