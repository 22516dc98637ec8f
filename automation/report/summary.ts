/** The verdict as a block of text: the answer first, then what it rests on. */
import type { CorruptionCase, Evidence, Phase, Prediction, PreviewResult, Wait } from "./evidence.ts";
import type { Verdict } from "./verdict.ts";
import { zoneLines } from "./zones.ts";

const RULE_WIDTH = 72;
const BAR_WIDTH = 40;
const LABEL_WIDTH = 12;

const HEADLINES: Readonly<Record<Verdict, string>> = {
  met: "MET",
  "rto-missed": "RTO MISSED",
  "rpo-missed": "RPO MISSED",
  failed: "FAILED",
  inconclusive: "INCONCLUSIVE",
};
const GREEN = 32;
const RED = 31;
const YELLOW = 33;

/** @param colour only for terminals */
export function summary(evidence: Evidence, file: string, colour: boolean): string {
  const paint = (code: number, text: string): string => (colour ? `\x1b[1;${code}m${text}\x1b[0m` : text);
  const hue = { met: GREEN, inconclusive: YELLOW }[evidence.verdict as string] ?? RED;
  const { seed, rate, clients, latency, dns } = evidence.options;
  const rule = "─".repeat(RULE_WIDTH);
  return [
    rule,
    `${paint(hue, HEADLINES[evidence.verdict])}   ${headline(evidence)}`,
    ...evidence.reasons.map((reason) => `  · ${reason}`),
    "",
    ...recovered(evidence),
    ...predicted(evidence),
    "",
    ...bars(evidence.rto.phases),
    "",
    ...data(evidence),
    "",
    ...clientLines(evidence),
    row("after it", `preview: prod ${preview(evidence.preview.prod)}, dr ${preview(evidence.preview.dr)}`),
    "",
    row("run", `seed ${seed}, ${rate} operations/s by ${clients} clients, latency ${latency}, ${dns}`),
    row("", `Pulumi ${evidence.engine}, commit ${evidence.commit.slice(0, 12)}`),
    row("evidence", file),
    "",
    "A model here, not the real thing:",
    ...evidence.modelled.map((line) => `  · ${line}`),
    rule,
  ].join("\n");
}

/** What the scenario is about. */
function recovered(evidence: Evidence): string[] {
  if (evidence.cases !== undefined) return evidence.cases.flatMap(caseLines);
  if (evidence.zones !== undefined) return zoneLines(evidence.zones, evidence.rto.targetSeconds);
  return recovery(evidence);
}

function headline({ cases, lost, target, options, rto, zones }: Evidence): string {
  if (zones !== undefined)
    return `${lost} lost${zones.length > 1 ? " one after the other" : ""}, nobody intervened`;
  if (cases !== undefined) return `the data of ${target} damaged ${cases.length} times, and whole again`;
  return `${lost} lost (${options.loss}), ${target} ${rto.fromImpactSeconds === null ? "did not take over" : "took over"}`;
}

function caseLines(one: CorruptionCase): string[] {
  const rate = one.replaySeconds === null ? 0 : one.eventsReplayed / Math.max(one.replaySeconds, 0.001);
  return [
    row(one.id, one.title),
    row("", `found: ${one.found ?? "NOT FOUND"}`),
    row("", `halted after ${seconds(one.haltedSeconds)}, restored in ${seconds(one.restoreSeconds)}`),
    row(
      "",
      `${number(one.eventsReplayed)} events replayed in ${seconds(one.replaySeconds)} (${number(Math.round(rate))}/s), ${one.quarantined} quarantined`,
    ),
    row("", `orders again after ${seconds(one.servedSeconds)}, ${one.left.length} differences left`),
    ...(one.prediction === undefined
      ? []
      : [
          row(
            "",
            `${seconds(one.fromGoSeconds)} from the operator's go, predicted ${foretold(one.prediction, "damage")}`,
          ),
        ]),
  ];
}

export const row = (label: string, text: string): string => `${label.padEnd(LABEL_WIDTH)} ${text}`.trimEnd();
export const seconds = (value: number | null): string => (value === null ? "never" : `${value.toFixed(1)} s`);
const number = (value: number | null): string => (value === null ? "unknown" : value.toLocaleString("en-US"));
const operations = (count: number): string => `${count} operation${count === 1 ? "" : "s"}`;
const preview = (result: PreviewResult): string => (typeof result === "number" ? operations(result) : result);

