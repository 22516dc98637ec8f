/** Indexed Jobs: the controller's decisions, and Jobs through the API server with real processes. */
import { readFileSync } from "node:fs";
import test from "ava";
import { url } from "../../../sandbox/addresses.ts";
import type { Properties } from "../../../sandbox/cloud/behaviour.ts";
import { decideJob, givesUp, intervals, type Tally } from "../../../sandbox/compute/jobs.ts";
import { parseManifest } from "../../../sandbox/compute/manifests.ts";
import { deployment, startCluster, until, type World } from "./fixture.ts";

const BACKOFF = { first: 100, most: 250 };
/** Exits with the code that it is given for its index. */
const PROGRAM = "process.exit(JSON.parse(process.env.CODES)[process.env.JOB_COMPLETION_INDEX])";

function job(name: string, codes: readonly number[], spec: Properties = {}, program = PROGRAM): Properties {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: {
      completionMode: "Indexed",
      completions: codes.length,
      parallelism: codes.length,
      backoffLimitPerIndex: 1,
      ...spec,
      template: {
        metadata: { labels: { app: name } },
        spec: {
          restartPolicy: "Never",
          containers: [
            {
              ...{ name: "work", image: "workload@sha256:1", command: [process.execPath, "-e", program] },
              env: [{ name: "CODES", value: JSON.stringify(codes) }],
            },
          ],
        },
      },
    },
  };
}

const spec = (codes: readonly number[], change: Properties = {}) => {
  const { metadata, ...rest } = job("replay", codes, change);
  const named = { ...(metadata as Properties), namespace: "exchange" };
  return parseManifest("Job", { ...rest, metadata: named }).spec;
};
const failedOnce: Tally = { succeeded: false, givenUp: false, failures: 1, failedAt: 1_000 };
const done: Tally = { succeeded: true, givenUp: false, failures: 0, failedAt: 0 };

test("every index gets one pod, as many at a time as may be parallel", (t) => {
  const view = { tallies: new Map(), active: new Set<number>(), now: 0 };
  t.deepEqual(decideJob(spec([0, 0, 0]), view, BACKOFF).start, [0, 1, 2]);
  const narrow = spec([0, 0, 0], { parallelism: 2 });
  t.deepEqual(decideJob(narrow, view, BACKOFF).start, [0, 1]);
  t.deepEqual(decideJob(narrow, { ...view, active: new Set([0]) }, BACKOFF).start, [1]);
  t.deepEqual(decideJob(narrow, { ...view, tallies: new Map([[0, done]]) }, BACKOFF), {
    ...{ start: [1, 2], completed: [0], failed: [], finished: undefined },
  });
});

test("a failed index waits twice as long each time, and is given up beyond its limit alone", (t) => {
  const three = spec([0], { backoffLimitPerIndex: 3 });
  const start = (failures: number, now: number) => {
    const tallies = new Map([[0, { ...failedOnce, failures }]]);
    return decideJob(three, { tallies, active: new Set(), now }, BACKOFF).start;
  };
  t.deepEqual([start(1, 1_099), start(1, 1_100)], [[], [0]]);
  t.deepEqual([start(2, 1_199), start(2, 1_200)], [[], [0]]);
  t.deepEqual([start(3, 1_249), start(3, 1_250)], [[], [0]]);
  const tallies = new Map([
    [0, { ...failedOnce, failures: 2 }],
    [1, done],
  ]);
  const view = { tallies, active: new Set<number>(), now: 9_000 };
  t.like(decideJob(spec([0, 0, 0]), view, BACKOFF), { start: [2], failed: [0], finished: undefined });
  t.like(decideJob(spec([0, 0]), view, BACKOFF), {
    start: [],
    completed: [1],
    failed: [0],
    finished: "Failed",
  });
  t.is(decideJob(spec([0]), { ...view, tallies: new Map([[0, done]]) }, BACKOFF).finished, "Complete");
});

const POLICY = {
  podFailurePolicy: {
    rules: [{ action: "FailIndex", onExitCodes: { containerName: "work", operator: "In", values: [2, 10] } }],
  },
};

