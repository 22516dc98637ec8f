import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import test from "ava";
import type { DrillEvent } from "../../../automation/report/events.ts";
import { Narrator } from "../../../automation/report/narrator.ts";
import { Timeline } from "../../../automation/report/timeline.ts";
import { measurements } from "../drill/measurements.ts";

const IMPACT: DrillEvent = { type: "impact", at: 10_000, place: "us-east-1", loss: "freeze" };
const step = (state: "started" | "done" | "failed", at: number): DrillEvent => ({
  type: "failover",
  at,
  event: {
    ...{ type: "step", run: "r1", step: "fence", title: "seal", state, at },
    ...(state === "started" ? {} : { seconds: 1.25, detail: "2 shards sealed" }),
  },
});
const load = (ok: number): DrillEvent => ({
  ...{ type: "load", at: 21_000, sent: 80, ok, failed: 80 - ok },
  regions: ok > 0 ? { "us-west-2": ok } : {},
});
const evidence: DrillEvent = { type: "evidence", ...measurements(), verdict: "met", reasons: [] };

test("moments are counted from the impact; before it there is no clock", (t) => {
  const timeline = new Timeline();
  t.deepEqual(
    [
      timeline.line({ type: "phase", at: 1, phase: "warm-up", title: "clients start" }),
      timeline.line(IMPACT),
      timeline.line(step("started", 11_000)),
      timeline.line(step("done", 12_250)),
      timeline.line({ type: "moment", at: 13_000, moment: "active", message: "us-west-2 is active" }),
    ],
    [
      "           warm-up    clients start",
      "   +0.0 s  IMPACT     us-east-1 frozen",
      undefined,
      "   +2.3 s  fence      2 shards sealed (1.3 s)",
      "   +3.0 s  active     us-west-2 is active",
    ],
  );
});

test("what repeats itself is shown every five seconds, each step's waits by themselves", (t) => {
  const timeline = new Timeline();
  const wait = (name: string, at: number): DrillEvent => ({
    ...{ type: "failover", at },
    event: { type: "wait", run: "r1", step: name, at, message: `for ${at}` },
  });
  const shown = [0, 1_000, 4_999, 5_000].map((at) => timeline.line(wait("assess", at)) !== undefined);
  t.deepEqual(shown, [true, false, false, true]);
  t.not(timeline.line(wait("rebuild", 5_001)), undefined);
  const progress = [1, 2, 6_000].map((at) => timeline.line({ type: "progress", at, message: "create" }));
  t.deepEqual(
    progress.map((line) => line?.trim()),
    ["create", undefined, "create"],
  );
});

test("load is told every ten seconds", (t) => {
  const timeline = new Timeline();
  timeline.line(IMPACT);
  const lines = Array.from({ length: 20 }, (_, second) => timeline.line(load(second < 10 ? 0 : 80)));
  t.deepEqual(
    lines.filter((line) => line !== undefined),
    [
      "  +11.0 s  clients    0 of 800 good in 10 s; answers: none",
      "  +11.0 s  clients    800 of 800 good in 10 s; answers: us-west-2 800",
    ],
  );
});

async function narrate(json: boolean) {
  const directory = await mkdtemp(path.join(tmpdir(), "narrator-"));
  const file = path.join(directory, "events.ndjson");
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const narrator = new Narrator(json, { stdout, stderr }, file);
  narrator.say(IMPACT);
  narrator.say(step("done", 12_000));
  if (evidence.type === "evidence") narrator.conclude(evidence, "e.json");
  await narrator.close();
  const kept = await readFile(file, "utf8");
  await rm(directory, { recursive: true });
  return { stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? ""), kept };
}

test("with --json stdout has one event a line, the evidence last, and nothing is said besides", async (t) => {
  const { stdout, stderr, kept } = await narrate(true);
  const lines = stdout.trim().split("\n");
  t.deepEqual(
    lines.map((line) => (JSON.parse(line) as DrillEvent).type),
    ["impact", "failover", "evidence"],
  );
  t.deepEqual(JSON.parse(lines.at(-1) ?? ""), evidence);
  t.is(stderr, "");
  t.is(kept, stdout);
});

test("for a person the talk goes to stderr, the verdict to stdout, every event to the record", async (t) => {
  const { stdout, stderr, kept } = await narrate(false);
  t.is(stderr.trim().split("\n").length, 2);
  t.regex(stdout, /^─+\nMET {3}us-east-1 lost/);
  t.is(kept.trim().split("\n").length, 3);
});
