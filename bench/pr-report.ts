/**
 * `node bench/pr-report.ts`: how long `dr pr-report` takes for 2,000 changing steps once the process has started, in
 * processor time, and how that grows. Steps are those of a real preview, renamed.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { judge } from "../automation/review/judge.ts";
import { parsePreview } from "../automation/review/parse.ts";
import { COMMENT_LIMIT, render, SUMMARY_LIMIT } from "../automation/review/render.ts";
import { verdictOf } from "../automation/review/verdict.ts";

const KEPT = path.join(import.meta.dirname, "../test/automation/review/previews/renamed.dr.json");
/** The first one is what a process that has just started takes. */
const SIZES = [2_000, 250, 500, 1_000, 2_000, 4_000] as const;

type Digest = { steps: { urn: string; op: string }[] } & Readonly<Record<string, unknown>>;

function enlarged(digest: Digest, count: number): string {
  const changing = digest.steps.filter(({ op }) => op !== "same");
  const steps = Array.from({ length: count }, (_, n) => {
    const step = changing[n % changing.length];
    return step && { ...step, urn: `${step.urn}-${n}` };
  });
  return JSON.stringify({ ...digest, steps });
}

/** Of this thread's processor: other work on the machine does not count, nor what V8 does beside it. */
function milliseconds(text: string): number {
  const started = process.threadCpuUsage();
  const previews = [parsePreview(text, "bench")];
  const findings = judge(previews);
  const report = {
    title: undefined,
    verdict: verdictOf(previews, findings),
    previews,
    findings,
    comparison: undefined,
  };
  render(report, COMMENT_LIMIT);
  render(report, SUMMARY_LIMIT);
  const { user, system } = process.threadCpuUsage(started);
  return (user + system) / 1000;
}

const digest = JSON.parse(await readFile(KEPT, "utf8")) as Digest;
let previous: number | undefined;
for (const size of SIZES) {
  const text = enlarged(digest, size);
  const first = milliseconds(text);
  const best = Math.min(...Array.from({ length: 5 }, () => milliseconds(text)));
  const growth =
    size <= 250 || previous === undefined ? "" : `, ×${(best / previous).toFixed(2)} for twice the steps`;
  console.log(
    `${size} steps (${(text.length / 1e6).toFixed(1)} MB): first ${first.toFixed(0)} ms, best of 5 ${best.toFixed(0)} ms${growth}`,
  );
  previous = best;
}
