import test from "ava";
import type { Attempt, ClientLine } from "../../../automation/drill/client-log.ts";
import { clientFigures, type Moments } from "../../../automation/drill/outage.ts";
import { attemptOf } from "./history.ts";

const OLD = "127.1.10.11:8443";
const NEW = "127.1.20.11:8443";
const MOMENTS: Moments = {
  impactAt: 0,
  watchedUntil: 100_000,
  lostHosts: new Set(["127.1.10.11"]),
  target: "us-west-2",
};

const client = (name: string, pinned = false): ClientLine => ({
  type: "client",
  client: name,
  pinned,
  persistent: false,
});
let operation = 0;
const sent = (name: string, at: number, change: Partial<Attempt> = {}): Attempt =>
  attemptOf({ client: name, operation: ++operation, sent: at, answered: at + 10, address: NEW, ...change });
const failed = (name: string, at: number): Attempt =>
  sent(name, at, { address: OLD, region: null, outcome: "unsent", status: null });

test("a client's outage lasts from the impact to its first answer by the new region", (t) => {
  const attempts = [
    sent("a", -5, { region: "us-east-1" }),
    failed("a", 1_000),
    sent("a", 20_000),
    failed("b", 1_000),
    sent("b", 29_990),
    failed("c", 1_000),
    sent("c", 40_000),
  ];
  const figures = clientFigures({ clients: ["a", "b", "c"].map((name) => client(name)), attempts }, MOMENTS);
  t.is(figures.p50OutageSeconds, 30);
  t.is(figures.maxOutageSeconds, 40.01);
  t.is(figures.stragglers, 0);
});

test("a refusal is service, a 503 is not, and neither is an answer of the lost region", (t) => {
  const outage = (attempt: Attempt) =>
    clientFigures({ clients: [client("a")], attempts: [attempt, sent("a", 60_000)] }, MOMENTS)
      .maxOutageSeconds;
  t.is(outage(sent("a", 1_000, { outcome: "refused", status: 422 })), 1.01);
  t.is(outage(sent("a", 1_000, { outcome: "never-appended", status: 503 })), 60.01);
  t.is(outage(sent("a", 1_000, { region: "us-east-1" })), 60.01);
});

test("stragglers are clients whose last request of the watch went to the lost region, pinned ones told apart", (t) => {
  const attempts = [
    sent("moved", 50_000),
    failed("pinned", 99_000),
    failed("stuck", 99_000),
    failed("moved", 10_000),
    // After the watch: the old region is back, and what goes there then is no longer straggling.
    sent("moved", 100_001, { address: OLD }),
  ];
  const clients = [client("moved"), client("pinned", true), client("stuck")];
  const figures = clientFigures({ clients, attempts }, MOMENTS);
  t.is(figures.stragglers, 2);
  t.is(figures.pinned, 1);
});

test("operations are counted once, by their first attempt; fresh clients are not among them", (t) => {
  const first = sent("a", 1_000, { outcome: "unknown", status: null });
  const attempts = [
    first,
    { ...first, attempt: 2, outcome: "accepted" as const },
    sent("a", 2_000),
    sent("a", 3_000, { outcome: "never-appended", status: 503 }),
    sent("fresh-1", 4_000, { fresh: true }),
  ];
  const {
    sent: all,
    ok,
    failed: bad,
    neverAppended,
  } = clientFigures({ clients: [client("a")], attempts }, MOMENTS);
  t.deepEqual([all, ok, bad, neverAppended], [3, 1, 2, 1]);
});

test("without any client served again there is no outage to tell", (t) => {
  const figures = clientFigures({ clients: [client("a")], attempts: [failed("a", 1_000)] }, MOMENTS);
  t.is(figures.p50OutageSeconds, null);
  t.is(figures.maxOutageSeconds, null);
});
