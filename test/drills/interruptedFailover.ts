#!/usr/bin/env node
/**
 * An operator with bad luck: everything that the failover runs dies by SIGKILL in the middle of each of its steps, the
 * state lock stays behind, and the same command is given again.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { FAILOVER_SCRIPT } from "../../automation/drill/operator.ts";
import type { RunEvent } from "../../automation/runbook/events.ts";

/** Shorter than the steps that act. */
const LONGEST_WAIT_MILLISECONDS = 300;
const MOST_RUNS = 25;
const killed = new Set<string>();

/** Gives the exit code; null: killed. */
async function attempt(): Promise<number | null> {
  // A process group of its own, so that the engine dies with the command.
  const child = spawn(FAILOVER_SCRIPT, process.argv.slice(2), {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  let struck = false;
  createInterface({ input: child.stdout }).on("line", (line) => {
    process.stdout.write(`${line}\n`);
    const event = JSON.parse(line) as RunEvent;
    if (event.type !== "step" || event.state !== "started" || killed.has(event.step)) return;
    void sleep(Math.random() * LONGEST_WAIT_MILLISECONDS).then(() => {
      // Steps run side by side: the others have their turn in a later run.
      if (struck || child.exitCode !== null || child.pid === undefined) return;
      struck = true;
      killed.add(event.step);
      process.stderr.write(`kill -9 in step ${event.step}\n`);
      process.kill(-child.pid, "SIGKILL");
    });
  });
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}

for (let run = 1; run <= MOST_RUNS; run++) {
  const code = await attempt();
  if (code !== null) process.exit(code);
}
throw new Error(`the failover did not end within ${MOST_RUNS} runs`);
