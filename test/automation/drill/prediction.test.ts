import test from "ava";
import type { Forecast } from "../../../automation/check/forecast.ts";
import {
  compare,
  compareRestore,
  compareZoneLoss,
  furthestOff,
  orderError,
  orderFindings,
  predictionFindings,
  recoveryFindings,
} from "../../../automation/drill/prediction.ts";
import { measurements } from "./measurements.ts";

const IMPACT = 1_800_000_000_000;
const forecast: Forecast = {
  at: IMPACT - 5_000,
  recovery: { fromImpact: { p50: 50, p95: 55, p99: 58 }, goSeconds: 1, planSeconds: 3, shares: [] },
  restore: {
    of: {
      database: { fromGo: { p50: 40, p95: 45, p99: 48 }, shares: [] },
      journal: { fromGo: { p50: 60, p95: 66, p99: 70 }, shares: [] },
    },
    ...{ records: 900, recordsToReplay: 900, foundWithinSeconds: 3_600, testedAt: null },
  },
  zoneLoss: { p50: 45, p95: 48, p99: 49 },
  loss: { orders: 0, databaseEvents: 30, eventsPerSecond: 40 },
};
const happened = { impactAt: IMPACT, fencedAt: IMPACT + 16_000, rtoSeconds: 52, gapEvents: 25 };

const findings = (change: Partial<typeof happened>, told: Forecast = forecast) =>
  predictionFindings(measurements({ prediction: compare(told, { ...happened, ...change }) }));

test("what was predicted, how far off it was, and how far it may be", (t) => {
  t.deepEqual(compare(forecast, happened), {
    madeSeconds: -5,
    rtoSeconds: 50,
    rtoErrorSeconds: -2,
    rtoBoundSeconds: 10.4,
    gapEvents: 30,
    gapErrorEvents: 5,
    gapBoundEvents: 840,
  });
  t.deepEqual(findings({}), []);
});

test("more than a fifth off fails the drill, in either direction", (t) => {
  t.deepEqual(findings({ rtoSeconds: 41.6 }), [
    ["failed", "the predicted recovery time was 8.4 s off, 8.3 s are allowed"],
  ]);
  t.deepEqual(findings({ rtoSeconds: 63 }), [
    ["failed", "the predicted recovery time was -13.0 s off, 12.6 s are allowed"],
  ]);
  t.deepEqual(findings({ rtoSeconds: 42 }), []);
});

test("of a short recovery two seconds are allowed", (t) => {
  const short = { ...forecast, recovery: { ...forecast.recovery, fromImpact: { p50: 6, p95: 7, p99: 8 } } };
  t.deepEqual(findings({ rtoSeconds: 4.1 }, short), []);
  t.is(findings({ rtoSeconds: 3.9 }, short).length, 1);
});

test("the gap may be off by what was written between prediction and fence, no more", (t) => {
  t.deepEqual(findings({ gapEvents: 870 }), []);
  t.deepEqual(findings({ gapEvents: 871 }), [
    ["failed", "the predicted gap of the database was -841 event(s) off, the write rate allows 840"],
  ]);
});

test("no prediction, or one that cannot be compared, fails the drill", (t) => {
  const { prediction: _, ...without } = measurements();
  t.deepEqual(predictionFindings(without), [["failed", "the readiness check predicted nothing"]]);
  const blind = { ...forecast, loss: { ...forecast.loss, databaseEvents: null } };
  t.deepEqual(findings({}, blind), [["failed", "the predicted gap of the database was not shown to hold"]]);
});

test("without a recovery there is nothing to compare with: others say that", (t) => {
  t.deepEqual(
    predictionFindings(
      measurements({ prediction: compare(forecast, { ...happened, rtoSeconds: null, fencedAt: null }) }),
    ),
    [],
  );
});

test("a zone's loss is compared by its longest errors, and has no gap", (t) => {
  const of = (errorsEndSeconds: number | null) =>
    measurements({ prediction: compareZoneLoss(forecast, { impactAt: IMPACT, errorsEndSeconds }) });
  t.deepEqual(of(50).prediction, {
    ...{ madeSeconds: -5, rtoSeconds: 45, rtoErrorSeconds: -5, rtoBoundSeconds: 10 },
    ...{ gapEvents: null, gapErrorEvents: null, gapBoundEvents: null },
  });
  t.deepEqual(recoveryFindings(of(50)), []);
  t.deepEqual(recoveryFindings(of(null)), []);
  t.deepEqual(recoveryFindings(of(57)), [
    ["failed", "the predicted recovery time was -12.0 s off, 11.4 s are allowed"],
  ]);
});

const restored = (damaged: "database" | "journal", fromGoSeconds: number | null, told = forecast) =>
  compareRestore(told, damaged, { impactAt: IMPACT, fromGoSeconds });

test("a restore is compared from the go, a rebuilding with its own forecast", (t) => {
  const noGap = { gapEvents: null, gapErrorEvents: null, gapBoundEvents: null };
  t.deepEqual(restored("database", 35), {
    ...{ madeSeconds: -5, rtoSeconds: 40, rtoErrorSeconds: 5, rtoBoundSeconds: 7 },
    ...noGap,
  });
  t.deepEqual(restored("journal", 70), {
    ...{ madeSeconds: -5, rtoSeconds: 60, rtoErrorSeconds: -10, rtoBoundSeconds: 14 },
    ...noGap,
  });
  t.is(restored("database", null)?.rtoErrorSeconds, null);
  t.is(restored("database", 35, { ...forecast, restore: { unknown: "no answer" } }), undefined);
});

test("of several the one counts that is furthest off, by what it may be", (t) => {
  const [small, large, none] = [restored("database", 31), restored("journal", 71), restored("journal", null)];
  const all = [none, large, small].flatMap((one) => one ?? []);
  t.is(furthestOff(all), small);
  t.is(furthestOff(all.slice(0, 2)), large);
  t.is(furthestOff(all.slice(0, 1)), none);
  t.is(furthestOff([]), undefined);
});

test("an acknowledged order lost that nobody foretold is told", (t) => {
  const { prediction } = measurements();
  const of = (lost: number) => {
    const orders = orderError(forecast, lost);
    return orderFindings(measurements(prediction && { prediction: { ...prediction, orders } }));
  };
  t.deepEqual(of(0), []);
  t.deepEqual(of(3), [["failed", "0 acknowledged order(s) were predicted to be lost, 3 were"]]);
  t.deepEqual(orderFindings(measurements()), []);
});
