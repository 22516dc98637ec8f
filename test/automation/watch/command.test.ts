import { PassThrough } from "node:stream";
import test from "ava";
import type { Clock } from "../../../automation/runbook/clock.ts";
import { type WatchRequest, watchWith } from "../../../automation/watch/command.ts";
import { judge, type Sample } from "../../../automation/watch/sample.ts";
import { frame, spark } from "../../../automation/watch/view.ts";
import { blind, failing, good, limping } from "./samples.ts";

const quiet: WatchRequest = {
  untilStableSeconds: undefined,
  untilFailingSeconds: undefined,
  limitSeconds: undefined,
  json: false,
};

/** One look a second of virtual time; the last one repeats. */
async function watched(
  samples: readonly Sample[],
  request: Partial<WatchRequest>,
  { terminal = false, interruptAt = Number.POSITIVE_INFINITY } = {},
) {
  let now = 0;
  let looks = 0;
  const interrupt = new AbortController();
  const clock: Clock = {
    wall: () => now,
    monotonic: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds;
      if (now < 1_000 * interruptAt) return;
      interrupt.abort(new Error("interrupted"));
      throw interrupt.signal.reason;
    },
  };
  const stdout = Object.assign(new PassThrough(), { isTTY: terminal });
  const code = await watchWith(
    async () => samples[Math.min(looks++, samples.length - 1)] ?? good,
    { ...quiet, ...request },
    { stdout, signal: interrupt.signal },
    clock,
  );
  return { code, text: String(stdout.read() ?? ""), seconds: now / 1000 };
}

test("until stable: as long as it takes, exit code 0", async (t) => {
  const { code, text, seconds } = await watched([failing, failing, good], { untilStableSeconds: 60 });
  t.is(code, 0);
  t.is(seconds, 62);
  t.regex(text, /STABLE: good for 60 s\n$/);
});

test("not stable within the limit: exit code 16", async (t) => {
  const { code, text } = await watched([failing], { untilStableSeconds: 60, limitSeconds: 90 });
  t.is(code, 16);
  t.regex(text, /GAVE UP after 90 s; the newest state has lasted 90 s\n$/);
});

test("what cannot be seen is never stable", async (t) => {
  const { code } = await watched([blind], { untilStableSeconds: 5, limitSeconds: 30 });
  t.is(code, 16);
});

test("until failing: the outage is there", async (t) => {
  const { code, text, seconds } = await watched([good, good, failing], { untilFailingSeconds: 10 });
  t.is(code, 0);
  t.is(seconds, 12);
  t.regex(text, /FAILING: no good look for 10 s\n$/);
});

test("Ctrl-C is the end of a watch that waits for nothing, and an interruption of one that waits", async (t) => {
  t.is((await watched([good], {}, { interruptAt: 3 })).code, 0);
  const waiting = await watched([good], { untilStableSeconds: 60 }, { interruptAt: 3 });
  t.deepEqual([waiting.code, waiting.seconds], [130, 3]);
  t.notRegex(waiting.text, /STABLE|GAVE UP/);
  t.is((await watched([good], { untilFailingSeconds: 10 }, { interruptAt: 3 })).code, 130);
});

test("as JSON: each look, the verdict last", async (t) => {
  const { text } = await watched([good], { untilStableSeconds: 1, json: true });
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.deepEqual(
    lines.map(({ type }) => type),
    ["sample", "sample", "verdict"],
  );
  t.is(lines[0]?.["state"], "good");
  t.like(lines.at(-1), { verdict: "stable", exitCode: 0 });
});

test("without a terminal a look is a line, with one it is drawn over", async (t) => {
  const plain = await watched([good], { limitSeconds: 2 });
  t.regex(
    plain.text,
    /^\d\d:\d\d:\d\d {2}GOOD {2}us-east-1 3\/3 {2}errors 0\.0 % {2}0\/200 failed {2}8\.4 ms {2}us-east-1a 2\/2 us-east-1b 1\/1 {2}lag 0\.4 s {2}projection 14 events {2}journal 3 ms, 0\.2 s old\n/,
  );
  t.false(plain.text.includes("\u001b"));
  const drawn = await watched([good], { limitSeconds: 2 }, { terminal: true });
  t.true(drawn.text.includes("\u001b[9A"));
});

test("a lost zone as it is drawn", (t) => {
  const text = frame([{ sample: limping, judged: judge(limping) }], 3).slice(1);
  t.deepEqual(text, [
    "",
    "public name  us-east-1 answers 2 of 3 new clients, 12 ms",
    "errors       33.3 %, 0 of 200 requests  ▄",
    "latency      8.4 ms  █",
    "zones        us-east-1a 0/2  us-east-1b 1/1",
    "addresses    2 of 3 answer",
    "targets      us-east-1a 0  us-east-1b 1",
    "replication  0.4 s behind, projection 14 events",
    "journal      3.2 ms, newest record 0.2 s old  █",
    "",
    "  · 1 of 3 new clients by the public name were not served",
  ]);
});

test("the view says why it is not good, and what is unknown", (t) => {
  const text = frame(
    [{ sample: blind, judged: { state: "unknown", reasons: ["the public name: queryA ETIMEOUT"] } }],
    4,
  );
  t.true(text.includes("public name  unknown (queryA ETIMEOUT)"));
  t.true(text.includes("  · the public name: queryA ETIMEOUT"));
  t.regex(text[0] ?? "", /us-east-1 is active {2}UNKNOWN for 4 s$/);
});

test("a minute in bars: scaled to its highest, a gap where nothing was known", (t) => {
  const seen = [1, null, 8, 4].map((value) => ({
    sample: { ...good, journalMilliseconds: value ?? { unknown: "x" } },
    judged: { state: "good" as const },
  }));
  const of = ({ journalMilliseconds }: Sample) =>
    typeof journalMilliseconds === "number" ? journalMilliseconds : null;
  t.is(spark(seen, of), "▂ █▅");
  t.is(spark(seen, of, 80), "▂ ▂▂");
});
