import test from "ava";
import { decideDisturbance, type GuardFacts } from "../../../automation/calendar/guard.ts";
import { isInside, nextOpening } from "../../../automation/calendar/window.ts";
import type { MaintenanceWindow } from "../../../components/model.ts";

const window: MaintenanceWindow = {
  timeZone: "America/New_York",
  weekday: "Saturday",
  hours: { from: 6, to: 12 },
};
/** Saturday, 28 November 2026, 07:00 in New York. */
const INSIDE = Date.parse("2026-11-28T12:00:00Z");
const FRIDAY = Date.parse("2026-11-27T12:00:00Z");

test("inside is its day and its hours, in its own time zone", (t) => {
  const inside = (time: string) => isInside(window, Date.parse(time));
  t.true(inside("2026-11-28T11:00:00Z"), "06:00 there");
  t.false(inside("2026-11-28T10:59:59Z"));
  t.true(inside("2026-11-28T16:59:59Z"));
  t.false(inside("2026-11-28T17:00:00Z"), "12:00 is no longer inside");
  t.false(inside("2026-11-29T12:00:00Z"), "Sunday");
  t.true(inside("2026-07-04T10:00:00Z"), "06:00 in summer is an hour earlier");
  t.false(inside("2026-07-04T16:00:00Z"));
});

test("midnight is hour 0, and 24 is the end of the day", (t) => {
  const night = { timeZone: "UTC", weekday: "Sunday", hours: { from: 0, to: 24 } } as const;
  t.true(isInside(night, Date.parse("2026-11-29T00:00:00Z")));
  t.true(isInside(night, Date.parse("2026-11-29T23:59:59Z")));
  t.false(isInside(night, Date.parse("2026-11-30T00:00:00Z")));
});

test("when it opens next", (t) => {
  const opens = (time: number, of = window) => new Date(nextOpening(of, time)).toISOString();
  t.is(opens(FRIDAY), "2026-11-28T11:00:00.000Z");
  t.is(opens(INSIDE), "2026-12-05T11:00:00.000Z", "it is open now: the next one");
  t.is(opens(Date.parse("2026-03-07T20:00:00Z")), "2026-03-14T10:00:00.000Z", "over the change of clocks");
  const kathmandu = { ...window, timeZone: "Asia/Kathmandu" };
  t.is(opens(FRIDAY, kathmandu), "2026-11-28T00:15:00.000Z", "a zone that is not whole hours away");
});

const facts: GuardFacts = {
  at: INSIDE,
  window,
  reason: undefined,
  alarms: [],
  experiments: [],
  unfinished: null,
};

test("inside the window, without an incident, it may begin", (t) => {
  t.deepEqual(decideDisturbance(facts), {
    act: "proceed",
    why: "inside the maintenance window (Saturday 6:00 to 12:00, America/New_York)",
  });
});

test("outside it is refused, with the time when it opens, unless a reason is given", (t) => {
  t.deepEqual(decideDisturbance({ ...facts, at: FRIDAY }), {
    act: "refuse",
    why: "outside the maintenance window (Saturday 6:00 to 12:00, America/New_York), which opens at 2026-11-28T11:00:00.000Z. Wait, or give a --reason",
  });
  t.deepEqual(decideDisturbance({ ...facts, at: FRIDAY, reason: "auditors are here" }), {
    act: "proceed",
    why: "outside the maintenance window: auditors are here",
  });
});

test("a drill that would outlast the window does not begin in it", (t) => {
  const at = (time: string) => decideDisturbance({ ...facts, at: Date.parse(time) });
  t.is(at("2026-11-28T16:29:59Z").act, "proceed");
  t.deepEqual(at("2026-11-28T16:30:00Z"), {
    act: "refuse",
    why: "the maintenance window (Saturday 6:00 to 12:00, America/New_York) closes within 30 min, and a drill takes as long; it opens again at 2026-12-05T11:00:00.000Z. Wait, or give a --reason",
  });
  t.is(
    decideDisturbance({ ...facts, at: Date.parse("2026-11-28T16:30:00Z"), reason: "short" }).act,
    "proceed",
  );
});

test("without a window it is always outside", (t) => {
  t.is(decideDisturbance({ ...facts, window: undefined }).act, "refuse");
  t.is(decideDisturbance({ ...facts, window: undefined, reason: "first drill" }).act, "proceed");
});

test("an incident, an experiment, a run half-way, and not to know freeze it; no reason opens it", (t) => {
  const frozen: readonly [Partial<GuardFacts>, string][] = [
    [{ alarms: ["exchange-us-east-1-errors"] }, "an incident goes on: exchange-us-east-1-errors"],
    [{ alarms: { unknown: "no answer" } }, "whether an incident goes on is unknown: no answer"],
    [{ experiments: ["EXP1"] }, "an experiment goes on: EXP1"],
    [{ experiments: { unknown: "no answer" } }, "whether an experiment goes on is unknown: no answer"],
    [{ unfinished: "run-7" }, "run run-7 has not finished"],
    [{ unfinished: { unknown: "no answer" } }, "whether a failover goes on is unknown: no answer"],
  ];
  for (const [change, why] of frozen) {
    for (const reason of [undefined, "it must be now"]) {
      t.deepEqual(decideDisturbance({ ...facts, ...change, reason }), { act: "refuse", why });
    }
  }
});
