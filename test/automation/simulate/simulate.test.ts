import test from "ava";
import { failover } from "../../../automation/failover/runbook.ts";
import { flatten, type Node } from "../../../automation/runbook/step.ts";
import { Draws, quantilesOf } from "../../../automation/simulate/draws.ts";
import { FENCE_OPERATIONS, MODELS } from "../../../automation/simulate/model.ts";
import { attempt, shortenings, simulate } from "../../../automation/simulate/simulate.ts";
import { criticalPath, unmodelled, walk } from "../../../automation/simulate/walk.ts";
import { fence, type JournalRecord, openWriter, readHead } from "../../../journal/index.ts";
import { countRounds, MemoryTable, memoryJournal } from "../../journal/memory.ts";
import { setting, tableOf } from "./table.ts";

const draw = { runs: 200, seed: 7 };
const step = (id: string): Node<object, object> => ({ id, title: id, run: async () => ({ detail: "" }) });

function once(given: Partial<typeof setting>, latencies: Parameters<typeof tableOf>[0]) {
  const table = tableOf(latencies);
  return attempt({ ...setting, ...given }, table, new Draws(1, 0, quantilesOf(table)));
}

test("every step of the failover is modelled, and nothing else is", (t) => {
  t.deepEqual(unmodelled(failover, MODELS), []);
});

test("a step without a model is named, and so is a model without a step", (t) => {
  t.deepEqual(unmodelled([step("one")], { two: (at: number) => at }), [
    "step one of the runbook has no model: say in automation/simulate what it waits for",
    "there is a model of step two, which the runbook does not have",
  ]);
  t.throws(() => walk([step("one")], 0, {}, {}, []), { message: /^step one of the runbook has no model/ });
});

test("a fence takes the operations that the model says, one after the other", async (t) => {
  const lost = new MemoryTable();
  const before = memoryJournal(lost);
  const writer = await openWriter({ store: before, shard: 0, region: "us-east-1", writer: "a", window: 4 });
  await Promise.all([writer.append("1", 1), writer.append("2", 1)]);
  // A put that landed with a gap below it.
  const log = lost.log(0, 1);
  log.set(4, { ...(log.get(2) as JournalRecord), seq: 4 });
  const { known } = await readHead(before, 0);
  const { table, rounds } = countRounds(lost);
  const store = memoryJournal(table);
  await store.readRegionItem();
  await store.bumpRegionItem({ generation: 1, active: "us-west-2", runId: "run" });
  const fenced = await fence(store, 0, {
    ...{ region: "us-west-2", generation: 1, reason: "failover", sealer: "run", window: 4, known },
  });
  t.like(fenced, { sealed: true, gapsAtSeal: 1 });
  t.is(rounds(), FENCE_OPERATIONS);
});

test("branches begin together, and what follows waits for the longest", (t) => {
  const models = { a: plus(1), b: plus(5), c: plus(2), d: plus(1) };
  const nodes = [
    step("a"),
    { parallel: [{ nodes: [step("b")] }, { nodes: [step("c")], tolerated: true }] },
    step("d"),
  ];
  const spans: Parameters<typeof walk>[4] = [];
  t.is(walk(nodes, 10, models, {}, spans), 17);
  t.deepEqual(spans, [
    { step: "a", start: 10, end: 11 },
    { step: "b", start: 11, end: 16 },
    { step: "c", start: 11, end: 13 },
    { step: "d", start: 16, end: 17 },
  ]);
  t.deepEqual(
    criticalPath(spans).map((span) => span.step),
    ["a", "b", "d"],
  );
});

test("a failover takes every step of the runbook once, in its order", (t) => {
  const { spans } = once({}, {});
  const steps = flatten(failover).map(({ id }) => id);
  t.deepEqual(
    spans.map((span) => span.step),
    ["decision", ...steps, "health checks", "caches"],
  );
});

test("the journal's silence counts from the impact: a late go does not wait for it again", (t) => {
  const end = (go: number) => once({ go }, {}).spans.find((span) => span.step === "assess")?.end;
  t.is(end(1), 15);
  t.is(end(12), 15);
  t.is(end(13), 16, "watched for three seconds at least");
  t.is(end(100), 103);
});

