import test from "ava";
import { Counters } from "../../../automation/watch/counters.ts";
import { countsOf } from "../../../automation/watch/metrics.ts";
import { createMetrics } from "../../../workload/metrics.ts";

/** As a gateway says it. */
async function pod(name: string, requests: number, failed: number, milliseconds: number) {
  const number = (value: number) => ({ help: "x", read: () => value });
  const metrics = await createMetrics(
    { region: "us-east-1" },
    {
      gateway_requests: number(requests),
      gateway_failed: number(failed),
      gateway_milliseconds: number(milliseconds),
    },
  )();
  return { name, zone: "us-east-1a", ready: true, metrics };
}

test("what gateways counted between two looks, all together", async (t) => {
  const counters = new Counters();
  t.deepEqual(counters.since([await pod("a", 100, 5, 900), await pod("b", 10, 0, 80)]), {
    unknown: "the first look",
  });
  t.deepEqual(counters.since([await pod("a", 110, 6, 1_000), await pod("b", 20, 0, 180)]), {
    requests: 20,
    failed: 1,
    meanMilliseconds: 10,
  });
});

test("a pod that started anew counts from zero", async (t) => {
  const counters = new Counters();
  counters.since([await pod("a", 100, 5, 900)]);
  t.deepEqual(counters.since([await pod("a", 4, 1, 40), await pod("c", 6, 0, 60)]), {
    requests: 10,
    failed: 1,
    meanMilliseconds: 10,
  });
});

test("pods that do not say leave it unknown; some of them do not hide the others", async (t) => {
  const counters = new Counters();
  const silent = { name: "s", zone: "z", ready: false, metrics: { unknown: "503 no such pod" } };
  t.deepEqual(counters.since([]), { unknown: "there is no gateway" });
  t.deepEqual(counters.since([silent]), { unknown: "503 no such pod" });
  counters.since([silent, await pod("a", 1, 0, 1)]);
  t.deepEqual(counters.since([silent, await pod("a", 3, 0, 5)]), {
    requests: 2,
    failed: 0,
    meanMilliseconds: 2,
  });
});

test("gateways of a version that does not count are named, not guessed", (t) => {
  const old = { name: "a", zone: "z", ready: true, metrics: "gateway_requests 3\n" };
  t.throws(() => new Counters().since([old]), {
    message: "the gateways do not count gateway_failed: an older version runs",
  });
});

test("healthy targets per zone; a zone that CloudWatch says nothing of has none", (t) => {
  const answer = {
    MetricDataResults: [
      { Id: "zone1", Values: [2, 3] },
      { Id: "zone0", Values: [1] },
      { Id: "zone2", Values: [] },
    ],
  };
  t.deepEqual(countsOf(answer, ["us-east-1a", "us-east-1b", "us-east-1c"]), {
    "us-east-1a": 1,
    "us-east-1b": 2,
    "us-east-1c": 0,
  });
  t.throws(() => countsOf({ MetricDataResults: [{ Id: "zone0", Values: [] }] }, ["us-east-1a"]), {
    message: "CloudWatch counted no targets, of no zone, in the last five minutes",
  });
});
