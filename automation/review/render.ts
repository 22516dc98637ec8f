/**
 * The report as a reviewer reads it: what can lose data first, whatever else there is.
 *
 * Invariant: every replacement and deletion of something stateful stands within the first 4,000 characters, by name
 * while names fit, else counted by type; the whole stays within its limit, filled by severity.
 */
import { details } from "./details.ts";
import { bySeverity, type Finding, isLoss, RISKS } from "./finding.ts";
import { compact } from "./losses.ts";
import { code, folded, size, some } from "./markdown.ts";
import type { Comparison } from "./memory.ts";
import { needsEyes, rowsOf, standsAlone } from "./needs-eyes.ts";
import type { Preview } from "./preview.ts";
import { shortened } from "./values.ts";
import { countsOf, hasChanges, resourcesByRisk, type Verdict } from "./verdict.ts";

/** GitHub refuses a comment of more than 65,536 characters. */
export const COMMENT_LIMIT = 60_000;
/** GitHub drops a step's summary of more than 1 MiB. */
export const SUMMARY_LIMIT = 1_000_000;
const TOP = 3_900;
const MOST_WARNINGS = 20;

export interface Report {
  readonly title: string | undefined;
  readonly verdict: Verdict;
  readonly previews: readonly Preview[];
  readonly findings: readonly Finding[];
  /** With the previous push; undefined: there was none. */
  readonly comparison: Comparison | undefined;
}

const WORDS: Readonly<Record<Verdict, string>> = {
  danger: "🔴 **Breaks the promise**",
  unknown: "⚪ **Cannot be judged**",
  eyes: "🟡 **Needs eyes**",
  clean: "🟢 **Nothing here weakens the promise**",
};

export function render(report: Report, limit: number): string {
  const { previews, findings, comparison } = report;
  const ranked = bySeverity(findings);
  const head = [headline(report), ...(comparison === undefined ? [] : [since(comparison)])];
  const failures = failed(previews);
  const losses = ranked.filter(isLoss);
  const rows = rowsOf(ranked, comparison?.added);
  const room = TOP - size(head.join("\n\n"));
  const isShort = standsAlone(rows.filter(isLoss), room);
  const top = isShort ? [] : [compact(losses, room)];
  const left = limit - size([...head, ...failures, ...top].join("\n\n")) - RESERVED;
  const needs = ranked.length === 0 ? [] : [needsEyes(rows, Math.floor(left * SHARE), isShort)];
  const said = warnings(previews);
  const folds = details(previews, left - size([...needs, ...said].join("\n\n")));
  const worst = losses.length > 0 ? [...top, ...needs, ...failures] : [...failures, ...needs];
  return [...head, ...worst, ...folds, ...said].join("\n\n");
}

/** Of what is left, for the table. */
const SHARE = 0.8;
/** For the blank lines between parts and the note about what was left out. */
const RESERVED = 400;

/** Stacks without changes share its last part. */
function headline({ title, verdict, findings, previews }: Report): string {
  const risks = resourcesByRisk(findings).map(([risk, count]) => `${count} × ${RISKS[risk]}`);
  const moving = previews.filter((preview) => hasChanges(countsOf(preview)));
  const quiet = previews.filter((preview) => !moving.includes(preview) && preview.failures.length === 0);
  return [
    ...(title === undefined ? [] : [title]),
    WORDS[verdict],
    ...(risks.length > 0 ? [risks.join(", ")] : []),
    ...previews
      .filter(({ failures }) => failures.length > 0)
      .map((preview) => `⚪ preview of ${place(preview)} failed`),
    ...moving.map((preview) => `${place(preview)} ${signs(countsOf(preview))}`),
    ...(quiet.length > 0 ? [`no changes in ${quiet.map(place).join(", ")}`] : []),
  ].join(" · ");
}

const signs = ({ created, updated, replaced, deleted }: ReturnType<typeof countsOf>): string =>
  `+${created} ~${updated} ±${replaced} −${deleted}`;

const place = ({ stack, region }: Pick<Preview, "stack" | "region">): string =>
  `${code(stack)}${region === undefined ? "" : ` (${region})`}`;

function failed(previews: readonly Preview[]): readonly string[] {
  return previews
    .filter(({ failures }) => failures.length > 0)
    .map(
      (preview) =>
        `The preview of ${place(preview)} failed: ${some(
          preview.failures.map((failure) => code(shortened(failure, 200))),
          3,
          "; ",
        )}`,
    );
}

function since({ commit, added, kept, gone, unseen }: Comparison): string {
  const what =
    commit === "" ? "Since the previous push" : `Since the previous push (${code(commit.slice(0, 8))})`;
  const list = gone.length === 0 ? "" : ` (${some(gone.map(code), 5, ", ")})`;
  const fresh = added === undefined ? "what is new is unknown" : `${added.size} new`;
  const hidden = unseen === 0 ? "" : `, ${unseen} unknown because a preview failed`;
  return `${what}: ${fresh}, ${kept} as before, ${gone.length} gone${list}${hidden}.`;
}

/** What the program and the providers warned of. */
const warnings = (previews: readonly Preview[]): readonly string[] =>
  previews
    .filter((preview) => preview.warnings.length > 0)
    .map(({ stack, warnings: all }) =>
      folded(
        stack,
        `${all.length} ${all.length === 1 ? "warning" : "warnings"}`,
        some(
          all.map((warning) => `- ${code(shortened(warning, 300))}`),
          MOST_WARNINGS,
          "\n",
        ),
      ),
    );
