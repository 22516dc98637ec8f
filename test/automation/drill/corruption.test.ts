import test from "ava";
import { corruption } from "../../../automation/drill/corruption/scenario.ts";
import type { CorruptionCase } from "../../../automation/report/evidence.ts";
import { judge } from "../../../automation/report/verdict.ts";
import { measurements } from "./measurements.ts";

const foretold = {
  ...{ madeSeconds: -4, rtoSeconds: 25, rtoErrorSeconds: -1, rtoBoundSeconds: 5.2 },
  ...{ gapEvents: null, gapErrorEvents: null, gapBoundEvents: null },
};
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
  fromGoSeconds: 26,
  prediction: foretold,
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
  [
    "a restore that took longer than was foretold",
    { prediction: { ...foretold, rtoErrorSeconds: -5.3 } },
    "failed",
    "bad-deploy: the predicted recovery time was -5.3 s off, 5.2 s are allowed",
  ],
  [
    "a restore that was over sooner than was foretold",
    { prediction: { ...foretold, rtoErrorSeconds: 5.3 } },
    "failed",
    "bad-deploy: the predicted recovery time was 5.3 s off, 5.2 s are allowed",
  ],
  ["nothing to replay", { eventsReplayed: 0 }, "inconclusive", "bad-deploy: no event was replayed"],
];
for (const [title, change, verdict, reason] of bad) {
  test(`not met: ${title}`, (t) => {
    t.deepEqual(judged({ ...whole, ...change }), { verdict, reasons: [reason] } as ReturnType<typeof judged>);
  });
}

test("not met: a restore of which nothing was foretold", (t) => {
  const { prediction: _, ...blind } = whole;
  t.deepEqual(judged(blind), {
    verdict: "failed",
    reasons: ["bad-deploy: the readiness check predicted nothing"],
  });
});

test("without orders again there is nothing to compare with: others say that", (t) => {
  const never = { ...foretold, rtoErrorSeconds: null, rtoBoundSeconds: null };
  t.deepEqual(judged({ ...whole, fromGoSeconds: null, prediction: never, exitCodes: [0, 13] }).reasons, [
    "bad-deploy: a command ended with 13",
  ]);
});
