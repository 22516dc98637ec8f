import { spawnSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import test, { type ExecutionContext } from "ava";
import type { OperationOptions } from "../../automation/adapters/pulumi.ts";
import type { Context } from "../../automation/commands/command.ts";
import { type DeployRequest, deploy, releaseLocks } from "../../automation/deploy.ts";
import { rememberEngine } from "../../automation/deploy-lock.ts";
import type { Replicas } from "../../automation/deploy-ready.ts";
import { HalfwayError, LockedError, RefusedError, UsageError } from "../../automation/errors.ts";
import { preview } from "../../automation/preview.ts";
import { parsePreview } from "../../automation/review/parse.ts";
import { processIdentity } from "../../automation/runbook/process.ts";
import { readSettings } from "../../automation/settings.ts";
import type { StackName } from "../../components/model.ts";
import { outputsOf, projectWith } from "./commands/outputs.ts";

const ALL: DeployRequest = {
  stack: undefined,
  yes: true,
  bootstrap: true,
  reviewed: undefined,
  accepted: [],
  lockSeconds: 0,
  readySeconds: 0,
};
const only = (stack: StackName, more: Partial<DeployRequest> = {}): DeployRequest => ({
  ...ALL,
  bootstrap: false,
  stack,
  ...more,
});
const READY: readonly Replicas[] = [{ name: "gateway", ready: 3, desired: 3 }];

interface Planned {
  readonly op: string;
  readonly type: string;
  readonly name: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

interface World {
  readonly deployed?: readonly StackName[];
  readonly answer?: string;
  readonly planned?: Partial<Record<StackName, readonly Planned[]>>;
  readonly replicas?: () => Promise<readonly Replicas[]>;
  /** What the first update of a stack fails with. */
  readonly broken?: Partial<Record<StackName, Error>>;
}

/** A project, and an engine that remembers what it was asked. */
async function world(t: ExecutionContext, { deployed = ["prod", "dr"], answer = "", ...given }: World = {}) {
  const directory = await projectWith(t, deployed);
  const stdin = new PassThrough();
  stdin.end(answer);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context: Context = {
    settings: readSettings(
      {
        DR_PROJECT_DIR: directory,
        PULUMI_BACKEND_URL: `file://${directory}/state`,
        GITHUB_OUTPUT: path.join(directory, "outputs"),
      },
      "/",
    ),
    stdin,
    stdout,
    stderr,
    signal: new AbortController().signal,
  };
  const asked: string[] = [];
  const broken = { ...given.broken };
  const open = ({ stack }: { readonly stack: StackName }) => ({
    create: async () => void asked.push(`create ${stack}`),
    preview: async ({ observe, planFile }: OperationOptions) => {
      asked.push(`preview ${stack}`);
      const root: Planned = { op: "same", type: "pulumi:pulumi:Stack", name: stack };
      for (const [sequence, { op, type, name, inputs = {} }] of [
        root,
        ...(given.planned?.[stack] ?? []),
      ].entries()) {
        const urn = `urn:pulumi:${stack}::trading-platform::${type}::${name}`;
        const state = { type, urn, custom: true, id: "", parent: "", provider: "", inputs, outputs: {} };
        const metadata = { op, urn, type, old: state, new: state, detailedDiff: {}, provider: "" };
        observe?.({ sequence, timestamp: 0, resourcePreEvent: { metadata } } as never);
      }
      observe?.({ sequence: 99, timestamp: 0, summaryEvent: { resourceChanges: {} } } as never);
      if (planFile !== undefined) await writeFile(planFile, JSON.stringify({ plan: stack }));
      return [];
    },
    up: async ({ planFile = "" }: OperationOptions) => {
      asked.push(`up ${stack} by plan ${JSON.parse(await readFile(planFile, "utf8")).plan}`);
      const error = broken[stack];
      delete broken[stack];
      if (error !== undefined) throw error;
    },
  });
  const ports = {
    open,
    outputs: async (stack: StackName) => outputsOf(stack),
    replicas: given.replicas ?? (async () => READY),
  };
  return {
    directory,
    context,
    asked,
    said: () => String(stderr.read() ?? ""),
    printed: () => String(stdout.read() ?? ""),
    deploy: (request: DeployRequest) => deploy(request, context, ports),
    preview: () => preview({ directory: path.join(directory, "review"), refresh: false }, context, open),
    outputs: () => readFile(path.join(directory, "outputs"), "utf8"),
  };
}

const deployed = (stack: StackName) => [
  `create ${stack}`,
  `preview ${stack}`,
  `up ${stack} by plan ${stack}`,
];

test("the very first time prod, which owns what spans the regions, comes before dr", async (t) => {
  const { deploy: run, asked, printed } = await world(t, { deployed: ["prod"] });
  t.is(await run(ALL), 0);
  t.deepEqual(asked, [...deployed("prod"), ...deployed("dr")]);
  t.deepEqual(
    printed()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
    [outputsOf("prod"), outputsOf("dr")],
  );
});

test("later dr comes first, where nobody trades, and a mistake there stops before prod", async (t) => {
  const { deploy: run, asked } = await world(t, { broken: { dr: new HalfwayError("update failed") } });
  await t.throwsAsync(run(ALL), { instanceOf: HalfwayError, message: "update failed" });
  t.deepEqual(asked, ["preview prod", ...deployed("dr")]);
  t.is(await run(ALL), 0);
  t.deepEqual(asked.slice(4), ["preview prod", ...deployed("dr"), ...deployed("prod")]);
});

test("prod comes first when it creates what dr builds on", async (t) => {
  const planned = { prod: [{ op: "create", type: "aws:kms/key:Key", name: "journal" }] };
  const { deploy: run, asked, said } = await world(t, { planned });
  await run(ALL);
  t.deepEqual(asked, ["preview prod", ...deployed("prod"), ...deployed("dr")]);
  t.regex(said(), /^prod: previewing\nprod, then dr: dr needs journal, which prod creates\n/);
});

test("dr alone is refused while there is no prod", async (t) => {
  const { deploy: run, asked } = await world(t, { deployed: [] });
  await t.throwsAsync(run(only("dr")), {
    instanceOf: RefusedError,
    message:
      "dr needs what prod owns, and prod is not deployed: deploy it first with `dr deploy --stack prod`",
  });
  t.deepEqual(asked, []);
});

test("without --yes the operator sees what would change and says yes, or nothing is deployed", async (t) => {
  const planned = { dr: [{ op: "update", type: "aws:eks/nodeGroup:NodeGroup", name: "nodes" }] };
  const yes = await world(t, { answer: "yes\n", planned });
  t.is(await yes.deploy(only("dr", { yes: false })), 0);
  t.deepEqual(yes.asked, deployed("dr"));
  t.regex(yes.said(), /update aws:eks\/nodeGroup:NodeGroup nodes\ndr: 1 changes\. Type yes to deploy: /);
  const no = await world(t, { answer: "no\n" });
  await t.throwsAsync(no.deploy(only("dr", { yes: false })), {
    instanceOf: UsageError,
    message: 'not confirmed: got "no", must be yes',
  });
  t.deepEqual(no.asked, ["create dr", "preview dr"]);
});

const LOSING = {
  prod: [
    { op: "delete", type: "aws:rds/cluster:Cluster", name: "database" },
    { op: "replace", type: "aws:route53/record:Record", name: "name" },
    { op: "delete", type: "someone:index/thing:Thing", name: "thing" },
  ],
};

test("a stateful deletion stops it by name, and so does a type that nobody classified; what was agreed to may go", async (t) => {
  const { deploy: run, asked } = await world(t, { planned: LOSING });
  await t.throwsAsync(run(only("prod")), {
    instanceOf: RefusedError,
    message: `stack prod would lose data, and nothing was changed:
  - database (aws:rds/cluster:Cluster): deleted, with what it holds (no longer in the program)
  - thing (someone:index/thing:Thing): deleted, with what it holds (no longer in the program; the type is in no table: taken for stateful)
name each with --accept NAME when that was agreed to`,
  });
  t.deepEqual(asked, ["create prod", "preview prod"]);
  await t.throwsAsync(run(only("prod", { accepted: ["database"] })), { message: /\n {2}- thing / });
  t.is(await run(only("prod", { accepted: ["database", "thing"] })), 0);
});

test("what was reviewed is deployed without another look, and nothing else is", async (t) => {
  const { deploy: run, preview: review, asked, directory, outputs } = await world(t);
  t.is(await review(), 0);
  t.is(await outputs(), "first=dr\nsecond=prod\n");
  const reviewed = path.join(directory, "review");
  t.is(await run(only("dr", { reviewed })), 0);
  t.deepEqual(asked, ["preview prod", "preview dr", "create dr", "up dr by plan dr"]);
  await writeFile(path.join(reviewed, "plan.dr.json"), '{"plan":"another"}');
  await t.throwsAsync(run(only("dr", { reviewed })), {
    instanceOf: RefusedError,
    message: `preview or plan of stack dr in ${reviewed} are not those that were reviewed: preview again`,
  });
});

test("what only both stacks together break is in the preview of the one to change, and has no plan to deploy by", async (t) => {
  const instance = (instanceClass: string) => [
    {
      op: "same",
      type: "aws:rds/clusterInstance:ClusterInstance",
      name: "database-0",
      inputs: { instanceClass },
    },
  ];
  const planned = { prod: instance("db.r7g.2xlarge"), dr: instance("db.r7g.large") };
  const { deploy: run, preview: review, directory, said } = await world(t, { planned });
  t.is(await review(), 10);
  const message =
    "policy class-at-least-primary: database-0: set instanceClass to db.r7g.2xlarge or larger (got db.r7g.large): after a promotion it carries the primary's load";
  t.true(said().includes(`dr: ${message}\n`));
  const reviewed = path.join(directory, "review");
  const file = path.join(reviewed, "preview.dr.json");
  t.like(parsePreview(await readFile(file, "utf8"), file).violations, {
    length: 1,
    0: { policy: "class-at-least-primary", mandatory: true },
  });
  await t.throwsAsync(run(only("dr", { reviewed })), {
    message: `stack dr has no reviewed plan in ${reviewed}: its preview failed, or was not made`,
  });
  t.is(await run(only("prod", { reviewed })), 0);
});

test("a review of another commit, of no stack, or of nothing at all is refused", async (t) => {
  const { deploy: run, preview: review, directory } = await world(t);
  const reviewed = path.join(directory, "review");
  await t.throwsAsync(run(only("dr", { reviewed })), {
    instanceOf: UsageError,
    message: `--reviewed ${reviewed}: there is no review.json; \`dr preview --out ${reviewed}\` writes it`,
  });
  await review();
  const file = path.join(reviewed, "review.json");
  const made = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, JSON.stringify({ ...made, stacks: { prod: made.stacks.prod } }));
  await t.throwsAsync(run(only("dr", { reviewed })), {
    message: `stack dr has no reviewed plan in ${reviewed}: its preview failed, or was not made`,
  });
  await writeFile(file, JSON.stringify({ ...made, commit: "f00" }));
  await t.throwsAsync(run(only("dr", { reviewed })), {
    message: `what was reviewed is commit f00, and this is ${made.commit}: check out the former, or preview again`,
  });
});

async function lock(directory: string, owner: object = { pid: 7, hostname: "ops" }): Promise<string> {
  const timestamp = new Date().toISOString();
  const file = path.join(directory, "state/.pulumi/locks/organization/trading-platform/dr/1.json");
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ username: "ann", ...owner, timestamp }));
  return file;
}

