/**
 * The drills on the calendar, as their workflow starts them and as a cancelled run ends them; what they find when
 * nobody ends them is test/drills.
 */
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import test from "ava";
import { checkout } from "./machines.ts";
import { Runner } from "./runner.ts";
import { RUN_BY } from "./workflows.ts";

const EVIDENCE = path.join(import.meta.dirname, "../../../evidence");
const JOBS = RUN_BY["automation/review/drills.engine.test.ts"];

test("each sandbox drill starts, says as JSON what it does, keeps it, and is gone when its run is cancelled", async (t) => {
  const runner = await Runner.start(t, { directory: await checkout(t), environment: {}, values: {} });
  for (const name of JOBS) {
    const [file = "", job = ""] = name.split(" ");
    const [step = {}] = runner.stepsOf(file, job);
    const before = new Set(await readdir(EVIDENCE).catch(() => []));
    const { child, ended } = runner.begin(step);
    const events: Readonly<Record<string, unknown>>[] = [];
    await new Promise<void>((resolve, reject) => {
      void ended.then(({ output }) => reject(new Error(output)));
      createInterface({ input: child.stdout ?? process.stdin }).on("line", (text) => {
        events.push(JSON.parse(text));
        if (/: creat/.test(text)) resolve();
      });
    });
    child.kill("SIGINT");
    const { code, output } = await ended;
    t.is(code, 130, output);
    t.like(events, { 0: { type: "note" }, 1: { type: "phase", phase: "set-up" } });
    t.regex(String(events[0]?.["message"]), new RegExp(job === "sandbox-az-loss" ? "zone" : "region"));
    t.regex(output, /^dr: the drill was interrupted: no verdict, nothing is left running$/m);
    // GitHub waits for seconds, a deployment takes a minute.
    t.notRegex(output, /dr: deploying/);
    const [kept = ""] = (await readdir(EVIDENCE)).filter(
      (one) => !before.has(one) && one.startsWith(job.replace("sandbox-", "")),
    );
    t.true((await readdir(path.join(EVIDENCE, kept))).includes("events.ndjson"));
    await rm(path.join(EVIDENCE, kept), { recursive: true });
  }
  t.deepEqual(runner.unrun(RUN_BY["automation/review/drills.engine.test.ts"]), []);
});
