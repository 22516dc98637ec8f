/** What the findings add up to, and the exit code that says so. */
import { EXIT } from "../errors.ts";
import { type Finding, RISKS, type Risk } from "./finding.ts";
import { isDeletion, isReplacement, type Preview } from "./preview.ts";

export const VERDICTS = ["clean", "eyes", "unknown", "danger"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What to gate a pull request on; a verdict below the gate ends with 0. */
export const VERDICT_EXIT_CODES: Readonly<Record<Verdict, number>> = {
  clean: EXIT.done,
  eyes: 20,
  danger: 21,
  unknown: 22,
};

export function verdictOf(previews: readonly Preview[], findings: readonly Finding[]): Verdict {
  if (findings.some(({ severity }) => severity === "danger")) return "danger";
  if (previews.some(({ failures }) => failures.length > 0)) return "unknown";
  return findings.length > 0 ? "eyes" : "clean";
}

export interface Counts {
  readonly created: number;
  readonly updated: number;
  readonly replaced: number;
  readonly deleted: number;
}

export function countsOf({ steps }: Preview): Counts {
  const count = (matches: (op: string) => boolean) => steps.filter(({ op }) => matches(op)).length;
  return {
    created: count((op) => op === "create" || op === "import"),
    updated: count((op) => op === "update"),
    replaced: count(isReplacement),
    deleted: count(isDeletion),
  };
}

export const hasChanges = (counts: Counts): boolean => Object.values(counts).some((count) => count > 0);

/** How many resources each risk is about, in the order of `RISKS`. */
export function resourcesByRisk(findings: readonly Finding[]): readonly (readonly [Risk, number])[] {
  return (Object.keys(RISKS) as readonly Risk[])
    .map(
      (risk) =>
        [risk, findings.filter((one) => one.risk === risk).flatMap(({ names }) => names).length] as const,
    )
    .filter(([, count]) => count > 0);
}
