import test from "ava";
import fc from "fast-check";
import { bySeverity, RISKS } from "../../../automation/review/finding.ts";
import { judge } from "../../../automation/review/judge.ts";
import { code } from "../../../automation/review/markdown.ts";
import { needsEyes, rowsOf } from "../../../automation/review/needs-eyes.ts";
import { isDeletion, isReplacement, type Preview, type Step } from "../../../automation/review/preview.ts";
import { COMMENT_LIMIT, render } from "../../../automation/review/render.ts";
import { GROUPS, isStateful } from "../../../automation/review/types/index.ts";
import { resourcesByRisk, verdictOf } from "../../../automation/review/verdict.ts";
import { previewOf, stateOf, stepOf, updateOf } from "./steps.ts";

const SEED = 7;
const TOP = 4_000;

const reported = (previews: readonly Preview[], limit = COMMENT_LIMIT): string => {
  const findings = judge(previews);
  return render(
    { title: undefined, verdict: verdictOf(previews, findings), previews, findings, comparison: undefined },
    limit,
  );
};

const types = fc.constantFrom(...GROUPS.flatMap((group) => group.types), "someone:index/thing:Thing");
const nasty = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom(
    "`",
    "``",
    "a|b",
    "\\|",
    "<!-- -->",
    "<b>",
    "@team",
    "#1",
    "```\n@all\n```",
    "</details>",
    "\r\n\n",
  ),
);
const values = fc.dictionary(
  fc.constantFrom("ttl", "policy", "replicas", "kmsKeyId"),
  fc.oneof(nasty, fc.integer()),
);
const stepsOf = (name: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc
      .record({
        op: fc.constantFrom("create", "update", "replace", "delete", "same"),
        type: types,
        name,
        reason: fc.constantFrom("ttl", "policy", "kmsKeyId"),
        before: values,
        after: values,
      })
      .map(({ op, type, name: called, reason, before, after }) =>
        stepOf(op, type, called, {
          replaceReasons: op === "replace" ? [reason] : [],
          changed: [reason],
          ...(op !== "create" && { old: stateOf(before) }),
          ...(op !== "delete" && { new: stateOf(after) }),
        }),
      ),
    { maxLength },
  );

const losses = (steps: readonly Step[]): readonly Step[] =>
  steps.filter(({ op, type }) => (isReplacement(op) || isDeletion(op)) && isStateful(type));

test("up to two dozen losses stand by name within the first 4,000 characters, whatever else there is", (t) => {
  const names = fc.stringMatching(/^[a-z][a-z0-9-]{3,39}$/);
  fc.assert(
    fc.property(stepsOf(names, 24), stepsOf(nasty, 60), (some, more) => {
      const milder = more.filter((step) => losses([step]).length === 0);
      const top = reported([previewOf([...milder, ...some])]).slice(0, TOP);
      return losses(some).every(({ name }) => top.includes(name));
    }),
    { seed: SEED, numRuns: 150 },
  );
  t.pass();
});

test("of any number of losses with any names every one is named or counted there, and the whole fits", (t) => {
  fc.assert(
    fc.property(stepsOf(nasty, 400), stepsOf(nasty, 400), (prod, dr) => {
      const previews = [previewOf(prod), previewOf(dr, { stack: "dr", region: "us-west-2" })];
      const text = reported(previews);
      const top = text.slice(0, TOP);
      const all = losses(prod).length + losses(dr).length;
      const counted = [
        ...top.matchAll(
          /^- \*\*(?:replaced|deleted|replica link removed)\*\* in `\S+`: (\d+) ×|^- \*\*and (\d+) more\*\*/gm,
        ),
      ].reduce((sum, [, one, more]) => sum + Number(one ?? more), 0);
      const headline = [
        ...(top.split("\n")[0] ?? "").matchAll(/(\d+) × (?:replaced, with|deleted, with|replica link)/g),
      ].reduce((sum, [, count]) => sum + Number(count), 0);
      t.is(headline, all);
      if (counted > 0) t.is(counted, all);
      t.true(Buffer.byteLength(text) < 60_000);
    }),
    { seed: SEED, numRuns: 60 },
  );
});

