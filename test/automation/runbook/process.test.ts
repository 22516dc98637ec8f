import { spawn } from "node:child_process";
import { once } from "node:events";
import test, { type ExecutionContext } from "ava";
import { isAlive, processIdentity, stopOrphans } from "../../../automation/runbook/process.ts";

/** A process that says how it was stopped. */
async function started(t: ExecutionContext) {
  const script = `process.on("SIGINT", () => { console.log("interrupted"); process.exit(); });
    setInterval(() => {}, 1_000); console.log("ready");`;
  const child = spawn(process.execPath, ["--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  await once(child.stdout, "data");
  const ended = once(child, "close").then(() => said);
  return { identity: await processIdentity(child.pid ?? 0), ended };
}

test("a process that outlived its run is told to stop as Ctrl-C would", async (t) => {
  const { identity, ended } = await started(t);
  t.deepEqual(await stopOrphans([identity]), [identity]);
  t.is(await ended, "ready\ninterrupted\n");
  t.false(await isAlive(identity));
  t.deepEqual(await stopOrphans([identity]), []);
});

test("a later process with the same number, another host's, or one without a start time is left alone", async (t) => {
  const { identity } = await started(t);
  const others = [
    { ...identity, startTicks: "1" },
    { ...identity, startTicks: null },
    { ...identity, host: "elsewhere" },
  ];
  t.deepEqual(await stopOrphans(others), []);
  t.true(await isAlive(identity));
});
