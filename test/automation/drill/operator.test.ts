import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { runFailover } from "../../../automation/drill/operator.ts";
import type { RunEvent } from "../../../automation/runbook/events.ts";

async function script(t: ExecutionContext, body: string) {
  const directory = await mkdtemp(path.join(tmpdir(), "operator-"));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = path.join(directory, "failover.sh");
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  return { file, logFile: path.join(directory, "failover.log") };
}

async function run(t: ExecutionContext, body: string, signal = new AbortController().signal, force = false) {
  const { file, logFile } = await script(t, body);
  const events: RunEvent[] = [];
  const environment = { MARK: "sandbox" };
  const options = { script: file, target: "us-west-2", force, environment, logFile, signal } as const;
  const code = await runFailover(options, (event) => events.push(event));
  return { code, events, log: await readFile(logFile, "utf8") };
}

test("the script is run as an operator in CI would, with the world's environment", async (t) => {
  const { log, code } = await run(t, 'echo "$MARK $*" >&2');
  t.is(log, "sandbox --target us-west-2 --yes --confirm-target us-west-2 --json\n");
  t.is(code, 0);
});

test("its events are passed on, other lines are not, and its exit code is returned", async (t) => {
  const event = { type: "note", at: 1, run: "r1", message: "hello" };
  const { events, code } = await run(
    t,
    `echo '${JSON.stringify(event)}'\necho plain\necho '{"type":"x"}'\nexit 13`,
  );
  t.deepEqual(events, [event as RunEvent]);
  t.is(code, 13);
});

test("an interrupted drill interrupts the script once and waits for its end", async (t) => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 300);
  const { code } = await run(t, "trap 'exit 130' INT\nwhile :; do sleep 0.05; done", controller.signal);
  t.is(code, 130);
});

test("a person decides where the evidence does not settle it", async (t) => {
  const { log } = await run(t, 'echo "$*" >&2', undefined, true);
  t.is(log, "--target us-west-2 --yes --confirm-target us-west-2 --force --json\n");
});

test("a script that is not there is named", async (t) => {
  const options = {
    script: "/nowhere/failover.sh",
    target: "us-west-2" as const,
    force: false,
    environment: {},
    logFile: "/dev/null",
    signal: new AbortController().signal,
  };
  await t.throwsAsync(
    runFailover(options, () => {}),
    { message: /^cannot run \/nowhere\/failover\.sh: / },
  );
});
