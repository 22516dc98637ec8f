/** `dr pr-report`: reads previews, judges them, and says it where the reviewer looks. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Context } from "../commands/command.ts";
import { messageOf, UsageError } from "../errors.ts";
import { pullRequestOf, repositoryOf, writeSummary } from "./actions.ts";
import { asDrift } from "./drift.ts";
import type { Finding } from "./finding.ts";
import { GitHub } from "./github.ts";
import { judge } from "./judge.ts";
import { compare, fromMarker, type Memory, remember, toMarker, unseenOf } from "./memory.ts";
import { parsePreview } from "./parse.ts";
import type { Preview } from "./preview.ts";
import { COMMENT_LIMIT, type Report, render, SUMMARY_LIMIT } from "./render.ts";
import { countsOf, hasChanges, VERDICT_EXIT_CODES, VERDICTS, type Verdict, verdictOf } from "./verdict.ts";

export const GATES = ["danger", "eyes", "never"] as const;
export type Gate = (typeof GATES)[number];

export interface ReportRequest {
  readonly files: readonly string[];
  readonly comment: boolean;
  /** Title of the one issue to keep; it is closed when there is nothing to say. */
  readonly issue: string | undefined;
  /** The previews looked at the clouds first: what differs has drifted. */
  readonly drift: boolean;
  readonly gate: Gate;
  readonly json: boolean;
}

/** @returns the exit code that the gate makes of the verdict */
export async function prReport(
  request: ReportRequest,
  { settings, stdout, stderr, signal }: Context,
): Promise<number> {
  const { comment, issue, json } = request;
  const { environment } = settings;
  const publishes = comment || issue !== undefined;
  const github = publishes ? new GitHub(repositoryOf(environment), signal) : undefined;
  const pullRequest = comment ? await pullRequestOf(environment) : undefined;
  const given = await Promise.all(request.files.map((file) => read(file, publishes)));
  refuseTwice(given);
  const previews = request.drift ? given.map(asDrift) : given;

  const findings = judge(previews).filter(({ risk }) => !(request.drift && risk === "together"));
  const verdict = verdictOf(previews, findings);
  const report: Report = { title: undefined, verdict, previews, findings, comparison: undefined };
  let text = render(report, COMMENT_LIMIT);
  if (github !== undefined && pullRequest !== undefined) {
    const { number, commit } = pullRequest;
    const found = await github.reportComment(number);
    text = withMemory(report, fromMarker(found?.body ?? ""), commit);
    await github.writeComment(number, found, text);
    stderr.write(`comment ${found === undefined ? "written" : "updated"} on pull request ${number}\n`);
  }
  if (github !== undefined && issue !== undefined) {
    const found = await github.reportIssue();
    const isQuiet = previews.every((one) => one.failures.length === 0 && !hasChanges(countsOf(one)));
    text = withMemory(
      { ...report, title: `**${issue}**` },
      fromMarker(found?.body ?? ""),
      environment["GITHUB_SHA"] ?? "",
    );
    await github.writeIssue(found, { title: issue, body: text, state: isQuiet ? "closed" : "open" });
    stderr.write(
      isQuiet
        ? "nothing to report: no issue is open\n"
        : `issue ${found === undefined ? "opened" : "updated"}\n`,
    );
  }
  await writeSummary(environment, render(report, SUMMARY_LIMIT));
  stdout.write(json ? `${JSON.stringify(asJson(verdict, previews, findings))}\n` : `${text}\n`);
  return isShut(request.gate, verdict) ? VERDICT_EXIT_CODES[verdict] : VERDICT_EXIT_CODES.clean;
}

/** Below its gate a verdict passes; a preview that failed passes no gate. */
function isShut(gate: Gate, verdict: Verdict): boolean {
  return (
    gate !== "never" && VERDICTS.indexOf(verdict) >= VERDICTS.indexOf(gate === "eyes" ? "eyes" : "unknown")
  );
}

function withMemory(report: Report, before: Memory | undefined, commit: string): string {
  const { findings, previews } = report;
  const failed = new Set(previews.filter(({ failures }) => failures.length > 0).map(({ stack }) => stack));
  const unseen = before === undefined ? [] : unseenOf(before, findings, failed);
  const comparison = before && compare(before, findings, unseen);
  const marker = toMarker(remember(findings, commit, unseen));
  return `${render({ ...report, comparison }, COMMENT_LIMIT - Buffer.byteLength(marker) - 2)}\n\n${marker}`;
}

/**
 * @param published what cannot be read is then part of the report: the comment of the push before would otherwise
 *   stand there and say that all is well
 */
async function read(file: string, published: boolean): Promise<Preview> {
  try {
    return parsePreview(await text(file), file);
  } catch (error) {
    if (!(error instanceof UsageError) || !published) throw error;
    const stack = path.basename(file).replace(/^preview\.|\.json$/g, "");
    return {
      file,
      stack,
      project: "",
      region: undefined,
      isNew: false,
      steps: [],
      violations: [],
      warnings: [],
      failures: [messageOf(error)],
    };
  }
}

async function text(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError(
      `${file}: cannot be read (${messageOf(cause)}); it must hold what \`pulumi preview --json\` printed`,
      { cause },
    );
  }
}

function refuseTwice(previews: readonly Preview[]): void {
  const seen = new Map<string, string>();
  for (const { project, stack, file } of previews) {
    const other = seen.get(`${project}/${stack}`);
    if (other !== undefined)
      throw new UsageError(`${other} and ${file} are both of stack ${stack}: give each stack's preview once`);
    seen.set(`${project}/${stack}`, file);
  }
}

const asJson = (verdict: Verdict, previews: readonly Preview[], findings: readonly Finding[]) => ({
  verdict,
  stacks: previews.map((preview) => ({
    stack: preview.stack,
    project: preview.project,
    region: preview.region ?? null,
    ...countsOf(preview),
    failures: preview.failures,
  })),
  findings: findings.map(({ region, ...finding }) => ({ ...finding, region: region ?? null })),
});
