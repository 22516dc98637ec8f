import path from "node:path";
import test from "ava";
import { regionLoss } from "../../automation/drill/region-loss.ts";
import { drill } from "./drill.ts";

const SCRIPT = path.join(import.meta.dirname, "interruptedFailover.ts");
/** Nobody predicts how often a command is killed. */
const { findings: _, ...unpredicted } = regionLoss;
/** Those that act; the others may be over before the blow falls. */
const STEPS = ["assess", "fence", "scale", "promote", "rebuild", "catch-up", "smoke", "traffic", "hand-over"];

test("a region that accepts and never answers, and a failover killed in each step: the same command finishes, nothing is lost", async (t) => {
  const { evidence, log } = await drill(t, "interrupted", {
    scenario: unpredicted,
    options: { loss: "blackhole" },
    failoverScript: SCRIPT,
  });
  const killedIn = new Set([...log.matchAll(/^kill -9 in step (\S+)$/gm)].map(([, step = ""]) => step));
  for (const step of STEPS)
    t.true(killedIn.has(step), `killed in ${[...killedIn].join(", ")}, not in ${step}`);
  t.deepEqual(evidence.reasons, []);
  t.is(evidence.verdict, "met");
  t.is(evidence.rpo.lost, 0);
  t.is(evidence.integrity.splitBrainWrites, 0);
  t.deepEqual(evidence.preview, { prod: 0, dr: 0 });
});
