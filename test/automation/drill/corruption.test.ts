import test from "ava";
import { corruption } from "../../../automation/drill/corruption/scenario.ts";
import type { CorruptionCase } from "../../../automation/report/evidence.ts";
import { judge } from "../../../automation/report/verdict.ts";
import { measurements } from "./measurements.ts";

const whole: CorruptionCase = {
  id: "bad-deploy",
  title: "a bad release",
  found: "orders of shard 0: 3 rows, total 9; the journal says 3, 6",
  haltedSeconds: 4,
  restoreSeconds: 5,
  replaySeconds: 1,
  eventsReplayed: 40,
  quarantined: 0,
  servedSeconds: 30,
  left: [],
  exitCodes: [0, 0, 0],
};
const judged = (one: CorruptionCase) => {
  const measured = measurements({ cases: [one] });
  return judge(measured, { coverage: [], acknowledged: 0 }, corruption.findings?.(measured));
};

test("a damage that was found, restored from and is gone: met", (t) => {
  t.deepEqual(judged(whole), { verdict: "met", reasons: [] });
});

const bad: readonly [string, Partial<CorruptionCase>, string, string][] = [
  [
    "what is left of it",
    { left: ["orders of shard 1: 2 rows"] },
    "failed",
    "bad-deploy: orders of shard 1: 2 rows",
  ],
  ["a command that failed", { exitCodes: [0, 13] }, "failed", "bad-deploy: a command ended with 13"],
  ["a command that never ended", { exitCodes: [0, null] }, "failed", "bad-deploy: a command ended with null"],
  [
    "a damage that nobody saw",
    { found: null },
    "inconclusive",
    "bad-deploy: the damage was not found, so that nothing was restored from it",
  ],
  ["nothing to replay", { eventsReplayed: 0 }, "inconclusive", "bad-deploy: no event was replayed"],
];
for (const [title, change, verdict, reason] of bad) {
  test(`not met: ${title}`, (t) => {
    t.deepEqual(judged({ ...whole, ...change }), { verdict, reasons: [reason] } as ReturnType<typeof judged>);
  });
}
