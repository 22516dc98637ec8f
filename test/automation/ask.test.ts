import { PassThrough } from "node:stream";
import test from "ava";
import { ask } from "../../automation/ask.ts";

const terminal = () => ({
  stdin: new PassThrough(),
  stderr: new PassThrough(),
  signal: new AbortController().signal,
});

test("the question is talk, the answer is one line", async (t) => {
  const context = terminal();
  const answer = ask(context, "Type us-west-2 to go: ");
  context.stdin.write("us-west-2\nmore");
  t.is(await answer, "us-west-2");
  t.is(String(context.stderr.read()), "Type us-west-2 to go: ");
});

test("an operator who hangs up has said nothing", async (t) => {
  const context = terminal();
  const answer = ask(context, "Go? ");
  context.stdin.end();
  t.is(await answer, "");
});

test("Ctrl-C while being asked ends with the interruption itself", async (t) => {
  const interrupt = new AbortController();
  const answer = ask({ ...terminal(), signal: interrupt.signal }, "Go? ");
  interrupt.abort(new Error("interrupted"));
  await t.throwsAsync(answer, { message: "interrupted" });
});
