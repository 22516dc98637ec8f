import path from "node:path";
import test from "ava";
import { drill } from "./drill.ts";

const SCRIPT = path.join(import.meta.dirname, "interruptedFailover.ts");

test("a region that accepts and never answers, and a failover killed in each step: the same command finishes, nothing is lost", async (t) => {
  const { evidence, started } = await drill(t, "interrupted", { loss: "blackhole" }, SCRIPT);
  const runs = started.filter((step) => step === "assess" || step === "fence").length;
  t.true(runs > 2, `the failover was started again: ${started.join(" ")}`);
  t.deepEqual(evidence.reasons, []);
  t.is(evidence.verdict, "met");
  t.is(evidence.rpo.lost, 0);
  t.is(evidence.integrity.splitBrainWrites, 0);
  t.deepEqual(evidence.preview, { prod: 0, dr: 0 });
});
