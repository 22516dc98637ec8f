import test from "ava";
import {
  type ExercisePorts,
  exercise,
  type Observed,
  type Plan,
} from "../../../automation/calendar/exercise.ts";
import { observeWith } from "../../../automation/calendar/observe.ts";
import { HalfwayError, RefusedError } from "../../../automation/errors.ts";
import type { Clock } from "../../../automation/runbook/clock.ts";
import type { Sample } from "../../../automation/watch/sample.ts";
import { blind, failing, good } from "../watch/samples.ts";

const plan: Plan = {
  scenario: "az-loss",
  what: "zone us-east-1a loses power",
  objectiveSeconds: 60,
  dryRun: false,
};
const calm: Observed = { looks: 300, seen: 300, longestFailingSeconds: 12, unknownSeconds: 0 };
const NOW = Date.parse("2026-11-28T12:00:00Z");
const clock: Clock = { wall: () => NOW, monotonic: () => 0, sleep: async () => {} };

function rehearsal(change: Partial<ExercisePorts> = {}) {
  const done: string[] = [];
  const said: string[] = [];
  const ports: ExercisePorts = {
    facts: async () => ({
      at: NOW,
      window: { timeZone: "America/New_York", weekday: "Saturday", hours: { from: 6, to: 12 } },
      reason: undefined,
      alarms: [],
      experiments: [],
      unfinished: null,
    }),
    announce: async (subject) => {
      done.push(`tell: ${subject}`);
      return { told: ["webhook"], failed: [] };
    },
    observe: () => {
      done.push("observe");
      return async () => {
        done.push("stop observing");
        return calm;
      };
    },
    disturb: async () => {
      done.push("disturb");
      return { ok: true, detail: "the experiment completed" };
    },
    steady: async () => {
      done.push("steady?");
      return true;
    },
    file: async ({ verdict }) => void done.push(`file: ${verdict}`),
    clock,
    say: (message) => void said.push(message),
    ...change,
  };
  return { done, said, ports };
}

test("told before and after, observed in between, steady at the end, filed", async (t) => {
  const { done, ports } = rehearsal();
  const evidence = await exercise(plan, ports);
  t.deepEqual(done, [
    "tell: Drill begins: az-loss",
    "observe",
    "disturb",
    "steady?",
    "stop observing",
    "tell: Drill ended: az-loss, met",
    "file: met",
  ]);
  t.like(evidence, { verdict: "met", steady: true, told: ["webhook"], reasons: [] });
});

test("refused: nothing is done and nobody is told", async (t) => {
  const facts = {
    at: NOW,
    window: undefined,
    reason: undefined,
    alarms: [],
    experiments: [],
    unfinished: null,
  };
  const { done, ports } = rehearsal({ facts: async () => facts });
  const error = await t.throwsAsync(exercise(plan, ports), { instanceOf: RefusedError });
  t.is(
    error?.message,
    "no drill now: the config has no maintenanceWindow: add one, or give a --reason. Nothing was done",
  );
  t.deepEqual(done, []);
});

test("nobody could be told: it does not begin; one of two is enough", async (t) => {
  const mute = rehearsal({ announce: async () => ({ told: [], failed: ["webhook: 404"] }) });
  await t.throwsAsync(exercise(plan, mute.ports), {
    instanceOf: RefusedError,
    message: "no drill now: nobody could be told (webhook: 404). Nothing was done",
  });
  t.deepEqual(mute.done, []);
  const nobody = rehearsal({ announce: async () => ({ told: [], failed: [] }) });
  await t.throwsAsync(exercise(plan, nobody.ports), {
    message: "no drill now: nobody could be told (no webhook and no topic is known). Nothing was done",
  });
  t.is((await exercise({ ...plan, dryRun: true }, nobody.ports)).verdict, "met", "a rehearsal tells nobody");
  const half = rehearsal({ announce: async () => ({ told: ["topic"], failed: ["webhook: 404"] }) });
  t.is((await exercise(plan, half.ports)).verdict, "met");
  t.deepEqual(
    half.said.filter((line) => line.startsWith("not told")),
    ["not told: webhook: 404", "not told: webhook: 404"],
  );
});

test("a disturbance that fails is still ended, told and filed", async (t) => {
  const { done, ports } = rehearsal({ disturb: () => Promise.reject(new Error("AccessDeniedException")) });
  const evidence = await exercise(plan, ports);
  t.is(evidence.verdict, "failed");
  t.deepEqual(evidence.reasons, ["AccessDeniedException"]);
  t.deepEqual(done.slice(-2), ["tell: Drill ended: az-loss, failed", "file: failed"]);
});

test("a platform that is not steady afterwards is an error that resumes with a person, after it was filed", async (t) => {
  for (const [steady, text] of [
    [async () => false, "not steady"],
    [() => Promise.reject(new Error("no answer")), "in an unknown state"],
  ] as const) {
    const { done, ports } = rehearsal({ steady });
    await t.throwsAsync(exercise(plan, ports), {
      instanceOf: HalfwayError,
      message: `the drill ended (failed), but the platform is ${text}: dr status, dr watch`,
    });
    t.is(done.at(-1), "file: failed");
  }
});

test("evidence that cannot be filed is said, and the drill is no success", async (t) => {
  const { said, ports } = rehearsal({ file: () => Promise.reject(new Error("AccessDenied")) });
  await t.throwsAsync(exercise(plan, ports), {
    instanceOf: HalfwayError,
    message: "the drill ended (met, the platform is steady), but its evidence is not filed: AccessDenied",
  });
  t.like(JSON.parse(said.at(-1) ?? ""), { type: "exercise", verdict: "met" });
});

test("a longer outage than allowed misses the objective; not to have seen proves nothing", async (t) => {
  const observed = (change: Partial<Observed>) =>
    exercise(plan, rehearsal({ observe: () => async () => ({ ...calm, ...change }) }).ports);
  const missed = await observed({ longestFailingSeconds: 61 });
  t.deepEqual([missed.verdict, missed.reasons], ["rto-missed", ["clients failed for 61 s, objective 60 s"]]);
  t.is((await observed({ unknownSeconds: 61 })).verdict, "inconclusive");
  t.is((await observed({ seen: 0 })).verdict, "inconclusive");
});

test("a dry run goes through all of it also when the guard would refuse", async (t) => {
  const facts = {
    at: NOW,
    window: undefined,
    reason: undefined,
    alarms: ["a"],
    experiments: [],
    unfinished: null,
  };
  const { said, ports } = rehearsal({ facts: async () => facts });
  t.is((await exercise({ ...plan, dryRun: true }, ports)).verdict, "met");
  t.is(said[0], "dry run: it would be refused: an incident goes on: a");
});

test("an observer measures the longest outage, and what it could not see", async (t) => {
  const samples: readonly Sample[] = [good, failing, failing, blind, failing, good, failing, good];
  let now = 0;
  let looks = 0;
  const ended = Promise.withResolvers<void>();
  const virtual: Clock = {
    wall: () => now,
    monotonic: () => now,
    sleep: async (milliseconds, signal) => {
      now += milliseconds;
      if (looks === samples.length) ended.resolve();
      if (looks >= samples.length) await new Promise((_, reject) => signal.addEventListener("abort", reject));
    },
  };
  const stop = observeWith(
    async () => samples[looks++] ?? good,
    virtual,
    () => {},
  );
  await ended.promise;
  t.deepEqual(await stop(), { looks: 8, seen: 7, longestFailingSeconds: 4, unknownSeconds: 1 });
});
