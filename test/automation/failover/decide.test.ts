import test from "ava";
import {
  type Decision,
  decideHeartbeat,
  decideLoss,
  decideMoved,
  decideOwnership,
  decidePermission,
  decideStart,
  decideVerdict,
  type Probe,
} from "../../../automation/failover/decide.ts";

const NOW = 1_800_000_000_000;

test("a journal that advances by a second or more while it is watched is moving", (t) => {
  const samples = [
    { at: 0, newest: NOW - 20_000 },
    { at: 1_500, newest: NOW - 19_000 },
  ];
  t.deepEqual(decideHeartbeat(samples, NOW), { state: "moving", advancedMilliseconds: 1_000 });
});

test("a late landing from before the loss is not a movement", (t) => {
  const samples = [
    { at: 0, newest: NOW - 16_000 },
    { at: 3_000, newest: NOW - 15_900 },
  ];
  t.deepEqual(decideHeartbeat(samples, NOW), { state: "stopped", milliseconds: 15_900 });
});

test("silence counts from 15 s on, and only when it was watched for 3 s", (t) => {
  const at = (watched: number, age: number) =>
    decideHeartbeat(
      [
        { at: 0, newest: NOW - age },
        { at: watched, newest: NOW - age },
      ],
      NOW,
    );
  t.deepEqual(at(3_000, 14_000), { state: "wait", milliseconds: 1_000 });
  t.deepEqual(at(3_000, 15_000), { state: "stopped", milliseconds: 15_000 });
  t.deepEqual(at(1_000, 60_000), { state: "wait", milliseconds: 2_000 });
});

test("a slow clock on the operator's machine cannot hide a silence: 15 s watched are enough", (t) => {
  const future = NOW + 3_600_000;
  const samples = [
    { at: 0, newest: future },
    { at: 15_000, newest: future },
  ];
  t.deepEqual(decideHeartbeat(samples, NOW), { state: "stopped", milliseconds: 15_000 });
});

test("a journal that cannot be read, or has no record, says nothing", (t) => {
  t.deepEqual(decideHeartbeat([], NOW), {
    state: "unknown",
    reason: "the journal could not be read in the target region",
  });
  t.deepEqual(decideHeartbeat([{ at: 0, newest: null }], NOW), {
    state: "unknown",
    reason: "the journal has no record",
  });
});

const probe = (name: string, answered: boolean | null): Probe => ({ name, answered, detail: "" });
const stopped = { state: "stopped", milliseconds: 16_000 } as const;

test("a region is alive when its journal moves, whatever else is silent", (t) => {
  t.deepEqual(decideLoss({ state: "moving", advancedMilliseconds: 2_500 }, [probe("a", false)]), {
    finding: "alive",
    reason: "its journal moves: 2.5 s of records while watching",
  });
});

test("a region is lost when its journal is silent and no probe answers", (t) => {
  t.deepEqual(decideLoss(stopped, [probe("a", false), probe("b", false), probe("pod", null)]), {
    finding: "lost",
    reason: "its journal stopped 16 s ago and 2 of 2 probes are silent",
  });
});

test("a silent journal with an answering probe, or with no probe at all, settles nothing", (t) => {
  t.deepEqual(decideLoss(stopped, [probe("a", false), probe("b", true)]), {
    finding: "unknown",
    reason: "its journal stopped 16 s ago, but b answered",
  });
  t.deepEqual(decideLoss(stopped, [probe("pod", null)]), {
    finding: "unknown",
    reason: "its journal stopped 16 s ago, but no probe could be tried",
  });
});

test("an unreadable journal settles nothing even when every probe is silent", (t) => {
  t.deepEqual(decideLoss({ state: "unknown", reason: "the journal has no record" }, [probe("a", false)]), {
    finding: "unknown",
    reason: "the journal has no record; no probe answered",
  });
});

test("lost proceeds; alive needs force; unknown needs a person, and CI is refused", (t) => {
  const act = (finding: "lost" | "alive" | "unknown", force: boolean, interactive: boolean) =>
    decidePermission({ finding, reason: "because" }, { force, interactive }).act;
  t.deepEqual(
    [
      act("lost", false, false),
      act("alive", false, true),
      act("alive", true, false),
      act("unknown", false, true),
      act("unknown", false, false),
      act("unknown", true, false),
    ],
    ["proceed", "refuse", "proceed", "proceed", "refuse", "proceed"],
  );
});

const decision = (changes: Partial<Decision> = {}): Decision => ({
  generation: 3,
  active: "us-east-1",
  runId: "run-a",
  finished: true,
  ...changes,
});
const known = { target: "us-west-2", mine: undefined, takeOver: undefined } as const;

