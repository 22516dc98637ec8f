import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import test, { type ExecutionContext } from "ava";
import type { Context } from "../../../automation/commands/command.ts";
import { CredentialsError, HalfwayError, UsageError } from "../../../automation/errors.ts";
import { toMarker } from "../../../automation/review/memory.ts";
import { prReport, type ReportRequest } from "../../../automation/review/report.ts";
import { readSettings } from "../../../automation/settings.ts";
import { BOT, FakeGitHub } from "./github.ts";

const kept = (name: string): string => path.join(import.meta.dirname, "previews", name);
const SLOWER = [kept("slower.prod.json"), kept("slower.dr.json")];
const QUIET = [kept("no-changes.prod.json"), kept("no-changes.dr.json")];
const REQUEST = { comment: true, issue: undefined, drift: false, gate: "danger", json: false } as const;

async function world(t: ExecutionContext, environment: Readonly<Record<string, string>> = {}) {
  const github = await FakeGitHub.start(t);
  const directory = await mkdtemp(path.join(tmpdir(), "pr-report-"));
  t.teardown(() => rm(directory, { recursive: true }));
  const event = path.join(directory, "event.json");
  await writeFile(event, JSON.stringify({ pull_request: { number: 12, head: { sha: "0123456789abcdef" } } }));
  const summary = path.join(directory, "summary.md");
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const context: Context = {
    settings: readSettings(
      {
        GITHUB_REPOSITORY: "bank/platform",
        GITHUB_TOKEN: "secret",
        GITHUB_API_URL: github.url,
        GITHUB_EVENT_PATH: event,
        GITHUB_STEP_SUMMARY: summary,
        ...environment,
      },
      directory,
    ),
    stdin: new PassThrough(),
    ...streams,
    signal: new AbortController().signal,
  };
  return {
    github,
    context,
    directory,
    report: (files: readonly string[], more: Partial<ReportRequest> = {}) =>
      prReport({ ...REQUEST, files, ...more }, context),
    printed: () => String(streams.stdout.read() ?? ""),
    summary: () => readFile(summary, "utf8"),
  };
}

test("one comment, written once and then updated, found beyond the first pages among 250 others", async (t) => {
  const { github, report } = await world(t);
  github.talk(70);
  t.is(await report(SLOWER), 0);
  t.is(github.comments.length, 71);
  github.talk(180);
  t.is(await report(QUIET), 0);
  t.is(github.comments.length, 251);
  const [mine, ...others] = github.comments.filter(({ user }) => user.login === BOT.login);
  t.deepEqual(others, []);
  t.regex(mine?.body ?? "", /^🟢 \*\*Nothing here weakens the promise\*\*/);
  t.is(github.asked.filter((line) => line.startsWith("POST")).length, 1);
});

test("with pages of 30, as many as an API may force, the comment is found on the last one", async (t) => {
  const { github, report } = await world(t);
  github.largestPage = 30;
  github.talk(95);
  await report(SLOWER);
  await report(SLOWER);
  t.is(github.comments.length, 96);
  t.is(github.asked.at(-1), "PATCH /repos/bank/platform/issues/comments/1095");
  t.true(github.asked.at(-2)?.endsWith("page=4"));
});

test("somebody else's comment with the marker in it is left alone", async (t) => {
  const { github, report } = await world(t);
  const forged = toMarker({ version: 2, commit: "", risks: [], more: 0 });
  github.comments.push({ id: 5, body: forged, user: { login: "mallory", type: "User" } });
  await report(SLOWER);
  t.is(github.comments[0]?.body, forged);
  t.is(github.comments.length, 2);
});

test("a person's token finds that person's comment", async (t) => {
  const { github, report } = await world(t);
  github.user = "ann";
  github.talk(3);
  await report(SLOWER);
  await report(QUIET);
  t.is(github.comments.length, 4);
});

test("the next push says what is new, what is as before, and what is gone", async (t) => {
  const { github, report } = await world(t);
  await report([kept("slower.prod.json")]);
  await report([kept("replica-removed.prod.json"), kept("no-changes.dr.json")]);
  const body = github.comments[0]?.body ?? "";
  t.regex(
    body,
    /^Since the previous push \(`01234567`\): 1 new, 0 as before, 6 gone \(`traffic would move later: answers-us-east-1a \(prod\)`, .*and 1 more\)\.$/m,
  );
  t.regex(body, /^\| 🔴 \*\*new\*\* \| \*\*replica link removed\*\*/m);
});

test("what a failed preview hides is not called gone, and is still remembered at the push after", async (t) => {
  const { github, report } = await world(t);
  const since = () => /^Since .*$/m.exec(github.comments[0]?.body ?? "")?.[0];
  await report(SLOWER);
  t.is(await report([SLOWER[0] ?? "", "preview.dr.json"]), 22);
  t.is(
    since(),
    "Since the previous push (`01234567`): 0 new, 6 as before, 0 gone, 18 unknown because a preview failed.",
  );
  await report(SLOWER);
  t.is(since(), "Since the previous push (`01234567`): 0 new, 24 as before, 0 gone.");
});

test("a marker of another version is no reason to fail, and nothing is compared", async (t) => {
  const { github, report } = await world(t);
  github.comments.push({ id: 5, body: "<!-- dr:pr-report bm9uc2Vuc2U -->", user: BOT });
  t.is(await report(SLOWER), 0);
  t.is(github.comments.length, 1);
  t.notRegex(github.comments[0]?.body ?? "", /Since the previous push/);
});