test("a policy gives an index up at its first failure, by the container's exit code", (t) => {
  const given = spec([0, 0], { backoffLimitPerIndex: 6, ...POLICY });
  const ends = (container: string, exitCode: number) => givesUp(given, { container, exitCode });
  t.deepEqual([ends("work", 10), ends("work", 1), ends("sidecar", 10)], [true, false, false]);
  t.false(givesUp(spec([0]), { container: "work", exitCode: 10 }));
  const tallies = new Map([[0, { ...failedOnce, givenUp: true }]]);
  t.like(decideJob(given, { tallies, active: new Set(), now: 9_000 }, BACKOFF), { start: [1], failed: [0] });
});

test("indexes are written as the API writes them", (t) => {
  t.deepEqual([[], [4], [0, 1], [0, 1, 2], [0, 2, 3, 4, 7, 8]].map(intervals), [
    "",
    "4",
    "0,1",
    "0-2",
    "0,2-4,7,8",
  ]);
});

/** As much of what the API server says as is looked at here; which kind it is, the asker knows. */
interface Said {
  readonly message: string;
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly object[] };
  readonly items: readonly Said[];
}

const JOBS = "/apis/batch/v1/namespaces/exchange/jobs";
const PODS = "/api/v1/namespaces/exchange/pods";

async function call(
  world: World,
  path: string,
  method = "GET",
  body?: Properties,
  type = "application/json",
) {
  const response = await fetch(`${url(world.addresses.kubernetesApi("us-east-1"))}${path}`, {
    ...{ method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) },
    headers: { authorization: "Bearer token", connection: "close", "content-type": type },
    signal: AbortSignal.timeout(5_000),
  });
  return { status: response.status, body: (await response.json()) as Said };
}

const finished = (world: World, name: string) =>
  until(`${name} to be finished`, async () => {
    const { status } = (await call(world, `${JOBS}/${name}`)).body;
    return status?.conditions !== undefined && status;
  });
const phases = async (world: World) =>
  (await call(world, PODS)).body.items.map(({ status }) => status?.phase).sort();

test.serial("a Job of pods that end with 0 is Complete, its pods stay so, and go with it", async (t) => {
  const world = await startCluster(t);
  const name = "process.env.HOSTNAME + ' ' + process.env.JOB_COMPLETION_INDEX";
  const program = `console.log(${name}); ${PROGRAM}`;
  const created = await call(world, JOBS, "POST", job("good", [0, 0], {}, program));
  t.like(created, { status: 201, body: { kind: "Job", metadata: { namespace: "exchange" } } });
  t.like(await finished(world, "good"), {
    ...{ active: 0, succeeded: 2, failed: 0, completedIndexes: "0,1", failedIndexes: "" },
    conditions: { 0: { type: "Complete", status: "True", reason: "CompletionsReached" } },
  });
  t.deepEqual(await phases(world), ["Succeeded", "Succeeded"]);
  const pods = (await call(world, PODS)).body.items;
  const logs = pods.map(({ metadata }) => `${world.directory}/us-east-1/${metadata.name}.log`);
  t.deepEqual(logs.map((log) => readFileSync(log, "utf8")).sort(), ["good-0 0\n", "good-1 1\n"]);
  t.like(pods[0], {
    metadata: {
      labels: { app: "good", "batch.kubernetes.io/job-name": "good" },
      ownerReferences: { 0: { kind: "Job", name: "good", uid: created.body.metadata.uid } },
    },
    status: { containerStatuses: { 0: { state: { terminated: { exitCode: 0, reason: "Completed" } } } } },
  });
  t.is((await call(world, JOBS)).body.items.length, 1);
  t.like(await call(world, JOBS, "POST", job("good", [0])), {
    ...{ status: 409, body: { message: 'jobs.batch "good" already exists' } },
  });
  t.is(
    (await call(world, `${JOBS}/good`, "DELETE")).status,
    422,
    "kubectl always says what becomes of the pods",
  );
  t.is((await call(world, `${JOBS}/good`, "DELETE", { propagationPolicy: "Background" })).status, 200);
  await until("no pods", async () => (await phases(world)).length === 0);
  t.like(await call(world, `${JOBS}/good`), { status: 404, body: { message: 'jobs "good" not found' } });
});

test.serial(
  "one index that fails to its limit fails the Job, which goes when its time is over",
  async (t) => {
    const world = await startCluster(t);
    const apply = `${JOBS}/bad?fieldManager=kubectl`;
    const body = { ...job("bad", [0, 3], { ttlSecondsAfterFinished: 2 }) };
    t.is((await call(world, apply, "PATCH", body, "application/apply-patch+yaml")).status, 200);
    t.like(await finished(world, "bad"), {
      ...{ active: 0, succeeded: 1, failed: 2, completedIndexes: "0", failedIndexes: "1" },
      conditions: { 0: { type: "Failed", reason: "FailedIndexes", message: "Job has failed indexes" } },
    });
    t.deepEqual(await phases(world), ["Failed", "Failed", "Succeeded"]);
    await until("the end of its time", async () => (await call(world, `${JOBS}/bad`)).status === 404);
    await until("no pods", async () => (await phases(world)).length === 0);
  },
);

