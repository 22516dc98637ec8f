import test from "ava";
import { type Basis, forecastNow } from "../../../../automation/check/gather/forecast.ts";
import type { DeployedStack } from "../../../../automation/deployment.ts";
import { isUnknown } from "../../../../automation/fact.ts";

const outputs = {
  ...{ shards: 2, elasticIps: ["192.0.2.1", "192.0.2.2", "192.0.2.3"] },
  deployments: [{ name: "gateway", service: "gateway", shard: null, replicas: 3, alwaysOn: false }],
  dns: { provider: "route53", ttlSeconds: 15, healthCheckIntervalSeconds: 10, failureThreshold: 3 },
} as unknown as DeployedStack;
const head = { epoch: 4, hash: "h", ts: 0, region: "us-east-1", haltedBy: null } as const;
const TESTED = { at: 1_800_000_000_000, seconds: 500_000 };
const basis: Basis = {
  heads: [
    { ...head, shard: 0, seq: 700 },
    { ...head, shard: 1, seq: 500 },
  ],
  capacity: { unknown: "nobody asked" },
  checkpoints: [],
  behind: { orders: 0, databaseEvents: 7, eventsPerSecond: 40, recordsPerSecond: 20, seconds: 0.2 },
  instances: 3,
  tested: TESTED,
};

async function told(change: Partial<Basis>, place: "aws" | "sandbox" = "aws") {
  const forecast = await forecastNow(outputs, { ...basis, ...change }, 4, place);
  if (isUnknown(forecast)) throw new Error(forecast.unknown);
  return forecast;
}
async function restoreOf(change: Partial<Basis>, place: "aws" | "sandbox" = "aws") {
  const { restore } = await told(change, place);
  if (isUnknown(restore)) throw new Error(restore.unknown);
  return restore;
}

test("a restore is foretold from the journal's length and growth, the cluster's instances and its newest test", async (t) => {
  const { of, ...facts } = await restoreOf({});
  t.deepEqual(facts, {
    ...{ records: 1_200, recordsToReplay: 1_200, foundWithinSeconds: 3_600 },
    testedAt: TESTED.at,
  });
  t.true(of.database.fromGo.p50 > TESTED.seconds);
  t.true(of.journal.fromGo.p50 < TESTED.seconds, "a rebuilding restores no cluster");
  const slow = { ...basis.behind, recordsPerSecond: 0.1 } as Basis["behind"];
  t.is((await restoreOf({ behind: slow })).recordsToReplay, 360);
});

test("a test that is not known, or of the sandbox, does not count", async (t) => {
  t.is((await restoreOf({ tested: null })).testedAt, null);
  t.is((await restoreOf({ tested: { unknown: "denied" } })).testedAt, null);
  const sandbox = await restoreOf({}, "sandbox");
  t.is(sandbox.testedAt, null);
  t.true(sandbox.of.database.fromGo.p50 < 100);
});

test("without the active region a restore is unknown, a failover is not", async (t) => {
  const { restore, recovery, loss } = await told({ instances: { unknown: "us-east-1 is silent" } });
  t.deepEqual(restore, { unknown: "us-east-1 is silent" });
  t.true(recovery.fromImpact.p50 > 0);
  t.deepEqual(loss, { orders: 0, databaseEvents: 7, eventsPerSecond: 40 });
});
