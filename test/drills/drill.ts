/** A whole drill as a test: real engine, real PostgreSQL, real clients; everything it printed goes to the test's log. */
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { ExecutionContext } from "ava";
import { openSandbox } from "../../automation/commands/drill-world.ts";
import { FAILOVER_SCRIPT } from "../../automation/drill/operator.ts";
import { regionLoss } from "../../automation/drill/region-loss.ts";
import { runDrill } from "../../automation/drill/run.ts";
import type { Scenario } from "../../automation/drill/scenario.ts";
import type { OpenWorld } from "../../automation/drill/world.ts";
import type { Evidence } from "../../automation/report/evidence.ts";

const EVIDENCE = path.join(import.meta.dirname, "..", "..", "evidence");

export interface DrillRun {
  readonly evidence: Evidence;
  /** What the failover wrote to stderr; empty when nobody ran one. */
  readonly log: string;
}

export interface DrillChanges {
  /** Default: `regionLoss`. */
  readonly scenario?: Scenario;
  readonly options?: Partial<Evidence["options"]>;
  readonly open?: OpenWorld;
  readonly failoverScript?: string;
}

export async function drill(
  t: ExecutionContext,
  id: string,
  {
    scenario = regionLoss,
    options: changes = {},
    open = openSandbox,
    failoverScript = FAILOVER_SCRIPT,
  }: DrillChanges = {},
): Promise<DrillRun> {
  const options = {
    ...{ rate: 80, clients: 40, seed: 7, latency: "none", dns: "route53", loss: "kill" },
    ...changes,
  } as Evidence["options"];
  const directory = path.join(EVIDENCE, `test-${id}-${process.pid}`);
  await mkdir(directory, { recursive: true });
  const evidence = await runDrill(scenario, {
    ...{ id, options, directory, open, failoverScript },
    signal: new AbortController().signal,
    say(event) {
      if (event.type === "phase" || event.type === "note") t.log(JSON.stringify(event));
      if (event.type !== "failover" || event.event.type !== "step") return;
      const { step, state, seconds, detail } = event.event;
      if (state !== "started") t.log(`${step} ${state} ${seconds?.toFixed(1)} s ${detail ?? ""}`);
    },
    concluded: async () => {},
  });
  const log = await readFile(path.join(directory, "failover.log"), "utf8").catch(() => "");
  return { evidence, log };
}
