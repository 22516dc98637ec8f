import test from "ava";
import type { Coverage, Integrity, Measurements } from "../../../automation/report/evidence.ts";
import { judge, VERDICT_EXIT_CODES, VERDICTS } from "../../../automation/report/verdict.ts";
import { measurements, PROMISED } from "../drill/measurements.ts";

const verdict = (change: Partial<Measurements>) => {
  const { verdict: kind, reasons } = judge(measurements(change), PROMISED);
  return [kind, ...reasons];
};
const good = measurements();
const integrity = (change: Partial<Integrity>) => ({ integrity: { ...good.integrity, ...change } });
const coverage = (change: Partial<Coverage>) => ({ coverage: { ...good.coverage, ...change } });
const lost = (count: number) => ({ rpo: { ...good.rpo, lost: count } });

test("all objectives met, everything promised hit: met, without a reason", (t) => {
  t.deepEqual(verdict({}), ["met"]);
});

test("exit codes follow the verdict, and each verdict has its own", (t) => {
  t.deepEqual(VERDICT_EXIT_CODES, {
    met: 0,
    "rto-missed": 12,
    "rpo-missed": 11,
    failed: 13,
    inconclusive: 15,
  });
  t.deepEqual(Object.keys(VERDICT_EXIT_CODES).sort(), [...VERDICTS].sort());
});

test("a single lost write misses the RPO", (t) => {
  t.deepEqual(verdict(lost(1)), ["rpo-missed", "1 acknowledged write lost, of 5812"]);
});

test("one second too late misses the RTO, on time to the second does not", (t) => {
  const rto = (fromImpactSeconds: number | null) => ({ rto: { ...good.rto, fromImpactSeconds } });
  t.deepEqual(verdict(rto(300)), ["met"]);
  t.deepEqual(verdict(rto(301)), ["rto-missed", "RTO 301.0 s, objective 300 s"]);
  t.deepEqual(verdict(rto(null)), ["failed", "no fresh client could write by the public name again"]);
});

for (const [name, change] of [
  ["split brain", { splitBrainWrites: 1 }],
  ["duplicates", { duplicates: 1 }],
  ["a cancel undone", { resurrected: 1 }],
  ["a phantom", { phantom: 1 }],
  ["a stale answer", { staleAnswers: 1 }],
  ["a broken link", { brokenLinks: 1 }],
  ["unequal checksums", { checksumsEqual: false }],
] as const) {
  test(`${name} alone fails the drill`, (t) => {
    t.is(verdict(integrity(change))[0], "failed");
  });
}

for (const name of PROMISED.coverage) {
  test(`a drill with ${name} 0 is inconclusive when the scenario promises it, else not`, (t) => {
    const change = coverage({ [name]: 0 });
    t.deepEqual(verdict(change), ["inconclusive", `coverage.${name} is 0: the loss hit nothing there`]);
    t.is(judge(measurements(change), { ...PROMISED, coverage: [] }).verdict, "met");
  });
}

test("too few acknowledged writes are inconclusive", (t) => {
  t.deepEqual(verdict({ rpo: { ...good.rpo, acknowledged: 1_999 } }), [
    "inconclusive",
    "only 1999 acknowledged writes, the scenario promises 2000",
  ]);
});

test("what the failover command says of itself counts", (t) => {
  const failover = (exitCode: number | null) => ({ failover: { run: "r", exitCode } });
  t.is(verdict(failover(11))[0], "rpo-missed");
  t.is(verdict(failover(12))[0], "rto-missed");
  t.deepEqual(verdict(failover(13)), ["failed", "the failover command ended with exit code 13"]);
  t.deepEqual(verdict(failover(null)), ["failed", "the failover command ended with no exit code"]);
});

test("a database that never took writes and a preview that failed are failures, a refused one is not", (t) => {
  t.is(verdict({ databaseWritableSeconds: null })[0], "failed");
  t.is(verdict({ preview: { prod: "failed", dr: 0 } })[0], "failed");
  t.is(verdict({ preview: { prod: "refused", dr: 0 } })[0], "met");
});

test("the worst finding gives the verdict, all of them the reasons", (t) => {
  const all = { ...lost(2), ...integrity({ phantom: 1 }), ...coverage({ orphans: 0 }) };
  t.deepEqual(verdict(all), [
    "rpo-missed",
    "2 acknowledged writes lost, of 5812",
    '1 × order exists that was answered "refused" or "never appended"',
    "coverage.orphans is 0: the loss hit nothing there",
  ]);
});
