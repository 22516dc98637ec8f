import test from "ava";
import {
  hasUnknown,
  Secret,
  sealAllLike,
  toProperties,
  UNKNOWN,
  type Values,
} from "../../../../sandbox/providers/protocol/value.ts";
import { decode, encode } from "../../../../sandbox/providers/protocol/wire.ts";

test("values survive the wire: secrets, unknowns, structures", (t) => {
  const values: Values = {
    text: "x",
    number: 1.5,
    flag: false,
    list: [1, [null, "y"], { a: UNKNOWN }],
    secret: new Secret({ token: "hush", later: UNKNOWN }),
    unknown: UNKNOWN,
  };

  t.deepEqual(decode(encode(values)), values);
});

test("absent structs and nulls at the top are absent", (t) => {
  t.deepEqual(decode(undefined), {});
  t.deepEqual(decode(encode({ a: null, b: { c: null } })), { b: { c: null } });
});

test("the engine's kinds of unknown are one", (t) => {
  t.deepEqual(decode(encode({ a: "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7" })), { a: UNKNOWN });
  t.true(hasUnknown(decode(encode({ a: [{ b: "dd056dcd-154b-4c76-9bd3-c8f88648b5ff" }] }))));
});

test("those who act get plain values, and nothing unknown", (t) => {
  t.deepEqual(toProperties({ a: new Secret([new Secret("x")]) }), { a: ["x"] });
  t.throws(() => toProperties({ a: 1, b: { c: UNKNOWN }, d: new Secret(UNKNOWN) }), {
    message: "not known yet: b, d",
  });
});

test("outputs are secret where the inputs are, at every depth", (t) => {
  const inputs: Values = { a: new Secret("x"), b: { c: new Secret("y"), d: "z" }, e: [new Secret(1), 2] };
  const outputs: Values = { a: "x", b: { c: "y", d: "z", more: "m" }, e: [1, 2], id: "i" };

  t.deepEqual(sealAllLike(outputs, inputs), {
    a: new Secret("x"),
    b: { c: new Secret("y"), d: "z", more: "m" },
    e: [new Secret(1), 2],
    id: "i",
  });
});
