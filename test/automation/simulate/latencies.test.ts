import { existsSync } from "node:fs";
import path from "node:path";
import test from "ava";
import { failover } from "../../../automation/failover/runbook.ts";
import { disable, enable } from "../../../automation/maintenance/runbook.ts";
import { rebuildRunbook } from "../../../automation/rebuild/runbook.ts";
import { restoreRunbook } from "../../../automation/restore/runbook.ts";
import { flatten, type Node } from "../../../automation/runbook/step.ts";
import { PLACES, quantileOf, readLatencies } from "../../../automation/simulate/latencies.ts";

const ROOT = path.join(import.meta.dirname, "../../..");
const SHARES = [0.01, 0.5, 0.99];

test("a distribution is what its figures say", (t) => {
  const of = (distribution: Parameters<typeof quantileOf>[0]) =>
    SHARES.map((share) => Math.round(quantileOf(distribution)(share) * 100) / 100);
  t.deepEqual(of({ constant: 3 }), [3, 3, 3]);
  t.deepEqual(of({ uniform: [10, 20] }), [10.1, 15, 19.9]);
  t.deepEqual(of({ triangular: [0, 5, 10] }), [0.71, 5, 9.29]);
  t.deepEqual(of({ triangular: [4, 4, 4] }), [4, 4, 4]);
  t.deepEqual(of({ lognormal: { p50: 2, p99: 8 } }), [0.5, 2, 8]);
  t.deepEqual(of({ measured: [3, 1, 2] }), [1.02, 2, 2.98]);
});

const stepsOf = (nodes: readonly Node<never, never>[]) => flatten(nodes).map(({ id }) => id);
const RUNBOOKS = [failover, enable, disable, restoreRunbook, rebuildRunbook];

for (const place of PLACES) {
  test(`every latency of ${place} has a source and belongs to a step of a runbook`, async (t) => {
    const { latencies } = await readLatencies(place);
    const steps = new Set(["decision", "start", "validate", ...RUNBOOKS.flatMap(stepsOf)]);
    for (const [name, { step, says, source }] of Object.entries(latencies)) {
      if (!source.startsWith("https:")) t.true(existsSync(path.join(ROOT, source)), `${name}: ${source}`);
      t.true(steps.has(step), `${name}: there is no step ${step}`);
      t.true(says.length > 0, `${name} does not say what its source says`);
    }
  });
}
