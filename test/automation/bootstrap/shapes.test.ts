import test from "ava";
import { assertShapes } from "./shapes.ts";

const CREATE = "TrentService.CreateAlias";

test("a request and an answer that AWS' model knows pass", (t) => {
  t.notThrows(() => assertShapes(CREATE, { AliasName: "alias/a", TargetKeyId: "1" }, 200, {}));
  t.notThrows(() =>
    assertShapes("TrentService.DescribeKey", { KeyId: "1" }, 400, { __type: "NotFoundException" }),
  );
});

test("a missing member, an unknown one, another kind, a value that there is not, and a foreign error are told", (t) => {
  t.throws(() => assertShapes(CREATE, { AliasName: 1, KeyId: "1" }, 200, { KeyState: "Enabled" }), {
    message:
      "TrentService.CreateAlias: TargetKeyId is missing; AliasName is 1, not string; KeyId is no member; KeyState is no member",
  });
  const metadata = { KeyMetadata: { KeyId: "1", KeyState: "On" } };
  t.throws(() => assertShapes("TrentService.DescribeKey", { KeyId: "1" }, 200, metadata), {
    message: /^TrentService\.DescribeKey: KeyMetadata\.KeyState is "On", not Creating,Enabled,/,
  });
  t.throws(() => assertShapes("TrentService.DescribeKey", { KeyId: "1" }, 400, { __type: "NoSuchKey" }), {
    message: "TrentService.DescribeKey: NoSuchKey is no error of it",
  });
});
