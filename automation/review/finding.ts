/** What a reviewer has to see, and how bad it is. */

/** `danger` breaks the promise or loses data when deployed; `eyes` weakens it, or would when a region is lost. */
export type Severity = "danger" | "eyes";

export const RISKS = {
  replaced: "replaced, with what it holds",
  deleted: "deleted, with what it holds",
  forgotten: "leaves Pulumi's hands, stays in the cloud",
  replica: "replica link removed",
  policy: "policy violated",
  protection: "protection lifted",
  slower: "traffic would move later",
  capacity: "less capacity",
  interrupted: "service interrupted",
  restart: "restarts, or changes version",
  unguarded: "guard removed",
  widened: "grants widened",
  narrowed: "grant taken away",
  switched: "switched",
  together: "both regions at once",
} as const;

export type Risk = keyof typeof RISKS;

export interface Finding {
  readonly risk: Risk;
  readonly severity: Severity;
  readonly stack: string;
  readonly region: string | undefined;
  /** Of the resources; empty for a stack's own. */
  readonly type: string;
  readonly names: readonly string[];
  /** What forces it: property and values, one a line. */
  readonly because: readonly string[];
  readonly rpo: string;
  readonly rto: string;
}

/** Data, or the link to its copy, goes away by this very change. */
export const isLoss = ({ risk, severity }: Pick<Finding, "risk" | "severity">): boolean =>
  severity === "danger" && (risk === "replaced" || risk === "deleted" || risk === "replica");

const ORDER = Object.keys(RISKS) as readonly Risk[];

/** Losses first, then by severity, then as the risks are listed. */
export function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  const rank = (finding: Finding): number =>
    (isLoss(finding) ? 0 : finding.severity === "danger" ? 100 : 200) + ORDER.indexOf(finding.risk);
  return [...findings].sort((a, b) => rank(a) - rank(b));
}

/** Findings that say the same of several resources are one. */
export function merged(findings: readonly Finding[]): readonly Finding[] {
  const groups = new Map<string, Finding & { readonly names: string[] }>();
  for (const finding of findings) {
    const { names, ...rest } = finding;
    const key = JSON.stringify(rest);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ...rest, names: [...names] });
    else group.names.push(...names);
  }
  return [...groups.values()].map((group) => ({ ...group, names: group.names.sort() }));
}