test("the chain to the first write is the sum of its waits", (t) => {
  const waits = {
    scaleOut: 4,
    switch: 2,
    engineStart: 3,
    controlRead: 1,
    clientWrite: 0.5,
    healthPropagation: 2,
  };
  const { moments } = once({}, waits);
  const turn = new Draws(1, 0, quantilesOf(tableOf({}))).share("healthChecks");
  t.is(moments.active, 15 + 4 + 3 + 2 + 1);
  t.is(round(moments.named), round(moments.active + 10 * turn + 2));
  t.is(round(moments.recovered), round(moments.named + 0.5));
});

test("engines start while Pulumi ends its update; traffic waits for whoever is later", (t) => {
  const active = (update: number, engineStart: number) =>
    once({}, { scaleOut: 2, update, engineStart }).moments.active;
  t.is(active(5, 0), 15 + 2 + 5);
  t.is(active(5, 3), 15 + 2 + 5);
  t.is(active(5, 6), 15 + 2 + 6);
});

test("orders wait for no database", (t) => {
  const slow = once({}, { promotion: 900 });
  t.is(slow.moments.recovered, once({}, {}).moments.recovered);
  t.is(slow.moments.databaseWritable, 15 + 900);
});

test("a cold standby waits for its nodes and images, a warm one does not", (t) => {
  const waits = { nodeStart: 60, imagePull: 30 };
  const active = (standby: "warm" | "cold") => once({ standby }, waits).moments.active;
  t.is(active("cold") - active("warm"), 90);
});

test("the name leads to the lost side as long as that counts as healthy", (t) => {
  const dns = { ...setting.dns, failureThreshold: 10 };
  const table = tableOf({});
  const draws = new Draws(1, 0, quantilesOf(table));
  const { moments } = attempt({ ...setting, dns }, table, draws);
  t.is(
    round(moments.named),
    round(Math.max(15 + 10 * (9 + draws.share("healthChecks")), 90 + 10 * draws.share("lostSide") + 4)),
  );
});

test("a proxied name has no caches to wait for, and one success is enough", (t) => {
  const dns = {
    provider: "cloudflare" as const,
    ttlSeconds: 0,
    healthCheckIntervalSeconds: 15,
    failureThreshold: 1,
  };
  const { moments } = once({ dns }, {});
  t.is(moments.recovered, moments.named);
  t.true(moments.named - moments.active <= 15);
});

test("a seed repeats its figures, another has others", (t) => {
  const table = tableOf({ update: { uniform: [1, 9] } });
  const p50 = (seed: number) => simulate(setting, table, { runs: 200, seed }).fromImpact.p50;
  t.is(p50(3), p50(3));
  t.not(p50(3), p50(4));
});

test("figures: percentiles, share inside the objective, phases", (t) => {
  const table = tableOf({ update: { uniform: [0, 280] }, switch: { uniform: [0, 280] } });
  const { fromImpact, fromGo, inside, phases } = simulate(setting, table, { runs: 5_000, seed: 1 });
  // Two updates, the silence and the checks: half of the sums are beyond 280 s.
  t.true(Math.abs(fromImpact.p50 - 300) < 6, `${fromImpact.p50}`);
  t.is(round(fromImpact.p50 - fromGo.p50), 1);
  t.true(inside > 0.47 && inside < 0.53, `${inside}`);
  t.is(phases.find(({ phase }) => phase === "assess")?.end, 15);
});

test("the slowest of many is slower than one", (t) => {
  const table = tableOf({ podStart: { uniform: [0, 10] } });
  const median = (pods: number) =>
    simulate({ ...setting, pods }, table, draw).phases.find(({ phase }) => phase === "rebuild")?.seconds
      .p50 ?? 0;
  t.true(median(1) < 6);
  t.true(median(50) > 9);
});

test("what to shorten next is what takes most off the 99th percentile", (t) => {
  const table = tableOf({ scaleOut: 20, engineStart: 10, promotion: 500, plan: 1 });
  const found = shortenings({ ...setting, go: 100 }, table, draw);
  t.deepEqual(
    found.slice(0, 2).map(({ wait, savedSeconds }) => [wait, round(savedSeconds)]),
    [
      ["scaleOut", 10],
      ["engineStart", 5],
    ],
  );
  t.false(
    found.some(({ wait }) => wait === "promotion"),
    "orders do not wait for the database",
  );
});

function plus(seconds: number): (at: number) => number {
  return (at) => at + seconds;
}
const round = (value: number): number => Math.round(value * 1e6) / 1e6;
