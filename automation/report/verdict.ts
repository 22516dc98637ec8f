/** The verdict on a drill: decided from the measurements alone. */
import { EXIT } from "../errors.ts";
import type { Coverage, Measurements } from "./evidence.ts";

export const VERDICTS = ["met", "rto-missed", "rpo-missed", "failed", "inconclusive"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Process exit codes; `inconclusive` shares none with the failover, which cannot end so. */
export const VERDICT_EXIT_CODES: Readonly<Record<Verdict, number>> = {
  met: EXIT.done,
  "rpo-missed": EXIT.rpoMissed,
  "rto-missed": EXIT.rtoMissed,
  failed: EXIT.halfway,
  inconclusive: 15,
};

/** What the scenario promised to put to the test; a drill in which it did not happen proves nothing. */
export interface Promised {
  readonly coverage: readonly (keyof Coverage)[];
  readonly acknowledged: number;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

export type Finding = readonly [Exclude<Verdict, "met">, string];

/** Worst first: a loss outweighs a broken invariant, which outweighs slowness, which outweighs a test that hit nothing. */
const PRECEDENCE = ["rpo-missed", "failed", "rto-missed", "inconclusive"] as const;

/** @param own what only the scenario can hold against its measurements */
export function judge(measured: Measurements, promised: Promised, own: readonly Finding[] = []): Judgement {
  const findings: Finding[] = [
    ...lossFindings(measured),
    ...integrityFindings(measured),
    ...timeFindings(measured),
    ...failoverFindings(measured),
    ...own,
    ...coverageFindings(measured, promised),
  ];
  const verdict = PRECEDENCE.find((candidate) => findings.some(([kind]) => kind === candidate)) ?? "met";
  return { verdict, reasons: findings.map(([, reason]) => reason) };
}

function lossFindings({ rpo }: Measurements): Finding[] {
  return rpo.lost > 0
    ? [["rpo-missed", `${count(rpo.lost, "acknowledged write")} lost, of ${rpo.acknowledged}`]]
    : [];
}

function integrityFindings({ integrity, preview }: Measurements): Finding[] {
  const counted: readonly [number, string][] = [
    [integrity.splitBrainWrites, "acknowledgement not in the valid log (split brain)"],
    [integrity.duplicates, "order executed twice"],
    [integrity.resurrected, "acknowledged cancel undone"],
    [integrity.phantom, 'order exists that was answered "refused" or "never appended"'],
    [integrity.staleAnswers, "stale answer"],
    [integrity.brokenLinks, "broken link in the journal's hash chain"],
  ];
  const findings: Finding[] = counted
    .filter(([number]) => number > 0)
    .map(([number, what]) => ["failed", `${number} × ${what}`]);
  if (!integrity.checksumsEqual)
    findings.push(["failed", "the projection was not shown to equal a second fold of the journal"]);
  for (const stack of ["prod", "dr"] as const) {
    if (preview[stack] === "failed") findings.push(["failed", `preview of stack ${stack} failed`]);
  }
  return findings;
}

function timeFindings({ rto, databaseWritableSeconds }: Measurements): Finding[] {
  if (rto.fromImpactSeconds === null)
    return [["failed", "no fresh client could write by the public name again"]];
  const findings: Finding[] = [];
  if (rto.fromImpactSeconds > rto.targetSeconds) {
    findings.push([
      "rto-missed",
      `RTO ${rto.fromImpactSeconds.toFixed(1)} s, objective ${rto.targetSeconds} s`,
    ]);
  }
  if (databaseWritableSeconds === null) findings.push(["failed", "the database never became writable"]);
  return findings;
}

/** What the command itself says of its run counts too: it may have seen what we did not. */
function failoverFindings({ failover }: Measurements): Finding[] {
  if (failover === null) return [];
  const { exitCode } = failover;
  if (exitCode === EXIT.done) return [];
  const said = `the failover command ended with ${exitCode === null ? "no exit code" : `exit code ${exitCode}`}`;
  if (exitCode === EXIT.rpoMissed) return [["rpo-missed", said]];
  return [[exitCode === EXIT.rtoMissed ? "rto-missed" : "failed", said]];
}

function coverageFindings({ coverage, rpo }: Measurements, promised: Promised): Finding[] {
  const findings: Finding[] = promised.coverage
    .filter((name) => coverage[name] === 0)
    .map((name) => ["inconclusive", `coverage.${name} is 0: the loss hit nothing there`]);
  if (rpo.acknowledged < promised.acknowledged) {
    findings.push([
      "inconclusive",
      `only ${rpo.acknowledged} acknowledged writes, the scenario promises ${promised.acknowledged}`,
    ]);
  }
  return findings;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
