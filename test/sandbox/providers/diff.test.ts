import test from "ava";
import { covers, differences, parsePath, renderPath } from "../../../sandbox/providers/diff.ts";
import { Secret, UNKNOWN, type Value } from "../../../sandbox/providers/protocol/value.ts";

const found = (before: Value | undefined, after: Value | undefined) =>
  differences(before, after).map(({ path, kind }) => `${kind} ${renderPath(path)}`);

test("differences are as small as possible", (t) => {
  const before = { a: 1, b: { c: [1, 2], d: "x" }, gone: true };
  const after = { a: 1, b: { c: [1, 3, 4], d: "x" }, new: null, more: "y" };

  t.deepEqual(found(before, after), ["update b.c[1]", "add b.c[2]", "delete gone", "add more"]);
});

test("null is absence", (t) => {
  t.deepEqual(found({ a: null }, {}), []);
});

test("a secret differs by its content only", (t) => {
  t.deepEqual(found({ a: "x" }, { a: new Secret("x") }), []);
  t.deepEqual(found({ a: new Secret("x") }, { a: new Secret("y") }), ["update a"]);
});

test("what is unknown counts as changed", (t) => {
  t.deepEqual(found({ a: { b: 1, c: 2 } }, { a: { b: UNKNOWN, c: 2 } }), ["update a.b"]);
});

test("values of different kinds differ as a whole", (t) => {
  t.deepEqual(found({ a: [1] }, { a: { 0: 1 } }), ["update a"]);
});

test("paths are written as the engine writes them, and read back", (t) => {
  const path = ["spec", "containers", 0, "env", "a.b", 'say "x"'];

  t.is(renderPath(path), 'spec.containers[0].env["a.b"]["say \\"x\\""]');
  t.deepEqual(parsePath(renderPath(path)), path);
});

test("an ignored path covers itself and what is below, and * covers any step", (t) => {
  const covered = (pattern: string, path: string) => covers(parsePath(pattern), parsePath(path));

  t.true(covered("spec.replicas", "spec.replicas"));
  t.true(covered("tags", "tags.Name"));
  t.true(covered("containers[*].image", "containers[3].image"));
  t.false(covered("spec.replicas", "spec"));
  t.false(covered("spec.replicas", "spec.replicasMax"));
});
