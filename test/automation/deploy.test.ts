import { PassThrough } from "node:stream";
import test, { type ExecutionContext } from "ava";
import type { Context } from "../../automation/commands/command.ts";
import { deploy } from "../../automation/deploy.ts";
import { HalfwayError, UsageError } from "../../automation/errors.ts";
import { readSettings } from "../../automation/settings.ts";
import { STACKS } from "../../components/model.ts";
import { projectWith } from "./commands/outputs.ts";

async function world(t: ExecutionContext, answer = "") {
  const directory = await projectWith(t, ["prod", "dr"]);
  const stdin = new PassThrough();
  stdin.end(answer);
  const context: Context = {
    settings: readSettings(
      { DR_PROJECT_DIR: directory, PULUMI_BACKEND_URL: `file://${directory}/state` },
      "/",
    ),
    stdin,
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    signal: new AbortController().signal,
  };
  const asked: string[] = [];
  const open =
    (broken?: string) =>
    ({ stack }: { readonly stack: string }) => ({
      create: async () => void asked.push(`create ${stack}`),
      preview: async () => {
        asked.push(`preview ${stack}`);
        return [];
      },
      up: async () => {
        asked.push(`up ${stack}`);
        if (stack === broken) throw new HalfwayError("update failed");
      },
    });
  return { context, asked, open };
}

test("both stacks: prod, which owns what spans the regions, before dr", async (t) => {
  const { context, asked, open } = await world(t);
  t.is(await deploy({ stacks: STACKS, yes: true, bootstrap: true }, context, open()), 0);
  t.deepEqual(asked, ["create prod", "up prod", "create dr", "up dr"]);
});

test("when prod fails dr is not begun", async (t) => {
  const { context, asked, open } = await world(t);
  await t.throwsAsync(deploy({ stacks: STACKS, yes: true, bootstrap: false }, context, open("prod")), {
    instanceOf: HalfwayError,
  });
  t.deepEqual(asked, ["create prod", "up prod"]);
});

test("without --yes the operator sees what would change and says yes, or nothing is deployed", async (t) => {
  const yes = await world(t, "yes\n");
  t.is(await deploy({ stacks: ["dr"], yes: false, bootstrap: false }, yes.context, yes.open()), 0);
  t.deepEqual(yes.asked, ["create dr", "preview dr", "up dr"]);
  const no = await world(t, "no\n");
  await t.throwsAsync(deploy({ stacks: ["dr"], yes: false, bootstrap: false }, no.context, no.open()), {
    instanceOf: UsageError,
    message: 'not confirmed: got "no", must be yes',
  });
  t.deepEqual(no.asked, ["create dr", "preview dr"]);
});
