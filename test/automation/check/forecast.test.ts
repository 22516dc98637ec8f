import test from "ava";
import {
  type Findings,
  forecastRecovery,
  forecastRestore,
  forecastZoneLoss,
  GO_SECONDS,
  type Restorable,
} from "../../../automation/check/forecast.ts";
import { loss } from "../../../automation/check/gather/loss.ts";
import { setting, tableOf } from "../simulate/table.ts";

const { go: _, ...rest } = setting;
const findings: Findings = { setting: rest, planSeconds: null, tailRecords: 0, mustPull: false };
const table = tableOf({ scaleOut: 4, switch: 2, engineStart: 3, imagePull: 20, nodeStart: 60 });
const median = (change: Partial<Findings>, of = table) =>
  forecastRecovery({ ...findings, ...change }, of).fromImpact.p50;
const close = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;

test("the shares are the whole recovery, the longest first", (t) => {
  const { shares, goSeconds } = forecastRecovery(findings, table);
  t.is(goSeconds, GO_SECONDS);
  const sum = shares.reduce((total, { seconds }) => total + seconds, 0);
  // 15 s of silence, 4, 3 and 2 s of work; the one check's turn is somewhere in its 10 s.
  t.true(Math.abs(sum - (15 + 4 + 3 + 2 + 5)) < 0.5, `${sum}`);
  t.deepEqual(
    shares.slice(0, 2).map(({ name }) => name),
    ["the loss is certain", "health checks"],
  );
  t.deepEqual(
    shares.map(({ seconds }) => seconds),
    shares.map(({ seconds }) => seconds).toSorted((a, b) => b - a),
  );
});

test("current facts count: the tail to replay, images to pull, nodes to start", (t) => {
  const now = median({});
  t.true(close(median({ tailRecords: 12_000 }) - now, 2));
  t.true(close(median({ mustPull: true }) - now, 20));
  const cold = { setting: { ...rest, standby: "cold" as const }, mustPull: true };
  t.true(close(median(cold) - now, 80), "new nodes pull once");
});

test("own work goes with this host's speed, by half of what is more than noise", (t) => {
  const work = {
    ...table,
    planSeconds: 4,
    latencies: { ...table.latencies, scaleOut: { ...table.latencies.scaleOut, work: true } },
  };
  t.true(close(median({ planSeconds: 4 }, work), median({}, work)));
  t.true(close(median({ planSeconds: 5 }, work), median({}, work)), "two plans on one host differ as much");
  t.true(close(median({ planSeconds: 3.2 }, work), median({}, work)));
  t.true(
    close(median({ planSeconds: 1.3 * 16 }, work) - median({}, work), 4),
    "four times as slow: twice as long",
  );
  t.true(close(median({}, work) - median({ planSeconds: 1 / 1.3 }, work), 2), "four times as fast");
  t.true(close(median({ planSeconds: 16 }), median({})), "what is no work of the host does not");
});

test("a zone's loss ends when its address is unhealthy for every checker, known, and out of caches", (t) => {
  const known = tableOf({ healthPropagation: 1 });
  const dns = { ...rest.dns, ttlSeconds: 15, failureThreshold: 3 };
  const { p50, p99 } = forecastZoneLoss({ ...rest, dns }, known);
  // Two intervals and the one checker's turn in the third, 4 s of its patience, a second to be known, the TTL.
  t.true(Math.abs(p50 - (20 + 5 + 4 + 1 + 15)) < 0.5, `${p50}`);
  t.true(p99 > 49 && p99 < 50, `${p99}`);
});

const restorable: Restorable = {
  ...{ shards: 2, instances: 3, records: 100_000, recordsPerSecond: 10 },
  tested: null,
};

test("a restore goes by what is there: length and growth of the journal, and the newest tested restore", (t) => {
  const known = tableOf({ clusterRestore: 900, readThousand: 1, applyThousand: 2, putThousand: 4 });
  const of = (change: Partial<Restorable>) => forecastRestore({ ...restorable, ...change }, null, known);
  const { of: both, ...rest } = of({});
  // Two proofs of 100,000 records, an hour of 10 a second.
  t.is(both.database.fromGo.p50, 900 + 2 * 100 + 36 * 2);
  // Survey of table and archive, filling and a proof of both shards at once, a validation of one after the other.
  t.is(both.journal.fromGo.p50, 100 / 2 + 100 / 2 + (100 * 4) / 2 + 100 / 2 + 100);
  t.deepEqual(rest, { records: 100_000, recordsToReplay: 36_000, foundWithinSeconds: 3_600, testedAt: null });
  t.is(of({ recordsPerSecond: 1_000 }).recordsToReplay, 100_000, "no more than there is");
  const tested = of({ tested: { at: 1_800_000_000_000, seconds: 840 } });
  t.is(both.database.fromGo.p50 - tested.of.database.fromGo.p50, 60);
  t.is(tested.testedAt, 1_800_000_000_000);
});

test("a restore's shares are the whole of it, and its own work goes with this host's speed", (t) => {
  const cutover = tableOf({ databaseCutover: 10, clusterRestore: 100 });
  const { databaseCutover } = cutover.latencies;
  const work = {
    ...cutover,
    planSeconds: 4,
    latencies: { ...cutover.latencies, databaseCutover: { ...databaseCutover, work: true } },
  };
  const { fromGo, shares } = forecastRestore(restorable, 1.3 * 16, work).of.database;
  t.is(fromGo.p50, 120);
  t.deepEqual(shares.slice(0, 2), [
    { name: "restore: restore", seconds: 100 },
    { name: "restore: cutover", seconds: 20 },
  ]);
});

const journal = (events: number) => {
  let looks = 0;
  return {
    heads: async () => [
      { shard: 0, epoch: 1, seq: 10, hash: "h", ts: 0, region: "us-east-1" as const, haltedBy: null },
    ],
    tail: async (_shard: number, after: { seq: number } | undefined) => {
      looks++;
      return { records: 1, events: after === undefined ? 100 : after.seq === 10 ? events : 7 };
    },
    looks: () => looks,
  };
};

test("the loss: events that the replica has not applied, and how many come a second", async (t) => {
  const found = await loss(journal(80), {
    watermarks: async () => [{ shard: 0, epoch: 1, seq: 4, hash: "m" }],
  });
  t.is(found.orders, 0);
  t.is(found.databaseEvents, 7);
  t.true(close(found.recordsPerSecond, found.eventsPerSecond / 80));
  t.true(found.eventsPerSecond > 30 && found.eventsPerSecond <= 40, `${found.eventsPerSecond}`);
  t.true(found.seconds !== null && close(found.seconds, 7 / found.eventsPerSecond));
});

test("a database that cannot be asked leaves its gap unknown, an empty one is behind by everything", async (t) => {
  const unseen = await loss(journal(80), { watermarks: async () => undefined });
  t.is(unseen.databaseEvents, null);
  t.is(unseen.seconds, null);
  const failed = await loss(journal(80), { watermarks: () => Promise.reject(new Error("no role")) });
  t.is(failed.databaseEvents, null);
  t.is((await loss(journal(80), { watermarks: async () => [null] })).databaseEvents, 100);
});
