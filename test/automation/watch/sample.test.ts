import test from "ava";
import { errorRate, judge, Series } from "../../../automation/watch/sample.ts";
import { blind, failing, good, limping } from "./samples.ts";

test("good is a new client served, gateways without failures, and a journal that moves", (t) => {
  t.deepEqual(judge(good), { state: "good" });
  t.deepEqual(judge({ ...good, served: { requests: 0, failed: 0, meanMilliseconds: null } }), {
    state: "good",
  });
  t.deepEqual(judge({ ...good, heartbeatSeconds: null }), { state: "good" }, "nothing was ever written");
});

test("each failure says what it is", (t) => {
  const reasons = (sample: typeof good) => {
    const judged = judge(sample);
    return judged.state === "failing" ? judged.reasons : judged;
  };
  t.deepEqual(reasons(failing), ["nobody answers by the public name"]);
  t.deepEqual(reasons({ ...good, served: { requests: 100, failed: 2, meanMilliseconds: 9 } }), [
    "2 of 100 requests failed",
  ]);
  t.deepEqual(judge({ ...good, served: { requests: 100, failed: 1, meanMilliseconds: 9 } }), {
    state: "good",
  });
  t.deepEqual(reasons({ ...good, heartbeatSeconds: 7.25 }), ["a shard's newest record is 7.3 s old"]);
});

test("clients of a lost zone count, though no gateway hears of them", (t) => {
  t.deepEqual(judge(limping), {
    state: "failing",
    reasons: ["1 of 3 new clients by the public name were not served"],
  });
  t.is(errorRate(good), 0);
  t.is(Math.round(errorRate(limping) ?? 0), 33);
  t.is(errorRate({ ...limping, served: { requests: 2, failed: 1, meanMilliseconds: 1 } }), 50);
  t.is(errorRate({ ...blind, served: { unknown: "no answer" } }), null);
});

test("what cannot be seen is not good, and a failure outweighs it", (t) => {
  t.deepEqual(judge(blind), { state: "unknown", reasons: ["the public name: queryA ETIMEOUT"] });
  t.deepEqual(judge({ ...good, served: { unknown: "the first look" } }), {
    state: "unknown",
    reasons: ["the gateways: the first look"],
  });
  t.is(judge({ ...failing, served: { unknown: "no answer" } }).state, "failing");
});

test("stable is good without a break", (t) => {
  const series = new Series();
  const wanted = { untilStableSeconds: 3 };
  const at = (second: number, sample: typeof good) => {
    series.add(second * 1000, judge(sample));
    return series.end(second * 1000, wanted);
  };
  t.is(at(0, good), undefined);
  t.is(at(2, good), undefined);
  t.is(at(2.5, blind), undefined, "not to see breaks it");
  t.is(at(3, good), undefined);
  t.is(at(5, good), undefined);
  t.is(at(6, good), "stable");
});

test("failing is no good look since the first that failed; not to see neither begins nor ends it", (t) => {
  const series = new Series();
  const wanted = { untilFailingSeconds: 10 };
  const at = (second: number, sample: typeof good) => {
    series.add(second * 1000, judge(sample));
    return series.end(second * 1000, wanted);
  };
  t.is(at(0, blind), undefined);
  t.is(at(20, blind), undefined);
  t.is(at(21, failing), undefined);
  t.is(at(25, good), undefined);
  t.is(at(26, failing), undefined);
  t.is(at(30, blind), undefined);
  t.is(at(36, blind), "failing");
});
