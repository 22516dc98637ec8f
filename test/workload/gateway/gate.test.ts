import test from "ava";
import type { Region } from "../../../components/model.ts";
import type { ControlItem, RegionItem } from "../../../journal/model.ts";
import {
  activity,
  type EngineReading,
  FRESH_MS,
  type Reading,
  standing,
} from "../../../workload/gateway/gate.ts";

const HERE: Region = "us-east-1";
const NOW = 100_000;

const region: RegionItem = { generation: 3, active: HERE, runId: null };
const control: ControlItem = { region: HERE, traffic: "on", maintenance: "off" };
const seen = (change: Partial<Extract<Reading, { kind: "seen" }>> = {}): Reading => ({
  kind: "seen",
  startedAt: NOW - 1,
  region,
  control,
  ...change,
});
const engine = (
  report: Partial<NonNullable<EngineReading["report"]>> = {},
  startedAt = NOW - 1,
): EngineReading => ({
  startedAt,
  report: { shard: 0, ready: true, generation: 3, epoch: 7, phase: "active", reason: "matching", ...report },
});

test("active: a fresh read names this region with traffic on, and every engine holds that generation", (t) => {
  t.deepEqual(activity(seen(), [engine(), engine()], HERE, NOW), { active: true });
  t.deepEqual(activity(seen(), [engine({ generation: 4 })], HERE, NOW), { active: true });
});

const notActive: [string, Reading | undefined, (EngineReading | undefined)[], string][] = [
  ["nothing was read yet", undefined, [engine()], "the region item has not been read yet"],
  [
    "the last read failed",
    { kind: "failed", startedAt: NOW - 1, reason: "no answer" },
    [engine()],
    "the last read of the region item failed: no answer",
  ],
  [
    "the last read began 3 s ago",
    seen({ startedAt: NOW - FRESH_MS }),
    [engine()],
    "the last read of the region item began 3000 ms ago",
  ],
  [
    "another region is active",
    seen({ region: { ...region, active: "us-west-2" } }),
    [engine()],
    "us-west-2 is the active region (generation 3)",
  ],
  [
    "traffic is off",
    seen({ control: { ...control, traffic: "off" } }),
    [engine()],
    "traffic is off in us-east-1",
  ],
  ["the region has no control item", seen({ control: null }), [engine()], "traffic is off in us-east-1"],
  ["an engine was never asked", seen(), [engine(), undefined], "engine of shard 1 does not answer"],
  [
    "an engine did not answer",
    seen(),
    [engine(), { startedAt: NOW - 1, report: null }],
    "engine of shard 1 does not answer",
  ],
  [
    "an engine was last asked 3 s ago",
    seen(),
    [engine({}, NOW - FRESH_MS)],
    "engine of shard 0 was last asked 3000 ms ago",
  ],
  [
    "an engine is still replaying",
    seen(),
    [engine({ ready: false, phase: "replaying", reason: "tail" })],
    "engine of shard 0 is not ready: tail",
  ],
  [
    "an engine holds an older generation",
    seen(),
    [engine({ generation: 2 })],
    "engine of shard 0 holds generation 2, decided is 3",
  ],
  [
    "an engine holds no epoch",
    seen(),
    [engine({ generation: null })],
    "engine of shard 0 holds generation none, decided is 3",
  ],
];

for (const [when, reading, engines, reason] of notActive) {
  test(`not active: ${when}`, (t) => {
    t.deepEqual(activity(reading, engines, HERE, NOW), { active: false, reason });
  });
}

test("a read that began a millisecond less than 3 s ago is still good", (t) => {
  t.is(standing(seen({ startedAt: NOW - FRESH_MS + 1 }), HERE, NOW).kind, "serving");
});

test("under maintenance the region stays active, and takes no orders", (t) => {
  const reading = seen({ control: { ...control, maintenance: "on" } });
  t.deepEqual(activity(reading, [engine()], HERE, NOW), { active: true });
  t.is(standing(reading, HERE, NOW).kind, "maintenance");
});

test("under maintenance no engine is needed: a frozen one must not send clients to the other region", (t) => {
  const reading = seen({ control: { ...control, maintenance: "on" } });
  t.deepEqual(activity(reading, [{ startedAt: NOW - 1, report: null }], HERE, NOW), { active: true });
});

test("a halted shard does not end it: no other region could serve that shard", (t) => {
  const halted = engine({ ready: false, generation: null, phase: "halted", reason: "by run-1" });
  t.deepEqual(activity(seen(), [engine(), halted], HERE, NOW), { active: true });
});