test("another run's lock is waited for, named, and left where it is", async (t) => {
  const { deploy: run, directory, asked, said } = await world(t);
  const file = await lock(directory);
  const error = await t.throwsAsync(run(only("dr", { lockSeconds: 1 })), { instanceOf: LockedError });
  t.regex(
    error?.message ?? "",
    /^stack dr is locked by ann@ops \(pid 7\) since \d s; waited 1 s\. If that run is dead, `pulumi cancel --stack dr` removes its lock$/,
  );
  t.regex(said(), /^dr is locked by ann@ops \(pid 7\) since \d s: waiting, up to 1 s$/m);
  t.deepEqual(asked, []);
  t.true((await readFile(file, "utf8")).includes("ann"));
});

test("the lock of an engine that was killed here is given back, by the next deployment or by itself; another's is not", async (t) => {
  const { deploy: run, directory, context, asked, said } = await world(t);
  // A process that has ended, as the kernel numbers them.
  const ended = spawnSync("true").pid;
  await rememberEngine(directory, "dr", { ...(await processIdentity(ended)), startTicks: "1" });
  const mine = { pid: ended, hostname: hostname() };
  await lock(directory, mine);
  t.is(await run(only("dr")), 0);
  t.deepEqual(asked, deployed("dr"));
  t.regex(
    said(),
    /^dr: giving back the lock of an engine that was killed here: ann@\S+ \(pid \d+\) since \d s$/m,
  );
  const file = await lock(directory, mine);
  t.is(await releaseLocks(["dr"], context), 0);
  await t.throwsAsync(readFile(file), { code: "ENOENT" });
  await lock(directory);
  t.is(await releaseLocks(["dr"], context), 0);
  t.regex(said(), /^dr is locked by ann@ops \(pid 7\) since \d s: left alone$/m);
  t.true((await readFile(file, "utf8")).includes("ops"));
});

test("a lock that another run takes between our look and the engine's is waited for as well", async (t) => {
  const { deploy: run, asked } = await world(t, {
    broken: { dr: new HalfwayError("error: the stack is currently locked by 1 lock(s).") },
  });
  t.is(await run(only("dr")), 0);
  t.deepEqual(asked, [...deployed("dr"), "up dr by plan dr"]);
});

test("pods that are not ready, or that nobody can ask about, are no success", async (t) => {
  const short = await world(t, {
    replicas: async () => [{ name: "gateway", ready: 1, desired: 3, trouble: "CrashLoopBackOff" }, ...READY],
  });
  await t.throwsAsync(short.deploy(only("dr")), {
    instanceOf: HalfwayError,
    message: "stack dr is deployed, but after 0 s not ready: gateway 1/3 (CrashLoopBackOff)",
  });
  const blind = await world(t, {
    replicas: async () => {
      throw new Error("no answer within 3000 ms");
    },
  });
  await t.throwsAsync(blind.deploy(only("dr")), {
    instanceOf: HalfwayError,
    message: "stack dr is deployed, but after 0 s its readiness is unknown: no answer within 3000 ms",
  });
});
