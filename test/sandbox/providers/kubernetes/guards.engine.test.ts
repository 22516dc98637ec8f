/**
 * What keeps a role change from hurting, on the real engine: each guard held, and taken away to see the damage.
 * One stack, one Deployment per guard, the autoscaler in between.
 */
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import test from "ava";
import { failure, opsOn, type Step, type World, world } from "../engine.ts";
import { FakeCluster, kubeconfig, SERVER } from "./cluster.ts";

interface Wanted {
  readonly replicas?: number;
  readonly version?: string;
  readonly annotations?: Record<string, string>;
  readonly options?: CustomResourceOptions;
}

const SKIP_AWAIT = { "pulumi.com/skipAwait": "true" };
const FORCE = { ...SKIP_AWAIT, "pulumi.com/patchForce": "true" };
const IGNORE = { ignoreChanges: ["spec.replicas"] };

const program = (wanted: Record<string, Wanted>) => async () => {
  const provider = new Provider("cluster", { kubeconfig: kubeconfig(), clusterIdentifier: "exchange" });
  for (const [name, { replicas, version = "1", annotations = SKIP_AWAIT, options }] of Object.entries(
    wanted,
  )) {
    new Deployment(
      name,
      {
        metadata: { name, namespace: "exchange", annotations, labels: { version } },
        spec: {
          ...(replicas !== undefined && { replicas }),
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name } },
            spec: { containers: [{ name: "app", image: "app:1" }] },
          },
        },
      },
      { provider, ...options },
    );
  }
};

async function start(cluster: FakeCluster): Promise<World> {
  const it = await world({ behaviours: cluster.behaviours });
  const outputs = { endpoint: SERVER };
  it.providers.registry.put({
    type: "aws:eks/cluster:Cluster",
    region: "us-east-1",
    id: "exchange",
    urn: "urn::exchange",
    inputs: {},
    outputs,
  });
  return it;
}

const cluster = new FakeCluster();
let it: World;
let noOp: Step[];
let idle: Step[];
let refreshed: Awaited<ReturnType<World["refresh"]>>;
let conflict: string;
let conflictAtPreview: string;
/** Of each Deployment after the rollout. */
let replicas: Record<string, unknown>;

test.before(async () => {
  it = await start(cluster);
  const first = { replicas: 3 };
  await it.up(
    program({
      guarded: first,
      unguarded: first,
      forced: first,
      omitted: first,
      left: first,
    }),
  );
  noOp = await it.preview(
    program({ guarded: first, unguarded: first, forced: first, omitted: first, left: first }),
  );
  for (const name of ["guarded", "unguarded", "forced", "left"]) cluster.scale(name, 7);

  // A rollout of something else, each Deployment with its own way of dealing with the autoscaler's number.
  const rollout = { replicas: 3, version: "2" };
  const others = {
    guarded: { ...rollout, options: IGNORE },
    forced: { ...rollout, annotations: FORCE },
    omitted: { version: "2" },
    left: { version: "2" },
  };
  conflictAtPreview = await failure(it.preview(program({ ...others, unguarded: rollout })));
  conflict = await failure(it.up(program({ unguarded: rollout })));
  await it.up(program({ ...others, unguarded: first }));
  replicas = Object.fromEntries(
    ["guarded", "unguarded", "forced", "omitted", "left"].map((name) => [name, cluster.replicas(name)]),
  );
  idle = await it.preview(program({ ...others, unguarded: first }));
  refreshed = await it.refresh();
});

test.after.always(async () => {
  await it?.close();
});

test("a Deployment as it was created previews as unchanged", (t) => {
  t.deepEqual(noOp, []);
});

test("with ignoreChanges on spec.replicas a rollout keeps the autoscaler's number", (t) => {
  t.is(replicas["guarded"], 7);
});

test("without ignoreChanges a rollout ends in a conflict with the autoscaler, at preview already", (t) => {
  const expected =
    /Server-Side Apply field conflict detected\. The resource managed by field manager "pulumi-kubernetes-[0-9a-f]{8}" had an apply conflict: Apply failed with 1 conflict: conflict with "kube-controller-manager" with subresource "scale" using apps\/v1: \.spec\.replicas/;
  t.regex(conflict, expected);
  t.regex(conflictAtPreview, expected);
  t.is(replicas["unguarded"], 7);
});

test("patchForce without ignoreChanges throws the autoscaler's number away", (t) => {
  t.is(replicas["forced"], 3);
});

test("leaving spec.replicas out of what Pulumi alone owns cuts the Deployment down to 1", (t) => {
  t.is(replicas["omitted"], 1);
});

test("leaving spec.replicas out once the autoscaler owns it changes nothing", (t) => {
  t.is(replicas["left"], 7);
});

test("afterwards everything previews as unchanged and refreshes", (t) => {
  t.deepEqual(idle, []);
  t.is(
    Object.values(refreshed).reduce((sum, n) => sum + (n ?? 0), 0),
    7,
  );
});

test.serial("parking needs patchForce once the autoscaler owns the number", async (t) => {
  const parked = { replicas: 0, version: "2" };
  t.regex(await failure(it.up(program({ guarded: parked }))), /apply conflict/);
  t.is(cluster.replicas("guarded"), 7);

  const { steps } = await it.up(program({ guarded: { ...parked, annotations: FORCE } }));

  t.is(cluster.replicas("guarded"), 0);
  t.deepEqual(opsOn(steps, "guarded"), ["update"]);
});

test.serial("without skipAwait an update waits for pods, and one that never comes fails it", async (t) => {
  const waiting = new FakeCluster();
  waiting.isReady = false;
  const other = await start(waiting);
  try {
    const annotations = { "pulumi.com/timeoutSeconds": "1" };

    const error = await failure(other.up(program({ engine: { replicas: 3, annotations } })));

    t.regex(error, /failed to fully initialize or become live within 1 s: 0 of 3 replicas available/);
    t.is(waiting.waits, 1);
    t.is(waiting.replicas("engine"), 3);
    t.true((await other.state()).includes("::engine"));

    await other.up(program({ engine: { replicas: 3, annotations: SKIP_AWAIT } }));
    t.is(waiting.waits, 1);
  } finally {
    await other.close();
  }
});
