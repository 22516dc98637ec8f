import test from "ava";
import {
  CredentialsError,
  EXIT,
  exitCodeOf,
  FenceError,
  HalfwayError,
  InterruptedError,
  LockedError,
  RefusedError,
  UsageError,
} from "../../automation/errors.ts";

test("every end has the exit code that operators' scripts rely on", (t) => {
  const codes = [
    UsageError,
    CredentialsError,
    RefusedError,
    HalfwayError,
    FenceError,
    LockedError,
    InterruptedError,
  ].map((Kind) => exitCodeOf(new Kind("x")));
  t.deepEqual(codes, [2, 3, 10, 13, 14, 75, 130]);
  t.deepEqual([EXIT.done, EXIT.rpoMissed, EXIT.rtoMissed], [0, 11, 12]);
});

test("AWS' refusals of credentials are told from bugs, however deep they lie", (t) => {
  const expired = Object.assign(new Error("expired"), { name: "ExpiredTokenException" });
  t.is(exitCodeOf(expired), 3);
  t.is(exitCodeOf(new Error("assess", { cause: new Error("read", { cause: expired }) })), 3);
  t.is(exitCodeOf(new TypeError("x is undefined")), 1);
  t.is(exitCodeOf("thrown"), 1);
});
