import { PassThrough } from "node:stream";
import test from "ava";
import { calendar } from "../../../automation/calendar/command.ts";
import { RefusedError, UsageError } from "../../../automation/errors.ts";
import { readSettings } from "../../../automation/settings.ts";
import { projectWith } from "../commands/outputs.ts";

test("where no alarm could tell of an incident, nothing may begin, whatever the reason", async (t) => {
  const directory = await projectWith(t, ["prod", "dr"]);
  const environment = {
    PULUMI_BACKEND_URL: `file://${directory}/state`,
    AWS_ENDPOINT_URL: "http://127.0.0.1:9",
  };
  const context = {
    settings: readSettings(environment, directory),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    stdin: new PassThrough(),
    signal: new AbortController().signal,
  };
  const request = { reason: "now", zone: undefined, command: undefined, dryRun: false, json: true };
  t.is(await calendar({ ...request, action: "guard" }, context), 10);
  t.deepEqual(JSON.parse(String(context.stdout.read())), {
    act: "refuse",
    why: "whether an incident goes on is unknown: stack prod has no alarm that could tell",
  });
  await t.throwsAsync(calendar({ ...request, action: "run", command: ["true"] }, context), {
    instanceOf: RefusedError,
    message:
      "no drill now: whether an incident goes on is unknown: stack prod has no alarm that could tell. Nothing was done",
  });
  for (const dryRun of [false, true]) {
    await t.throwsAsync(calendar({ ...request, action: "run", zone: "us-east-1a", dryRun }, context), {
      instanceOf: UsageError,
      message: "--zone us-east-1a: no deployed experiment template is for it",
    });
  }
});
