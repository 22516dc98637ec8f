import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import test from "ava";
import { EngineError, engine, firstOf } from "../../automation/engine.ts";

const execute = promisify(execFile);

const refusing = (title: string, reason: string) => ({ title, get: () => Promise.reject(new Error(reason)) });

test("the first way that works is taken and later ones are not tried", async (t) => {
  const command = await engine();
  const never = {
    title: "never",
    get: () => {
      t.fail("a later way was tried");
      return Promise.resolve(command);
    },
  };
  const found = await firstOf(
    [refusing("absent", "no"), { title: "works", get: async () => command }, never],
    () => {},
  );
  t.is(found, command);
});

test("one error names every way and why it did not work", async (t) => {
  const error = await t.throwsAsync(
    firstOf(
      [refusing("on PATH", "it is version 3.100.0"), refusing("built with Go", "go: spawn go ENOENT")],
      () => {},
    ),
    { instanceOf: EngineError },
  );
  t.is(
    error?.message,
    "no Pulumi CLI. Install Pulumi 3.200 or newer, or Go, or allow the download. Tried:\n" +
      "  - on PATH: it is version 3.100.0\n" +
      "  - built with Go: go: spawn go ENOENT",
  );
});

test("the engine of this machine answers its version", async (t) => {
  const command = await engine();
  t.true(command instanceof PulumiCommand);
  const { stdout } = await execute(command.command, ["version"], {
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  t.is(stdout.trim(), `v${command.version}`);
});