test("a failover starts when the last run is finished and another region is active", (t) => {
  t.deepEqual(decideStart(decision(), known), { act: "start" });
  t.deepEqual(decideStart(decision({ generation: 0, runId: null }), known), { act: "start" });
});

test("the region that is active already is not failed over to", (t) => {
  t.deepEqual(decideStart(decision({ active: "us-west-2" }), known), { act: "already-active" });
});

test("an unfinished run is resumed where its record is, and locks everybody else out", (t) => {
  const open = decision({ active: "us-west-2", finished: false });
  t.deepEqual(decideStart(open, { ...known, mine: "run-a" }), { act: "resume", run: "run-a" });
  t.deepEqual(decideStart(open, known), {
    act: "locked",
    reason:
      "run run-a towards us-west-2 has not finished. Continue it where it was started, or name it: --take-over run-a",
  });
});

test("a take-over must name the run that holds the decision", (t) => {
  const open = decision({ active: "us-west-2", finished: false });
  t.deepEqual(decideStart(open, { ...known, takeOver: "run-a" }), { act: "take-over", run: "run-a" });
  t.deepEqual(decideStart(open, { ...known, takeOver: "run-b" }), {
    act: "locked",
    reason: "--take-over run-b: the decision is run run-a's",
  });
});

test("an unfinished run towards one region blocks a failover to the other", (t) => {
  const open = decision({ active: "us-west-2", finished: false });
  t.is(decideStart(open, { ...known, target: "us-east-1", mine: "run-a" }).act, "locked");
});

test("a run owns the decision before its own put, after it, and no longer when another decided", (t) => {
  const mine = { id: "run-b", seenGeneration: 3 };
  t.is(decideOwnership(decision(), { ...mine, generation: null }), undefined);
  t.is(decideOwnership(decision(), { ...mine, generation: 4 }), undefined);
  const put = decision({ generation: 4, active: "us-west-2", runId: "run-b" });
  t.is(decideOwnership(put, { ...mine, generation: 4 }), undefined);
  t.is(
    decideOwnership(decision({ generation: 4, active: "us-west-2", runId: "run-c" }), {
      ...mine,
      generation: 4,
    }),
    "generation 4 (us-west-2 active) was decided by run run-c; run run-b expected generation 4",
  );
  t.is(
    decideOwnership(decision({ generation: 5, active: "us-west-2", runId: "run-c" }), {
      ...mine,
      generation: null,
    }),
    "generation 5 (us-west-2 active) was decided by run run-c; run run-b expected generation 3",
  );
});

test("traffic has moved when every resolver that answers leads to the target and the old side accepts nothing", (t) => {
  const here = { resolver: "r1", region: "us-west-2" } as const;
  const there = { resolver: "r2", region: "us-east-1" } as const;
  const dead = { resolver: "r3", region: null, error: "queryA ETIMEOUT" } as const;
  t.is(decideMoved("us-west-2", [here, dead], 0), undefined);
  t.is(decideMoved("us-west-2", [here], undefined), undefined);
  t.is(
    decideMoved("us-west-2", [here, there], 0),
    "the public name to lead to us-west-2: r2 leads to us-east-1",
  );
  t.is(
    decideMoved("us-west-2", [{ resolver: "r1", region: null }], 0),
    "the public name to lead to us-west-2: r1 leads to nobody",
  );
  t.is(decideMoved("us-west-2", [here], 2), "the old side's requests to end: 2 more");
  t.is(decideMoved("us-west-2", [dead], 0), "a resolver to answer (queryA ETIMEOUT)");
});

test("the verdict: lost positions outweigh a degraded database, which outweighs slowness", (t) => {
  const good = { recoverySeconds: 42.04, missing: 0, degraded: undefined };
  t.deepEqual(decideVerdict(good), { verdict: "recovered", exitCode: 0, message: "recovered in 42.0 s" });
  t.deepEqual(decideVerdict({ ...good, recoverySeconds: 301 }), {
    verdict: "rto-missed",
    exitCode: 12,
    message: "recovered in 301.0 s, objective 300 s",
  });
  t.deepEqual(decideVerdict({ recoverySeconds: 301, missing: 0, degraded: "promote: timeout" }), {
    verdict: "degraded",
    exitCode: 13,
    message:
      "recovered in 301.0 s, degraded: promote: timeout. Orders are taken; the same command resumes the database",
  });
  t.deepEqual(decideVerdict({ recoverySeconds: 301, missing: 1, degraded: "promote: timeout" }), {
    verdict: "rpo-missed",
    exitCode: 11,
    message: "recovered in 301.0 s, but 1 acknowledged position(s) are not in the journal",
  });
});
