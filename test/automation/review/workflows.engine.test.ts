import { readFile } from "node:fs/promises";
import path from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import test from "ava";
import { pairFindings, seenIn } from "../../../automation/adapters/policy.ts";
import { previewFile } from "../../../automation/deploy-preview.ts";
import { SAVES_ONCE } from "../../../automation/engine.ts";
import { STACKS, type StackName } from "../../../components/model.ts";
import { registryMachine } from "./machines.ts";
import { Runner } from "./runner.ts";
import { RUN_BY, type WorkflowStep } from "./workflows.ts";

const expression = (name: string): string => `\${{ ${name} }}`;
const LAPTOP: WorkflowStep = {
  run: "npm run -s dr -- deploy --all --yes",
  env: {
    PULUMI_BACKEND_URL: expression("vars.PULUMI_BACKEND_URL"),
    PULUMI_CONFIG_PASSPHRASE: expression("secrets.PULUMI_CONFIG_PASSPHRASE"),
    ...SAVES_ONCE,
  },
};
const LATECOMER: WorkflowStep = {
  ...LAPTOP,
  run: "npm run -s dr -- deploy --stack prod --yes --lock-timeout 1",
};
/** What the engine said in a preview. */
async function readEvents(directory: string, stack: StackName): Promise<readonly EngineEvent[]> {
  const text = await readFile(previewFile(path.join(directory, "review"), stack), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as EngineEvent);
}

const DATABASE = "aws:rds/cluster:Cluster";
const EXPERIMENT = "aws:fis/experimentTemplate:ExperimentTemplate";

test("from a laptop's first deployment over a pull request and its report to deployed plans, a cancelled run, and drift", async (t) => {
  let gate = Promise.resolve();
  const machine = await registryMachine(t, {
    "aws:route53/record:Record": {
      update: async () => {
        await gate;
        return {};
      },
    },
  });
  const runner = await Runner.start(t, machine);
  const ends = async (code: number, step: WorkflowStep | undefined, values = {}) => {
    if (step === undefined) throw new Error("there is no such step");
    const started = performance.now();
    const ended = await runner.run(step, values);
    t.log(`${((performance.now() - started) / 1000).toFixed(1)} s  ${step.run}`);
    t.is(ended.code, code, `${step.run}\n${ended.output.slice(-4_000)}`);
    return ended.output;
  };
  const passes = (step: WorkflowStep | undefined, values = {}) => ends(0, step, values);

  const first = await passes(LAPTOP);
  t.regex(first, /^prod, then dr: dr needs what prod owns, and is not deployed yet$/m);
  t.deepEqual(
    [...first.matchAll(/^(\w+): ready$/gm)].map(([, stack]) => stack),
    ["prod", "dr"],
  );

  for (const stack of ["prod", "dr"] as const) {
    await runner.edit(stack, (text) => text.replace(/ttlSeconds: 10/, "ttlSeconds: 20"));
  }
  for (const job of ["preview", "report"]) {
    for (const step of runner.stepsOf("pull-request.yml", job)) await passes(step);
  }
  const events = await Promise.all(STACKS.map((stack) => readEvents(runner.directory, stack)));
  for (const one of events)
    t.deepEqual(
      one.filter(({ policyEvent }) => policyEvent),
      [],
    );
  const [prod = [], dr = []] = events.map(seenIn);
  t.deepEqual(
    pairFindings({ prod, dr }),
    [],
    "both stacks under all rules, also of values known only when deployed",
  );
  const [comment] = runner.github.comments;
  t.regex(
    comment?.body ?? "",
    /^🟡 \*\*Needs eyes\*\* · 6 × traffic would move later, 6 × both regions at once/,
  );
  t.is(
    await readFile(path.join(runner.directory, "summary.md"), "utf8").then((text) => text.split("\n")[0]),
    comment?.body.split("\n")[0],
  );

  for (const step of runner.stepsOf("deploy.yml", "plan")) await passes(step);
  const { first: one = "", second: two = "" } = await runner.outputs();
  t.deepEqual([one, two], ["dr", "prod"]);
  const values = { "needs.plan.outputs.first": one, "needs.plan.outputs.second": two };
  const [deployDr, releaseDr] = runner.stepsOf("deploy.yml", "first");
  const [deployProd, releaseProd] = runner.stepsOf("deploy.yml", "second");
  t.regex(await passes(deployDr, values), /^dr: update aws:route53\/record:Record answers-us-west-2a$/m);

  const { promise, resolve: open } = Promise.withResolvers<void>();
  gate = promise;
  const { child, ended } = runner.begin(deployProd ?? {}, values);
  const says = (pattern: RegExp) =>
    new Promise<void>((resolve) =>
      child.stderr?.on("data", (text) => {
        if (pattern.test(String(text))) resolve();
      }),
    );
  await says(/update aws:route53/);
  const held = await runner.locks();
  t.is(held.length, 1);
  t.regex(
    await ends(75, LATECOMER),
    /^dr: stack prod is locked by \S+@\S+ \(pid \d+\) since \d+ s; waited 1 s\. /m,
  );
  t.deepEqual(await runner.locks(), held);
  // GitHub's runner signals the step's own process and nothing below it.
  child.kill("SIGINT");
  await says(/^stopping…$/m);
  open();
  const cancelled = await ended;
  t.is(cancelled.code, 130, cancelled.output);
  t.deepEqual(await runner.locks(), []);
  const released = await Promise.all([releaseDr, releaseProd].map((step) => passes(step, values)));
  t.regex(released[0] ?? "", /^dr is not locked$/m);
  t.regex(released[1] ?? "", /^prod is not locked$/m);

  // What was done already is no longer to do: the same plan goes on.
  t.regex(await passes(deployProd, values), /^prod: ready$/m);

  // Somebody lifts the primary's protection where Pulumi does not see it.
  const { registry } = machine.providers;
  const [database] = registry.list({ type: DATABASE, region: "us-east-1" });
  if (database === undefined) throw new Error("there is no database");
  registry.put({ ...database, outputs: { ...database.outputs, deletionProtection: false } });
  // And deletes one of the drills of the other region.
  const [template] = registry.list({ type: EXPERIMENT, region: "us-west-2" });
  if (template === undefined) throw new Error("there is no experiment");
  registry.remove(EXPERIMENT, "us-west-2", template.id);
  const [look, issue] = runner.stepsOf("drift.yml", "drift");
  await passes(look);
  await passes(issue);
  t.like(runner.github.issues, { length: 1, 0: { title: "Drift", state: "open" } });
  const [{ body: drifted } = { body: "" }] = runner.github.issues;
  t.regex(
    drifted,
    /^\*\*Drift\*\* · 🟡 \*\*Needs eyes\*\* · 1 × protection lifted, 1 × guard removed · `prod` \(us-east-1\) \+0 ~1 ±0 −0 · `dr` \(us-west-2\) \+0 ~0 ±0 −1\n/,
  );
  t.regex(drifted, /\| `deletionProtection: true → false` \|/);
  t.regex(drifted, /\*\*guard removed\*\*: `drills-\S+` .* \| `no longer in the cloud` \|/);
  t.deepEqual(runner.unrun(RUN_BY["automation/review/workflows.engine.test.ts"]), []);
});
