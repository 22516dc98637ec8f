import test from "ava";
import { type Observed, recoveryTime, unavoidableWaits } from "../../../automation/drill/recovery.ts";

const DNS = {
  provider: "route53",
  ttlSeconds: 15,
  healthCheckIntervalSeconds: 10,
  failureThreshold: 3,
} as const;
const BOUNDS = unavoidableWaits(DNS, 2);
const IMPACT = 1_000_000;
const at = (seconds: number): number => IMPACT + seconds * 1_000;

type Fresh = Observed["fresh"][number];
const fresh = (seconds: number, resolver: number, ok = true, region = "us-west-2"): Fresh => ({
  type: "fresh",
  sent: at(seconds),
  at: at(seconds) + 100,
  ok,
  resolver,
  region: ok ? region : null,
});

const observed = (change: Partial<Observed> = {}): Observed => ({
  impactAt: IMPACT,
  goAt: at(1),
  lastRecordAt: at(1),
  assessedAt: at(16),
  activeAt: at(26),
  nameAt: at(46),
  target: "us-west-2",
  fresh: [fresh(2, 0, false), fresh(50, 0), fresh(58, 1), fresh(51, 0)],
  ...change,
});

test("the unavoidable waits are known from config alone, before anything happens", (t) => {
  t.deepEqual(BOUNDS, [
    { kind: "dying", name: "the dying region still writes, up to 2 s", seconds: 2 },
    {
      kind: "detection",
      name: "silence of the journal, by which its region is known to be lost",
      seconds: 15,
    },
    { kind: "health", name: "health checks, 3 × 10 s", seconds: 30 },
    { kind: "ttl", name: "DNS TTL, 15 s", seconds: 15 },
  ]);
  t.is(recoveryTime(300, BOUNDS, observed(), []).criticalPathSeconds, 62);
});

test("recovery is the first write of a fresh client, from the impact and from the go", (t) => {
  const { fromImpactSeconds, fromGoSeconds } = recoveryTime(300, BOUNDS, observed(), []);
  t.is(fromImpactSeconds, 50.1);
  t.is(fromGoSeconds, 49.1);
});

test("every resolver has led there when the last one has, and never if one never does", (t) => {
  t.is(recoveryTime(300, BOUNDS, observed(), []).everyResolverSeconds, 58.1);
  const stuck = observed({ fresh: [fresh(50, 0), fresh(60, 1, false)] });
  t.is(recoveryTime(300, BOUNDS, stuck, []).everyResolverSeconds, null);
});

test("an answer of the lost region, or to a request before the impact, is no recovery", (t) => {
  const early = observed({ fresh: [fresh(-1, 0), fresh(0.1, 0, true, "us-east-1"), fresh(9, 0, false)] });
  const { fromImpactSeconds, ownOverheadSeconds } = recoveryTime(300, BOUNDS, early, []);
  t.is(fromImpactSeconds, null);
  t.is(ownOverheadSeconds, null);
});

test("our own work is what no wait excuses: waits count as spent, and at most as allowed", (t) => {
  // 1 until the last record + 15 assess + 20 health checks + 4.1 caches
  const { ownOverheadSeconds } = recoveryTime(300, BOUNDS, observed(), []);
  t.is(ownOverheadSeconds?.toFixed(3), (50.1 - 1 - 15 - 20 - 4.1).toFixed(3));
});

test("luck is not credited: waits that were short leave the same overhead", (t) => {
  const shift = (seconds: number) =>
    observed({ nameAt: at(46 - seconds), fresh: [fresh(50 - seconds, 0), fresh(58, 1)] });
  const overhead = (seconds: number) =>
    recoveryTime(300, BOUNDS, shift(seconds), []).ownOverheadSeconds?.toFixed(3);
  t.is(overhead(0), overhead(12));
});

test("a wait longer than config allows is our own", (t) => {
  const late = observed({ nameAt: at(26 + 70), fresh: [fresh(100, 0)] });
  const usual = recoveryTime(300, BOUNDS, observed(), []).ownOverheadSeconds ?? 0;
  const slow = recoveryTime(300, BOUNDS, late, []).ownOverheadSeconds ?? 0;
  t.is((slow - usual).toFixed(1), "40.0");
});

test("records of a region that dies slowly are no work of ours; those after the time it may take are", (t) => {
  const overhead = (lastRecord: number | null) =>
    recoveryTime(300, BOUNDS, observed({ lastRecordAt: lastRecord === null ? null : at(lastRecord) }), [])
      .ownOverheadSeconds;
  t.is(overhead(null), overhead(0));
  t.is(overhead(-3), overhead(0), "an idle region was silent before");
  t.is(((overhead(0) ?? 0) - (overhead(1) ?? 0)).toFixed(3), "1.000");
  t.is(((overhead(3) ?? 0) - (overhead(2) ?? 0)).toFixed(3), "1.000");
});

test("with a proxied name, which never changes, the health checks last until the recovery", (t) => {
  const proxied = unavoidableWaits({ ...DNS, provider: "cloudflare", ttlSeconds: 0 }, 2);
  const { criticalPath } = recoveryTime(300, proxied, observed({ nameAt: null }), []);
  t.deepEqual(
    criticalPath.map(({ measuredSeconds }) => measuredSeconds),
    [1, 15, 24.1, 0],
  );
});