test("two thousand losses of one kind: counted first, the table below, nothing beyond the limit", (t) => {
  const steps = Array.from({ length: 2_000 }, (_, n) =>
    stepOf("delete", "aws:s3/bucket:Bucket", `bucket-${n}`, { old: stateOf({}) }),
  );
  const text = reported([previewOf(steps)]);
  t.regex(text, /^🔴 \*\*Breaks the promise\*\* · 2000 × deleted, with what it holds · /);
  t.regex(
    text.slice(0, TOP),
    /^- \*\*deleted\*\* in `prod`: 2000 × `aws:s3\/bucket:Bucket`: `bucket-0`, `bucket-1`, .*, …$/m,
  );
  t.true(text.length < 60_000);
  t.regex(text, /more steps: the summary of the workflow run has them/);
});

test("a thousand weaker findings push no loss down, and share a row where there is no room for each", (t) => {
  const raised = Array.from({ length: 1_000 }, (_, n) => ({
    ...updateOf("aws:route53/record:Record", { ttl: 1 }, { ttl: n + 2 }),
    name: `record-${n}`,
  }));
  const lost = Array.from({ length: 20 }, (_, n) =>
    stepOf("delete", "aws:rds/cluster:Cluster", `database-${n}`),
  );
  const text = reported([previewOf([...raised, ...lost])]);
  for (const { name } of lost) t.true(text.slice(0, TOP).includes(`\`${name}\``), name);
  t.regex(
    text,
    /^\| 🟡 \| \*\*traffic would move later\*\*: `record-0`, `record-1`, `record-2`, `record-3`, and 996 more `aws:route53\/record:Record` in `prod` \| `ttl: 1 → 2`<br>and 999 more \|/m,
  );
  t.true(Buffer.byteLength(text) < 60_000);
});

test("the table is never cut: whatever was found is in one of its rows, by name or counted", (t) => {
  const names = fc.stringMatching(/^[a-z][a-z0-9-]{3,39}$/);
  fc.assert(
    fc.property(stepsOf(names, 900), stepsOf(names, 900), (prod, dr) => {
      const findings = judge([previewOf(prod), previewOf(dr, { stack: "dr", region: "us-west-2" })]);
      const text = needsEyes(rowsOf(bySeverity(findings), undefined), 40_000, false);
      t.true(Buffer.byteLength(text) <= 40_000);
      const inRows = new Map<string, number>();
      // A name has no colon, a type has.
      for (const [, risk = "", named = "", more = "0"] of text.matchAll(
        /^\| \S+ \| \*\*(.+?)\*\*: ((?:`[^`:]+`(?:, )?)+)(?:and (\d+) more)?/gm,
      )) {
        const count = (named.match(/`[^`]+`/g)?.length ?? 0) + Number(more);
        inRows.set(risk, (inRows.get(risk) ?? 0) + count);
      }
      t.deepEqual(
        [...inRows].sort(),
        resourcesByRisk(findings)
          .map(([risk, count]): [string, number] => [RISKS[risk], count])
          .sort(),
      );
    }),
    { seed: SEED, numRuns: 60 },
  );
});

/** What is left when code spans, fenced blocks and our own folds are taken away. */
function outsideCode(text: string): string {
  return text
    .replace(/^(`{3,})diff\n[\s\S]*?\n\1$/gm, "")
    .replace(/<details><summary><code>[^<>]*<\/code>: [^<>]*<\/summary>/g, "")
    .replace(/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/g, "")
    .replaceAll("<br>", "");
}

test("whatever a preview holds stays inside code: no markup, no mention, no broken table", (t) => {
  const evil = fc.tuple(nasty, nasty).map(([a, b]) => `${a}EVIL${b}`);
  fc.assert(
    fc.property(stepsOf(evil, 30), fc.array(evil, { maxLength: 4 }), (steps, failures) => {
      const violations = failures.map((message) => ({
        policy: message,
        message,
        mandatory: true,
        urn: message,
      }));
      const text = reported([previewOf(steps, { failures, warnings: failures, violations })]);
      const rest = outsideCode(text);
      t.false(rest.includes("EVIL"), text);
      for (const line of rest.split("\n").filter((one) => one.startsWith("|"))) {
        t.is(line.split("|").length, 7, line);
      }
      t.is([...text.matchAll(/^<details>/gm)].length, [...text.matchAll(/^<\/details>$/gm)].length);
    }),
    { seed: SEED, numRuns: 150 },
  );
});

test("code spans keep backticks, and neither lines nor bars", (t) => {
  t.is(code("a"), "`a`");
  t.is(code("a`b"), "``a`b``");
  t.is(code("`"), "`` ` ``");
  t.is(code("a\nb|c"), "`a⏎b│c`");
  t.is(code(""), "`  `");
});
