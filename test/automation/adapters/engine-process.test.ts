import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import test, { type ExecutionContext } from "ava";
import { EngineExitError, supervised } from "../../../automation/adapters/engine-process.ts";
import { isAlive, type ProcessIdentity } from "../../../automation/runbook/process.ts";

/** A shell script in the engine's place, called as the Automation API calls the CLI. */
async function engineOf(
  t: ExecutionContext,
  script: string,
  started: (child: ProcessIdentity) => Promise<void>,
) {
  const directory = await mkdtemp(path.join(tmpdir(), "dr-engine-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const command = path.join(directory, "pulumi");
  await writeFile(command, `#!/bin/sh\n${script}\n`);
  await chmod(command, 0o755);
  const fake = { command, version: null } as unknown as PulumiCommand;
  const tracked = supervised(fake, { environment: { PATH: process.env["PATH"] }, started }) as unknown as {
    run(
      args: string[],
      cwd: string,
      env: object,
      onOutput?: unknown,
      onError?: unknown,
      signal?: AbortSignal,
    ): Promise<{ stdout: string }>;
  };
  return (args: string[], signal?: AbortSignal) =>
    tracked.run(args, directory, {}, undefined, undefined, signal);
}

test("the engine is on record, with the pid that will hold the lock, before it runs its first line", async (t) => {
  let child: ProcessIdentity | undefined;
  let recorded = false;
  const run = await engineOf(t, 'echo "$$"', async (identity) => {
    child = identity;
    await new Promise((resolve) => setTimeout(resolve, 100));
    recorded = true;
  });
  const { stdout } = await run(["up"]);
  t.true(recorded);
  t.is(stdout.trim(), String(child?.pid));
});

test("an engine that cannot be put on record never starts", async (t) => {
  const marker = path.join(tmpdir(), `dr-marker-${process.pid}`);
  const run = await engineOf(t, `echo started > ${marker}`, () => Promise.reject(new Error("disk full")));
  await t.throwsAsync(run(["up"]), { message: "disk full" });
  await t.throwsAsync(rm(marker), { code: "ENOENT" });
});

test("an abort reaches the engine once, and its end is waited for", async (t) => {
  const script = 'n=0; trap "n=\\$((n+1))" INT; echo ready; sleep 0.3 & wait; sleep 0.3; echo "aborts: $n"';
  const interrupt = new AbortController();
  const run = await engineOf(t, script, async () => {
    setTimeout(() => {
      interrupt.abort();
      interrupt.abort();
    }, 150);
  });
  const { stdout } = await run(["up"], interrupt.signal);
  t.regex(stdout, /aborts: 1/);
});

test("a failure is told in the engine's own error lines", async (t) => {
  const run = await engineOf(
    t,
    'echo "Updating"; echo "    error: no such host" >&2; exit 255',
    async () => {},
  );
  await t.throwsAsync(run(["up"]), {
    instanceOf: EngineExitError,
    message: "the Pulumi engine ended with exit code 255: error: no such host",
  });
});

test("what the state itself tells costs no process", async (t) => {
  const run = await engineOf(t, "exit 1", async () => t.fail("a process was started"));
  t.is((await run(["stack", "output", "--json"])).stdout, "{}");
  t.is((await run(["stack", "history", "--json"])).stdout, "[]");
});

test("a process that ended is told apart from a later one with its number, and other hosts are not judged", async (t) => {
  const mine = {
    pid: process.pid,
    host: (await import("node:os")).hostname(),
    startedAt: 0,
    startTicks: "1",
  };
  t.is(await isAlive(mine), false);
  t.is(await isAlive({ ...mine, host: "elsewhere" }), undefined);
});
