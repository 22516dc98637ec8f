import test from "ava";
import { type Check, isReady, runChecks } from "../../../automation/check/check.ts";
import { CHECKS } from "../../../automation/check/checks.ts";
import { HOST_CHECKS } from "../../../automation/check/host.ts";
import { DEFECTS, type Defect, HOST_DEFECTS } from "./defects.ts";
import { healthy, soundHost } from "./healthy.ts";

test("what is in order is ready, check by check", (t) => {
  for (const results of [runChecks(CHECKS, healthy), runChecks(HOST_CHECKS, soundHost)]) {
    t.deepEqual(
      results.filter(({ status }) => status !== "ok").map(({ id, why }) => `${id}: ${why}`),
      [],
    );
    t.true(isReady(results));
  }
});

/** Each defect is seen by its check, as what it is, with a reason and what to do; nothing else may hide it. */
function seeded<F extends object>(
  checks: readonly Check<F>[],
  sound: F,
  defects: readonly Defect<F>[],
): void {
  for (const { title, seeded: change, seenBy, as } of defects) {
    test(`${title}: ${seenBy} says ${as}`, (t) => {
      const results = runChecks(checks, { ...sound, ...change });
      const found = results.find(({ id }) => id === seenBy);
      t.is(found?.status, as, found?.why);
      t.true(found !== undefined && "todo" in found && found.todo.length > 0 && found.why.length > 0);
      t.is(isReady(results), as === "warn");
    });
  }
}
seeded(CHECKS, healthy, DEFECTS);
seeded(HOST_CHECKS, soundHost, HOST_DEFECTS);

test("every check has a defect that it sees", (t) => {
  const ids = [...CHECKS, ...HOST_CHECKS].map(({ id }) => id);
  t.is(new Set(ids).size, ids.length);
  const seen = new Set([...DEFECTS, ...HOST_DEFECTS].map(({ seenBy }) => seenBy));
  t.deepEqual(
    ids.filter((id) => !seen.has(id)),
    [],
  );
});

test("a fact that is not known makes no check ok that asks for it", (t) => {
  const facts = Object.entries(healthy).filter(([, value]) => typeof value === "object" && value !== null);
  for (const [key, value] of facts) {
    if (key === "regions" || key === "expected") continue;
    const unknown = { unknown: "nobody answered" };
    const both = Object.fromEntries(Object.keys(value).map((name) => [name, unknown]));
    const pair = "prod" in value || "passive" in value;
    const results = runChecks(CHECKS, { ...healthy, [key]: pair ? both : unknown });
    const ignorant = results.filter(({ status }) => status === "unknown");
    t.true(ignorant.length > 0, `${key} is unknown and no check says so`);
    t.false(isReady(results), key);
    for (const { why } of ignorant) t.regex(why, /nobody answered/, key);
  }
});

test("a check that fails itself is unknown, not ok", (t) => {
  const broken: Check<object> = {
    id: "broken",
    title: "broken",
    judge: () => {
      throw new TypeError("x is undefined");
    },
  };
  const results = runChecks([broken], {});
  t.is(results[0]?.status, "unknown");
  t.is(results[0]?.why, "the check itself failed: x is undefined");
  t.false(isReady(results));
});

test("no check at all is not readiness", (t) => {
  t.false(isReady([]));
});

test("a proxied name has no addresses and no TTL to compare", (t) => {
  const proxied = {
    ...healthy,
    expected: { ...healthy.expected, ttlSeconds: 0 },
    answers: [{ resolver: "r", addresses: ["203.0.113.9"], ttlSeconds: 300 }],
  };
  t.true(isReady(runChecks(CHECKS, proxied)));
});

test("after a failover the other region is the active one", (t) => {
  const { control, stacks, expected } = healthy;
  const turned = {
    ...healthy,
    decision: { generation: 4, active: "us-west-2" as const, runId: "run-4", finished: true },
    control: { prod: control.dr, dr: control.prod },
    stacks: {
      prod: { ...stacks.prod, role: "passive" as const },
      dr: { ...stacks.dr, role: "active" as const },
    } as typeof stacks,
    databaseMembers: [
      { region: "us-east-1" as const, isWriter: false, synchronization: "connected" },
      { region: "us-west-2" as const, isWriter: true, synchronization: null },
    ],
    answers: [{ resolver: "r", addresses: expected.addresses.dr, ttlSeconds: 15 }],
    answering: { prod: { answering: 0, of: 2 }, dr: { answering: 1, of: 1 } },
  };
  t.deepEqual(
    runChecks(CHECKS, turned).filter(({ status }) => status !== "ok"),
    [],
  );
});
