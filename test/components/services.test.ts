import test from "ava";
import { exposedOf, isAutoscaled, replicasFor, unitsOf } from "../../components/services.ts";
import { spec } from "./spec.ts";

test("a service per shard becomes one unit per shard, another one unit", (t) => {
  const units = unitsOf({ gateway: spec(), engine: spec({ perShard: true }) }, 3);
  t.deepEqual(
    units.map(({ name, service, shard }) => [name, service, shard]),
    [
      ["gateway", "gateway", undefined],
      ["engine-0", "engine", 0],
      ["engine-1", "engine", 1],
      ["engine-2", "engine", 2],
    ],
  );
});

test("replicas by role", (t) => {
  t.deepEqual(replicasFor("passive", spec()), { replicas: 0, ignored: false });
  t.deepEqual(replicasFor("promoting", spec()), { replicas: 3, ignored: false });
  t.deepEqual(replicasFor("active", spec()), { replicas: 3, ignored: true });
});

test("what is always on has the same number in every role, and it is the program's", (t) => {
  for (const role of ["passive", "promoting", "active"] as const) {
    t.deepEqual(replicasFor(role, spec({ alwaysOn: true, replicas: { min: 1, max: 1 } })), {
      replicas: 1,
      ignored: false,
    });
  }
});

test("a service is scaled by load when it may have more replicas than its least", (t) => {
  t.true(isAutoscaled(spec()));
  t.false(isAutoscaled(spec({ replicas: { min: 2, max: 2 } })));
});

test("one service is exposed", (t) => {
  t.is(exposedOf({ a: spec(), b: spec({ exposed: true, port: 9000 }) }).port, 9000);
  t.throws(() => exposedOf({ a: spec() }), { message: "no service is exposed: config allows exactly one" });
});
