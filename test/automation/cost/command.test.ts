import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import test from "ava";
import { command } from "../../../automation/commands/cost.ts";
import { UsageError } from "../../../automation/errors.ts";
import { readSettings } from "../../../automation/settings.ts";

const ROOT = path.join(import.meta.dirname, "../../..");

async function run(options: Record<string, unknown>, directory = ROOT) {
  const stdout = new PassThrough();
  const context = {
    settings: readSettings({ DR_PROJECT_DIR: directory }, "/"),
    stdout,
    stderr: new PassThrough(),
    stdin: new PassThrough(),
    signal: new AbortController().signal,
  };
  const code = await command.run(options, context);
  stdout.end();
  return { code, out: await text(stdout) };
}

test("the repository's own configuration has a known estimate, without secrets or an engine", async (t) => {
  const { code, out } = await run({ json: true });
  const { isEstimate, assumptions, standbys } = JSON.parse(out);
  t.is(code, 0);
  t.true(isEstimate);
  t.deepEqual(assumptions, { averageKilobytesPerSecond: 120, databaseGigabytes: 100 });
  t.deepEqual(
    standbys.map(({ standby, totalMonthly }: { standby: string; totalMonthly: number }) => [
      standby,
      totalMonthly > 0,
    ]),
    [
      ["warm", true],
      ["cold-reserved", true],
      ["cold", true],
    ],
  );
});

test("bad numbers and a missing stack file are usage errors", async (t) => {
  await t.throwsAsync(run({ averageKilobytes: "-1" }), {
    instanceOf: UsageError,
    message: "--average-kilobytes -1: must be a number above 0",
  });
  await t.throwsAsync(run({}, path.join(ROOT, "policy")), {
    instanceOf: UsageError,
    message: `there is no Pulumi.yaml in ${path.join(ROOT, "policy")}: name the project with --project-dir DIR`,
  });
});
