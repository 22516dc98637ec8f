import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import anyTest, { type TestFn } from "ava";
import { changes } from "../../../automation/adapters/pulumi.ts";
import { NoTargetError } from "../../../automation/failover/targets.ts";
import { FlipProject } from "./flip-project.ts";

const test = anyTest as TestFn<FlipProject>;
const promoting = { role: "promoting", acceptGeneration: 1 } as const;
const traffic = { role: "promoting", traffic: "on", acceptGeneration: 1 } as const;
const active = { role: "active", acceptGeneration: 1 } as const;

// The real engine, one test after the other: Pulumi's programs share the process.
test.serial.beforeEach(async (t) => {
  t.context = await FlipProject.deploy();
});
test.serial.afterEach.always((t) => t.context.close());

test.serial("flips planned before the go are done by Pulumi, then nothing is left to do", async (t) => {
  const project = t.context;
  const stack = project.stack();
  // Both at once, and the second from a state that the first will have changed.
  t.deepEqual(await Promise.all([stack.prepare(promoting), stack.prepare(traffic)]), [undefined, undefined]);
  t.is(project.cluster.replicas("gateway"), 0);
  t.regex(await project.stackFile(), /role: passive # starts passive/);
  t.deepEqual(await stack.flip(promoting), { via: "pulumi" });
  t.deepEqual([project.cluster.replicas("gateway"), project.cluster.replicas("engine-0")], [2, 2]);
  t.like(await stack.deployed(), { role: "promoting", traffic: "off" });
  t.deepEqual(await stack.flip(traffic), { via: "pulumi" });
  t.like(await stack.deployed(), { role: "promoting", traffic: "on" });
  t.deepEqual(await stack.flip(active), { via: "pulumi" });
  t.like(await stack.deployed(), { role: "active", traffic: "on" });
  t.is(
    (await project.stackFile()).replace(/^encryptionsalt.*\n/m, ""),
    'config:\n  trading-platform:acceptGeneration: 1\n  trading-platform:role: active # starts passive\n  trading-platform:traffic: "on"\n  trading-platform:image: app@sha256:1\n',
  );
  t.deepEqual(changes(await project.pulumi.preview({ signal: AbortSignal.timeout(60_000) })), []);
  t.deepEqual(project.direct, []);
});

test.serial(
  "maintenance is a flip too: one control item, the role as it was, and a clean preview",
  async (t) => {
    const project = t.context;
    const stack = project.stack();
    t.deepEqual(await stack.flip({ maintenance: "on" }), { via: "pulumi" });
    t.like(await stack.deployed(), { maintenance: "on", role: "passive" });
    t.regex(await project.stackFile(), /^ {2}trading-platform:maintenance: "on"$/m);
    t.deepEqual(changes(await project.pulumi.preview({ signal: AbortSignal.timeout(60_000) })), []);
    t.deepEqual(await stack.flip({ maintenance: "off" }), { via: "pulumi" });
    t.like(await stack.deployed(), { maintenance: "off" });
  },
);

test.serial(
  "an image that somebody merged does not ride along: the flip goes by API and says so",
  async (t) => {
    const project = t.context;
    await project.changeStackFile("sha256:1", "sha256:2");
    const flipped = await project.stack().flip(promoting);
    t.is(flipped.via, "direct");
    t.is(
      flipped.reason,
      "the update would do more than the flip: engine-0 would also change spec.template.spec.containers[0].image; gateway would also change spec.template.spec.containers[0].image",
    );
    t.deepEqual(project.direct, ["promoting"]);
    t.is(project.cluster.replicas("gateway"), 0);
    t.regex(await project.stackFile(), /role: promoting/);
  },
);

test.serial("the lock of this run's own killed engine is removed, and the flip goes by Pulumi", async (t) => {
  const project = t.context;
  project.gate.close();
  const killed = t.throwsAsync(
    project.stack({ direct: async () => Promise.reject(new Error("no API")) }).flip(promoting),
  );
  await project.gate.reached;
  const [lock] = await project.state.locks("dr");
  process.kill(lock?.pid ?? 0, "SIGKILL");
  await killed;
  t.regex(await project.stackFile(), /acceptGeneration: 1\n.*role: promoting/);
  project.gate.open();
  t.is((await project.state.locks("dr")).length, 1);
  t.deepEqual(await project.stack().flip(promoting), { via: "pulumi" });
  t.true(
    project.notes.some((note) => note.startsWith("removing the lock that this run's killed engine left: ")),
  );
  t.deepEqual(await project.state.locks("dr"), []);
});

test.serial(
  "somebody else's lock is shown with owner and age, waited for, and left alone: by API",
  async (t) => {
    const project = t.context;
    const locks = path.join(project.directory, "state/.pulumi/locks/organization/trading-platform/dr");
    await mkdir(locks, { recursive: true });
    const timestamp = new Date(Date.now() - 90_000).toISOString();
    await writeFile(
      path.join(locks, "other.json"),
      JSON.stringify({ pid: 1, username: "ann", hostname: "laptop", timestamp }),
    );
    const flipped = await project.stack().flip(promoting);
    t.is(flipped.via, "direct");
    t.regex(flipped.reason ?? "", /^the state is locked by ann@laptop \(pid 1\) since 9\d s$/);
    t.regex(
      project.notes[0] ?? "",
      /^the state of dr is locked by ann@laptop \(pid 1\) since 9\d s: waiting up to 1 s$/,
    );
    t.is((await project.state.locks("dr")).length, 1);
  },
);

test.serial(
  "a Deployment that the state does not know stops the run: targeting nothing would exit 0",
  async (t) => {
    const stack = t.context.stack({ deployments: [{ name: "engine-7", replicas: 1 }] });
    await t.throwsAsync(stack.flip(promoting), {
      instanceOf: NoTargetError,
      message:
        "Pulumi's state of stack dr has no Deployment engine-7: nothing to target. Deploy the stack, or run the same command with --direct",
    });
  },
);

test.serial(
  "an engine that hangs is told to stop once and left alone: the flip goes by API in time",
  async (t) => {
    const project = t.context;
    project.gate.close();
    const patience = { foreignLock: 1_000, preview: 60_000, update: 3_000, release: 500 };
    const started = performance.now();
    const flipped = await project.stack({ patience }).flip(promoting);
    project.gate.open();
    t.deepEqual(flipped, { via: "direct", reason: "the update did not end within 3 s" });
    t.true(performance.now() - started < 15_000);
    t.deepEqual(project.direct, ["promoting"]);
    // It was told to stop: as soon as its provider answers it ends and takes its lock along.
    while ((await project.state.locks("dr")).length > 0) await sleep(50);
  },
);

test.serial("Ctrl-C aborts the engine once: it finishes what it does and releases its lock", async (t) => {
  const project = t.context;
  project.gate.close();
  const interrupt = new AbortController();
  const flip = t.throwsAsync(project.stack({ signal: interrupt.signal }).flip(promoting), {
    message: "interrupted",
  });
  await project.gate.reached;
  interrupt.abort(new Error("interrupted"));
  await sleep(200);
  project.gate.open();
  await flip;
  t.deepEqual(await project.state.locks("dr"), []);
  t.deepEqual(project.direct, []);
});
