import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import test from "ava";
import { createOutput, humanLines } from "../../../automation/runbook/output.ts";
import { readSettings } from "../../../automation/settings.ts";

const AT = Date.parse("2026-11-23T10:11:12Z");
const done = {
  at: AT,
  run: "run-1",
  type: "step",
  step: "fence",
  title: "seal",
  state: "done",
  seconds: 0.25,
  detail: "sealed",
} as const;

test("a person reads time, mark, step, duration and what came of it", (t) => {
  t.deepEqual(humanLines(done, false), ["10:11:12 ✓ fence 0.3 s: sealed"]);
  t.deepEqual(
    humanLines({ at: AT, run: "r", type: "wait", step: "promote", message: "waiting for x" }, false),
    ["10:11:12   promote: waiting for x"],
  );
});

test("colour only where a terminal shows it", (t) => {
  t.deepEqual(humanLines(done, true), ["10:11:12 \u001b[32m✓\u001b[0m fence 0.3 s: sealed"]);
});

test("--json: one event a line on stdout, talk on stderr, both kept out of each other; without: stdout stays empty", async (t) => {
  const directory = await mkdtemp(path.join(tmpdir(), "dr-output-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  for (const json of [true, false]) {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const output = createOutput(
      { stdout, stderr, settings: readSettings({}, "/") },
      { run: "run-1", json, directory },
    );
    output.emit({ type: "note", message: "hello" });
    await output.flushed();
    const text = String(stdout.read() ?? "");
    t.is(text === "" ? undefined : JSON.parse(text).message, json ? "hello" : undefined);
    t.regex(String(stderr.read()), /^\d\d:\d\d:\d\d {3}hello\n$/);
  }
  const kept = await readFile(path.join(directory, "events.jsonl"), "utf8");
  t.deepEqual(
    kept
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).type),
    ["note", "note"],
  );
});