function recovery({ rto, databaseWritableSeconds }: Evidence): string[] {
  const waits = rto.criticalPath.map(({ name, ...wait }) => ({ name, spent: spent(wait) }));
  const total = waits.reduce((sum, wait) => sum + wait.spent, 0);
  return [
    row(
      "RTO",
      `${seconds(rto.fromImpactSeconds)} of ${rto.targetSeconds} s, to a fresh client's first write`,
    ),
    row("", `${seconds(rto.fromGoSeconds)} from the operator's go`),
    row("", `${seconds(rto.ownOverheadSeconds)} our own work, ${seconds(total)} unavoidable:`),
    ...waits.map(({ name, spent: each }) => row("", `${seconds(each).padStart(8)}  ${name}`)),
    row("", `every resolver led there after ${seconds(rto.everyResolverSeconds)}`),
    row("", `database writable after ${seconds(databaseWritableSeconds)}`),
  ];
}

const spent = ({ boundSeconds, measuredSeconds }: Omit<Wait, "name">): number =>
  Math.min(boundSeconds, measuredSeconds);

function bars(phases: readonly Phase[]): string[] {
  const end = Math.max(0, ...phases.map(({ endSeconds }) => endSeconds));
  if (end === 0) return [];
  const column = (at: number): number => Math.round((Math.max(0, at) / end) * BAR_WIDTH);
  return phases.map(({ name, startSeconds, endSeconds }) => {
    const start = Math.min(column(startSeconds), BAR_WIDTH - 1);
    const bar = `${" ".repeat(start)}${"█".repeat(Math.max(1, column(endSeconds) - start))}`;
    return `  ${name.padEnd(16)} ${bar.padEnd(BAR_WIDTH)} ${startSeconds.toFixed(1)} – ${seconds(endSeconds)}`;
  });
}

/** How far off the forecast was, before anything was broken. */
function predicted({ prediction, cases }: Evidence): string[] {
  if (prediction === undefined) return [];
  const { gapEvents, gapErrorEvents, gapBoundEvents, orders } = prediction;
  return [
    row(
      "predicted",
      cases === undefined ? foretold(prediction, "loss") : `at worst ${foretold(prediction, "damage")}`,
    ),
    ...(orders === undefined ? [] : [row("", `${orders.lost} orders lost, ${Math.abs(orders.error)} off`)]),
    ...(gapEvents === null
      ? []
      : [
          row(
            "",
            `database behind by ${number(gapEvents)} events, ${number(gapErrorEvents)} off; the write rate allows ${number(gapBoundEvents)}`,
          ),
        ]),
  ];
}

function foretold({ rtoSeconds, rtoErrorSeconds }: Prediction, before: "loss" | "damage"): string {
  const off = rtoErrorSeconds === null ? "" : `, ${Math.abs(rtoErrorSeconds).toFixed(1)} s off`;
  return `${seconds(rtoSeconds)} by dr check before the ${before}${off}`;
}

function data({ rpo, integrity, coverage, zones }: Evidence): string[] {
  const counts = [
    [integrity.splitBrainWrites, "split-brain writes"],
    [integrity.duplicates, "duplicates"],
    [integrity.resurrected, "cancels undone"],
    [integrity.phantom, "phantom orders"],
    [integrity.staleAnswers, "stale answers"],
    [integrity.brokenLinks, "broken links"],
  ] as const;
  const text = counts.map(([count, name]) => `${count} ${name}`);
  const equal = integrity.checksumsEqual ? "equals" : "DIFFERS FROM";
  return [
    row("RPO", `${number(rpo.lost)} lost of ${number(rpo.acknowledged)} acknowledged writes`),
    row("", `without an answer ${rpo.unknown}; settled by asking again ${rpo.unknownRecovered}`),
    ...(zones === undefined
      ? [
          row(
            "",
            `database behind by ${number(rpo.measuredGapEvents)} events, predicted ${number(rpo.predictedGapEvents)}`,
          ),
        ]
      : []),
    row("integrity", text.slice(0, 3).join(", ")),
    row("", text.slice(3).join(", ")),
    row("", `projection ${equal} a second fold of the journal`),
    ...(zones === undefined ? coverageLines(coverage) : []),
  ];
}

const coverageLines = (coverage: Evidence["coverage"]): string[] => [
  row(
    "coverage",
    `${coverage.inFlightAtKill} writes in flight at the loss: ${coverage.lostAnswers} applied unanswered, ${coverage.lateLandings} landed later`,
  ),
  row("", `${coverage.gapsAtSeal} gaps at the seal, ${coverage.orphans} orphans beyond it`),
  row("", `${number(coverage.answersAfterReturn)} requests answered by the old region after its return`),
];

function clientLines({ clients }: Evidence): string[] {
  const { stragglers, pinned } = clients;
  return [
    row(
      "clients",
      `${number(clients.sent)} operations, ${number(clients.ok)} good, ${number(clients.failed)} failed`,
    ),
    row(
      "",
      `outage: half of them within ${seconds(clients.p50OutageSeconds)}, all within ${seconds(clients.maxOutageSeconds)}`,
    ),
    row("", `${stragglers} never moved, of them ${pinned} that ignore the TTL for ever`),
  ];
}
