import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import test from "ava";
import { Command as Program } from "commander";
import { isInside } from "../../../automation/calendar/window.ts";
import { VERBS } from "../../../automation/commands/index.ts";
import { parseConfig } from "../../../stacks/config.ts";
import { rawConfig } from "../../stacks/stackFile.ts";
import { argumentsOf, commandsOf, NOT_RUN, RUN_BY, stepsOf, WORKFLOWS } from "./workflows.ts";

const RUNS = WORKFLOWS.flatMap((workflow) =>
  stepsOf(workflow).flatMap(({ run }) => (run === undefined ? [] : [{ file: workflow.file, run }])),
);

test("steps run npm's own verbs or a command of the project, with options that it has", async (t) => {
  for (const { file, run } of RUNS) {
    if (NOT_RUN[run] !== undefined) continue;
    const args = argumentsOf(run);
    const verb = VERBS.find(({ name }) => name === args?.[0]);
    if (args === undefined || verb === undefined) {
      t.fail(`${file}: ${run}: there is no such verb`);
      continue;
    }
    const program = new Program(verb.name).exitOverride().configureOutput({ writeErr: () => {} });
    const { command } = await verb.load();
    command.options(program);
    program.action(() => {});
    t.notThrows(() => program.parse(args.slice(1), { from: "user" }), `${file}: ${run}`);
  }
  t.true(RUNS.length > 10);
});

test("each command of each job is run by one test, or says why by none", (t) => {
  const jobs = WORKFLOWS.flatMap(({ file, jobs }) =>
    Object.entries(jobs).flatMap(([name, job]) => (commandsOf(job).length > 0 ? [`${file} ${name}`] : [])),
  );
  t.deepEqual(Object.values(RUN_BY).flat().sort(), jobs.sort());
  for (const [file, own] of Object.entries(RUN_BY)) {
    const text = readFileSync(path.join(import.meta.dirname, "../..", file), "utf8");
    t.true(
      text.includes(`.unrun(RUN_BY["${file}"]), []);`),
      `${file} does not check that it ran all of them`,
    );
    t.true(own.length > 0);
  }
});

test("npm ci has what it goes by: a lock file in step with package.json", (t) => {
  const { status, stderr } = spawnSync("npm", ["ci", "--dry-run", "--offline", "--ignore-scripts"], {
    cwd: path.join(import.meta.dirname, "../../.."),
    encoding: "utf8",
  });
  t.is(status, 0, stderr);
});

test("nothing of an event is pasted into a script: values come by the environment", (t) => {
  for (const { file, run } of RUNS) t.false(run.includes("${{"), `${file}: ${run}`);
});

test("what starts the engine is told to stop: a cancelled run's signal reaches only the step's own process", (t) => {
  const engines = RUNS.filter(
    ({ run }) => /-- (?:preview|deploy) |drill/.test(run) && !run.endsWith(" --release"),
  );
  t.true(engines.length >= 5);
  for (const { file, run } of engines) t.true(run.startsWith("exec "), `${file}: ${run}`);
});

test("actions are pinned by commit, with the version beside it", (t) => {
  for (const { file, text } of WORKFLOWS) {
    for (const line of text.split("\n").filter((one) => one.includes("uses:"))) {
      t.regex(line, /uses: [\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, `${file}: ${line}`);
    }
  }
});

test("least permissions: none by default, each job says its own, and writes only where it must", (t) => {
  const writes = [];
  for (const { file, permissions, jobs } of WORKFLOWS) {
    t.deepEqual(permissions, {}, file);
    for (const [name, job] of Object.entries(jobs)) {
      t.truthy(job.permissions, `${file}, ${name}`);
      t.true((job["timeout-minutes"] ?? 0) > 0, `${file}, ${name} has no time limit`);
      for (const [scope, level] of Object.entries(job.permissions ?? {})) {
        if (level === "write" && scope !== "id-token") writes.push(`${file} ${name} ${scope}`);
      }
    }
  }
  t.deepEqual(writes.sort(), ["drift.yml drift issues", "pull-request.yml report pull-requests"]);
});

test("AWS is reached by OIDC: no workflow holds a key", (t) => {
  for (const { file, text } of WORKFLOWS)
    t.notRegex(text, /AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|aws-access-key-id/, file);
  for (const workflow of WORKFLOWS) {
    for (const [name, { steps, permissions }] of Object.entries(workflow.jobs)) {
      const assumes = steps.some(({ uses }) => uses?.startsWith("aws-actions/configure-aws-credentials@"));
      t.is(permissions?.["id-token"] === "write", assumes, `${workflow.file}, ${name}`);
    }
  }
});

test("only reviewed plans are deployed, each stack in an environment of its own", (t) => {
  const deploy = WORKFLOWS.find(({ file }) => file === "deploy.yml");
  for (const [name, job] of Object.entries(deploy?.jobs ?? {})) {
    const runs = job.steps.map(({ run }) => run ?? "").filter((run) => run.includes("-- deploy "));
    t.is(job.environment !== undefined, runs.length > 0, name);
    for (const run of runs) t.regex(run, /--reviewed review |--release$/);
  }
});

/** When a cron line of numbers, ranges and lists is due in a year, as milliseconds since 1970. */
function dueIn(year: number, cron: string): readonly number[] {
  const [minutes = "", hours = "", days = "", months = "", weekdays] = cron.split(" ");
  const among = (field: string, value: number) =>
    field.split(",").some((part) => {
      const [from = "", to = from] = part.split("-");
      return part === "*" || (value >= Number(from) && value <= Number(to));
    });
  if (weekdays !== "*") throw new Error(`${cron}: days of the week are not understood here`);
  const quarter = 15 * 60_000;
  const moments = Array.from({ length: 366 * 96 }, (_, n) => Date.UTC(year, 0, 1) + n * quarter);
  return moments.filter((moment) => {
    const at = new Date(moment);
    return (
      at.getUTCFullYear() === year &&
      among(minutes, at.getUTCMinutes()) &&
      among(hours, at.getUTCHours()) &&
      among(days, at.getUTCDate()) &&
      among(months, at.getUTCMonth() + 1)
    );
  });
}

test("production's drills meet its window: a zone once a month, a region once a quarter, in summer and winter, also an hour late", async (t) => {
  const drills = WORKFLOWS.find(({ file }) => file === "drills.yml");
  const { maintenanceWindow: window } = parseConfig(await rawConfig("prod"), "prod");
  const jobs = Object.entries({ zone: 12, "region-guard": 4 });
  for (const [name, times] of jobs) {
    const cron = drills?.on.schedule
      ?.map((one) => one.cron)
      .find((one) => drills.jobs[name]?.if?.includes(`'${one}'`));
    for (const year of [2026, 2027]) {
      // GitHub may start it an hour late, and a drill takes half an hour.
      for (const lateMinutes of [0, 60, 90]) {
        const permitted = dueIn(year, cron ?? "").filter(
          (moment) => window !== undefined && isInside(window, moment + lateMinutes * 60_000),
        );
        const months = permitted.map((moment) => new Date(moment).getUTCMonth());
        t.is(new Set(months).size, months.length, `${name} ${year}`);
        t.is(months.length, times, `${name} ${year}, ${lateMinutes} minutes late`);
      }
    }
  }
});
