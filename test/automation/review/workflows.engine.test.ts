import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { Runner } from "./runner.ts";
import type { WorkflowStep } from "./workflows.ts";

const expression = (name: string): string => `\${{ ${name} }}`;
const LAPTOP: WorkflowStep = {
  run: "npm run -s dr -- deploy --all --yes",
  env: {
    PULUMI_BACKEND_URL: expression("vars.PULUMI_BACKEND_URL"),
    PULUMI_CONFIG_PASSPHRASE: expression("secrets.PULUMI_CONFIG_PASSPHRASE"),
  },
};

test("from a laptop's first deployment over a pull request and its report to deployed plans, a cancelled run, and drift", async (t) => {
  let slow = false;
  const runner = await Runner.start(t, {
    "aws:route53/record:Record": {
      update: async () => {
        if (slow) await sleep(4_000);
        return {};
      },
    },
  });
  const passes = async (step: WorkflowStep | undefined, values = {}) => {
    if (step === undefined) throw new Error("there is no such step");
    const { code, output } = await runner.run(step, values);
    t.is(code, 0, `${step.run}\n${output}`);
    return output;
  };

  const first = await passes(LAPTOP);
  t.regex(first, /^prod, then dr: dr needs what prod owns, and is not deployed yet$/m);
  t.deepEqual(
    [...first.matchAll(/^(\w+): ready$/gm)].map(([, stack]) => stack),
    ["prod", "dr"],
  );

  for (const stack of ["prod", "dr"] as const) {
    await runner.edit(stack, (text) => text.replace(/ttlSeconds: 15/, "ttlSeconds: 20"));
  }
  for (const job of ["preview", "report"]) {
    for (const step of runner.stepsOf("pull-request.yml", job)) await passes(step);
  }
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
  const [deployDr] = runner.stepsOf("deploy.yml", "first");
  const [deployProd] = runner.stepsOf("deploy.yml", "second");
  t.regex(await passes(deployDr, values), /^dr: update aws:route53\/record:Record answers-us-west-2a$/m);

  // GitHub's runner signals the step's own process and nothing below it.
  slow = true;
  const { child, ended } = runner.begin(deployProd ?? {}, values);
  await new Promise<void>((resolve) =>
    child.stderr?.on("data", (text) => {
      if (/update aws:route53/.test(String(text))) resolve();
    }),
  );
  t.is((await runner.locks()).length, 1);
  child.kill("SIGINT");
  const cancelled = await ended;
  t.is(cancelled.code, 130, cancelled.output);
  t.deepEqual(await runner.locks(), []);
  slow = false;

  // What was done already is no longer to do: the same plan goes on.
  t.regex(await passes(deployProd, values), /^prod: ready$/m);

  const [look, issue] = runner.stepsOf("drift.yml", "drift");
  await passes(look);
  await passes(issue);
  t.deepEqual(runner.github.issues, []);
});
