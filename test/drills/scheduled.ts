/** The commands of the workflows that run by the calendar, on a deployed sandbox. */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ExecutionContext } from "ava";
import type { Status } from "../../automation/check/check.ts";
import type { CheckReport } from "../../automation/check/report.ts";
import { EXIT } from "../../automation/errors.ts";
import { sandboxMachine } from "../automation/review/machines.ts";
import { Runner } from "../automation/review/runner.ts";
import { RUN_BY, type WorkflowStep } from "../automation/review/workflows.ts";
import type { Place } from "./place.ts";

const SKIPPED_WAITS = path.join(import.meta.dirname, "../automation/review/skipped-waits.ts");

/** A maintenance window that is open now and stays open for half a day: it is noon somewhere. */
export async function openWindow(projectDirectory: string): Promise<void> {
  const now = new Date();
  const east = 12 - now.getUTCHours();
  // Signs are the other way round in these names.
  const timeZone = `Etc/GMT${east > 0 ? "-" : "+"}${Math.abs(east)}`;
  const weekday = new Intl.DateTimeFormat("en-US", { timeZone, weekday: "long" }).format(now);
  for (const stack of ["prod", "dr"]) {
    const file = path.join(projectDirectory, `Pulumi.${stack}.yaml`);
    const text = await readFile(file, "utf8");
    const open = text
      .replace(/timeZone: .*/, `timeZone: ${timeZone}`)
      .replace(/weekday: .*/, `weekday: ${weekday}`)
      .replace(/(hours:\s+from:) \d+(\s+to:) \d+/, "$1 0$2 24");
    if (open === text) throw new Error(`${file} has no maintenance window`);
    await writeFile(file, open);
  }
}

export async function scheduled(t: ExecutionContext, { sandbox }: Place): Promise<void> {
  const machine = await sandboxMachine(t, sandbox);
  const skip = path.join(machine.directory, "skip-waits");
  const runner = await Runner.start(t, {
    ...machine,
    environment: {
      ...machine.environment,
      NODE_OPTIONS: `--import=${SKIPPED_WAITS}`,
      SKIP_WAITS: skip,
    },
  });
  const ends = async (step: WorkflowStep | undefined, values = {}) => {
    if (step === undefined) throw new Error("there is no such step");
    const { child, ended } = runner.begin(step, values);
    child.stderr?.on("data", (text) => {
      // What disturbs is over; what follows is a minute of watching.
      if (/ended with exit code|the experiment completed/.test(String(text))) void writeFile(skip, "");
    });
    const begun = performance.now();
    const result = await ended;
    t.log(`${((performance.now() - begun) / 1000).toFixed(1)} s  ${step.run} → ${result.code}`);
    return { ...result, end: result.output.slice(-4_000) };
  };

  const [guard, zone] = runner.stepsOf("drills.yml", "zone");
  const permitted = await ends(guard);
  t.is(permitted.code, 0, permitted.end);
  t.regex(permitted.stdout, /^proceed: inside the maintenance window \(/);
  const powerless = await ends(zone);
  t.is(powerless.code, 0, powerless.end);
  t.like(JSON.parse(powerless.stdout), { scenario: "az-loss", verdict: "met", steady: true });

  const [check] = runner.stepsOf("readiness.yml", "check");
  const ready = await ends(check);
  const report = JSON.parse(ready.stdout) as CheckReport;
  const those = (wanted: Status) =>
    report.results.filter(({ status }) => status === wanted).map(({ id }) => id);
  t.is(ready.code, EXIT.notReady, ready.end);
  t.false(report.ready);
  t.deepEqual(
    those("unknown").filter((id) => id !== "commit"),
    [],
    "all but whether this checkout is what was deployed, which git alone knows",
  );
  // It is the first day: no night's backup was made, no Sunday's restore tested, nothing drilled.
  t.deepEqual(those("fail"), ["backup-age", "restore-test", "last-drill"]);
  const fine = those("ok");
  for (const id of ["predicted-rto", "drift-prod", "drift-dr", "policy", "checkpoints"]) {
    t.true(fine.includes(id), id);
  }

  const [opened] = runner.stepsOf("drills.yml", "region-guard");
  t.is((await ends(opened)).code, 0);
  const [region] = runner.stepsOf("drills.yml", "region");
  const moved = await ends(region, { "vars.DRILL_TARGET": "us-west-2" });
  t.is(moved.code, 0, moved.end);
  t.like(JSON.parse(moved.stdout.trim().split("\n").at(-1) ?? ""), {
    scenario: "region-loss",
    verdict: "met",
    steady: true,
  });
  t.deepEqual(
    machine.cloud.told.map((text) => text.split("\n")[0]),
    [
      "*Drill begins: az-loss*",
      "*Drill ended: az-loss, met*",
      "*Drill begins: region-loss*",
      "*Drill ended: region-loss, met*",
    ],
  );
  t.true(machine.cloud.asked.includes("fis POST /experiments"));
  t.deepEqual(runner.unrun(RUN_BY["drills/scheduled.ts"]), []);
}