test.serial(
  "a policy ends an index at once that the limit would try again, and lets the others be",
  async (t) => {
    const world = await startCluster(t);
    await call(world, JOBS, "POST", job("final", [10, 3, 0], { backoffLimitPerIndex: 1, ...POLICY }));
    t.like(await finished(world, "final"), {
      ...{ succeeded: 1, failed: 3, completedIndexes: "2", failedIndexes: "0,1" },
      conditions: { 0: { type: "Failed", reason: "FailedIndexes" } },
    });
    t.deepEqual(await phases(world), ["Failed", "Failed", "Failed", "Succeeded"]);
  },
);

test.serial("under a policy a pod that is deleted is replaced only when it has ended", async (t) => {
  const world = await startCluster(t);
  const { pods } = world.compute.cluster("us-east-1");
  const program = `process.on("SIGTERM", () => setTimeout(() => process.exit(0), 400)); setInterval(() => {}, 1000); console.log("up")`;
  await call(world, JOBS, "POST", job("slow", [0], { backoffLimitPerIndex: 2, ...POLICY }, program));
  const first = await until("a running pod", () => pods.all.find(({ child }) => child !== undefined));
  const log = `${world.directory}/us-east-1/${first.birth.name}.log`;
  await until("its handler", () => readFileSync(log, "utf8").includes("up"));
  await call(world, `${PODS}/${first.birth.name}`, "DELETE");
  const second = await until("another pod", () => pods.all.find((pod) => pod !== first));
  t.true(first.gone);
  t.is(second.birth.manifest.metadata.annotations["batch.kubernetes.io/job-index-failure-count"], "1");
});

test.serial("a pod that is deleted, or whose node lost power, is one that failed", async (t) => {
  const world = await startCluster(t);
  const cluster = world.compute.cluster("us-east-1");
  const program = "setInterval(() => {}, 1000)";
  await call(world, JOBS, "POST", job("long", [0], { backoffLimitPerIndex: 2 }, program));
  const running = (but?: string) =>
    until("a running pod", () =>
      cluster.pods.all.find(({ child, birth }) => child !== undefined && birth.name !== but),
    );
  const first = await running();
  await call(world, `/api/v1/namespaces/exchange/pods/${first.birth.name}`, "DELETE");
  const second = await running(first.birth.name);
  t.is(second.birth.manifest.metadata.annotations["batch.kubernetes.io/job-index-failure-count"], "1");
  const zone = cluster.nodes.get(second.node ?? "")?.zone ?? "";
  world.compute.loseZone(zone, "kill");
  world.compute.returnZone(zone);
  await until("its failure", () => second.outcome === "Failed");
  const third = await running(second.birth.name);
  t.is(third.birth.manifest.metadata.annotations["batch.kubernetes.io/job-index-failure-count"], "2");
});

test.serial("what a Job may ask and the sandbox cannot do is refused", async (t) => {
  const world = await startCluster(t);
  const { template: _, ...rest } = job("odd", [0])["spec"] as Properties;
  const { template } = deployment("odd")["spec"] as Properties;
  const refused = await call(world, JOBS, "POST", {
    ...job("odd", [0]),
    spec: {
      ...{ ...rest, completionMode: "NonIndexed", activeDeadlineSeconds: 5, template: template ?? null },
      podFailurePolicy: { rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] }] },
    },
  });
  t.deepEqual(
    [refused.status, refused.body.message],
    [
      422,
      'Job "odd" is invalid: spec.completionMode: the sandbox models Indexed Jobs; spec.podFailurePolicy.rules.0.action: the sandbox models rules that fail an index by the exit codes that it names; spec.podFailurePolicy.rules.0.onExitCodes: the sandbox models rules that fail an index by the exit codes that it names; spec.activeDeadlineSeconds: activeDeadlineSeconds is not modelled by the sandbox: leave it out or extend sandbox/compute; spec.template.spec.restartPolicy: the sandbox models Jobs with restartPolicy Never',
    ],
  );
});