test("exit codes follow the verdict from the gate on", async (t) => {
  const { report } = await world(t);
  const codes = async (file: string) => [
    await report([kept(file)], { comment: false, gate: "danger" }),
    await report([kept(file)], { comment: false, gate: "eyes" }),
    await report([kept(file)], { comment: false, gate: "never" }),
  ];
  t.deepEqual(await codes("no-changes.prod.json"), [0, 0, 0]);
  t.deepEqual(await codes("slower.prod.json"), [0, 20, 0]);
  t.deepEqual(await codes("replica-removed.prod.json"), [21, 21, 0]);
  t.deepEqual(await codes("refused.prod.json"), [22, 22, 0]);
});

test("a preview that is missing is part of the comment: the one of the push before would say that all is well", async (t) => {
  const { github, report } = await world(t);
  await report(QUIET);
  t.is(await report([QUIET[0] ?? "", "preview.dr.json"]), 22);
  t.is(github.comments.length, 1);
  t.regex(
    github.comments[0]?.body ?? "",
    /^⚪ \*\*Cannot be judged\*\* · ⚪ preview of `dr` failed.*\n\nSince .*\n\nThe preview of `dr` failed: `+ ?preview\.dr\.json: cannot be read/,
  );
});

test("without a comment to keep true, a missing file is bad usage", async (t) => {
  const { report } = await world(t);
  await t.throwsAsync(report(["/nowhere/preview.json"], { comment: false }), {
    instanceOf: UsageError,
    message:
      "/nowhere/preview.json: cannot be read (ENOENT: no such file or directory, open '/nowhere/preview.json'); it must hold what `pulumi preview --json` printed",
  });
});

test("the same stack twice is refused", async (t) => {
  const { report } = await world(t);
  const error = await t.throwsAsync(report([SLOWER[0] ?? "", QUIET[0] ?? ""]), { instanceOf: UsageError });
  t.regex(error?.message ?? "", /are both of stack prod: give each stack's preview once$/);
});

test("the step's summary has all of it, and stdout the comment or the verdict as JSON", async (t) => {
  const { report, printed, summary } = await world(t);
  await report(SLOWER, { comment: false });
  t.is(printed(), await summary());
  await report(SLOWER, { comment: false, json: true });
  const { verdict, stacks, findings } = JSON.parse(printed());
  t.is(verdict, "eyes");
  t.like(stacks[0], { stack: "prod", region: "us-east-1", updated: 3, replaced: 3, failures: [] });
  t.is(findings[0].risk, "slower");
});

test("one issue: opened when there is something, updated, closed when there is nothing more", async (t) => {
  const { github, report } = await world(t);
  const more = { comment: false, issue: "Drift" };
  await report(QUIET, more);
  t.is(github.issues.length, 0);
  github.issues.push({ id: 1, number: 1, state: "open", body: "", user: BOT, pull_request: {} });
  await report(SLOWER, more);
  await report(SLOWER, more);
  t.is(github.issues.length, 2);
  t.like(github.issues[1], { title: "Drift", state: "open" });
  t.regex(github.issues[1]?.body ?? "", /^\*\*Drift\*\* · 🟡 \*\*Needs eyes\*\*/);
  await report(QUIET, more);
  t.is(github.issues[1]?.state, "closed");
});

test("drift is read backwards: what deploying would put back, somebody took away", async (t) => {
  const { report, printed } = await world(t);
  const more = { comment: false, drift: true, json: true };
  t.is(await report([kept("replica-removed.prod.json")], more), 0);
  t.like(JSON.parse(printed()), { verdict: "clean", stacks: { 0: { updated: 1 } } });
  await report([kept("slower.prod.json")], more);
  // The TTL is shorter than the program says, and the health checks are faster: neither weakens anything.
  t.like(JSON.parse(printed()), { verdict: "clean", stacks: { 0: { updated: 6, replaced: 0 } } });
});

test("GitHub out of breath is asked again; a refusal is told with what the token needs", async (t) => {
  const { github, report } = await world(t);
  github.user = "ann";
  github.talk(1);
  const answered = github.asked.length;
  github.troubles.push({ status: 403, body: "{}" }, { status: 502, body: "" });
  await report(SLOWER);
  t.is(github.asked.length - answered, 4);
  t.is(github.comments.length, 2);
  const { report: denied } = await world(t, { GITHUB_TOKEN: "wrong" });
  await t.throwsAsync(denied(SLOWER), {
    instanceOf: CredentialsError,
    message:
      "GitHub answered 401 to GET /repos/bank/platform/issues/12/comments: Bad credentials. The token needs `pull-requests: write` for a comment, `issues: write` for an issue",
  });
});

test("outside of a pull request, or without a token, it says what is missing", async (t) => {
  const bare = await world(t, { GITHUB_TOKEN: "", GITHUB_REPOSITORY: "" });
  await t.throwsAsync(bare.report(SLOWER), {
    instanceOf: UsageError,
    message: "to write to GitHub GITHUB_REPOSITORY and GITHUB_TOKEN must be set, as GitHub Actions sets them",
  });
  const push = await world(t, { GITHUB_EVENT_PATH: "" });
  await t.throwsAsync(push.report(SLOWER), {
    instanceOf: UsageError,
    message:
      "--comment: GITHUB_EVENT_PATH (not set) names no pull request to comment on; it does in a workflow `on: pull_request`",
  });
});

test("a comment whose writing got no answer is not written twice blindly", async (t) => {
  const { github, report } = await world(t);
  github.troubles.push(
    { status: 403, body: "{}" },
    { status: 200, body: "[]" },
    { status: 500, body: '{"message":"oops"}' },
  );
  await t.throwsAsync(report(SLOWER), {
    instanceOf: HalfwayError,
    message: "GitHub answered 500 to POST /repos/bank/platform/issues/12/comments: oops",
  });
  t.is(github.asked.filter((line) => line.startsWith("POST")).length, 1);
});
