import { readFile } from "node:fs/promises";
import path from "node:path";
import test from "ava";
import { UsageError } from "../../../automation/errors.ts";
import { parsePreview } from "../../../automation/review/parse.ts";

const kept = (name: string) => readFile(path.join(import.meta.dirname, "previews", name), "utf8");
const event = (value: object) => JSON.stringify({ sequence: 0, ...value });
const URN = "urn:pulumi:prod::shop::aws:s3/bucket:Bucket::files";

test("a digest: stack, project, region, steps with both states, and what changed", async (t) => {
  const preview = parsePreview(await kept("slower.prod.json"), "slower.prod.json");
  t.like(preview, {
    stack: "prod",
    project: "trading-platform",
    region: "us-east-1",
    isNew: false,
    failures: [],
  });
  const step = preview.steps.find(
    ({ name, type }) => name === "answers-us-east-1a" && type === "aws:route53/record:Record",
  );
  t.like(step, { op: "update", changed: ["healthCheckId", "ttl"], replaceReasons: [] });
  t.deepEqual([step?.old?.inputs["ttl"], step?.new?.inputs["ttl"], step?.new?.custom], [10, 20, true]);
});

test("a stream: the same, a replacement once, and protection also where nothing else changes", async (t) => {
  const { steps, stack } = parsePreview(await kept("protection-lifted.prod.jsonl"), "it");
  t.is(stack, "prod");
  const table = steps.find(({ type }) => type === "aws:dynamodb/table:Table");
  t.like(table, { op: "update", changed: ["pointInTimeRecovery.enabled"] });
  const unprotected = steps.filter(
    ({ op, old, new: next }) => op === "same" && old?.protect && !next?.protect,
  );
  t.true(unprotected.length > 5);
  const replaced = ["create-replacement", "replace", "delete-replaced"].map((op) =>
    event({ resourcePreEvent: { metadata: { op, urn: URN, old: null, new: null } } }),
  );
  t.deepEqual(
    parsePreview([...replaced, event({ summaryEvent: {} })].join("\n"), "it").steps.map(({ op }) => op),
    ["replace"],
  );
});

test("policy violations, those that only the update can judge apart, warnings without colours, and no debug talk", (t) => {
  const preview = parsePreview(
    [
      event({ resourcePreEvent: { metadata: { op: "same", urn: URN } } }),
      event({
        policyEvent: {
          resourceUrn: URN,
          message: "<{%fg 1%}>buckets are encrypted\nnot encrypted<{%reset%}>\n",
          policyName: "encrypted",
          enforcementLevel: "mandatory",
        },
      }),
      event({
        policyEvent: {
          resourceUrn: URN,
          message: "can't run policy 'private' during preview: acl is not known yet",
          policyName: "private",
          enforcementLevel: "advisory",
        },
      }),
      event({ diagnosticEvent: { message: "<{%fg 3%}>old<{%reset%}>\n", severity: "warning" } }),
      event({ diagnosticEvent: { message: "progress", severity: "error", ephemeral: true } }),
      event({ diagnosticEvent: { message: "noise", severity: "debug" } }),
      event({ summaryEvent: { resourceChanges: { same: 1 } } }),
      "",
    ].join("\n"),
    "it",
  );
  t.deepEqual(preview.violations, [
    { policy: "encrypted", message: "not encrypted", mandatory: true, urn: URN },
  ]);
  t.deepEqual(
    [preview.warnings, preview.failures],
    [["old", "private: can't run policy 'private' during preview: acl is not known yet"], []],
  );
});

test("a preview that failed says why, once, and one that broke off is not taken for a whole one", async (t) => {
  const refused = parsePreview(await kept("refused.prod.json"), "it");
  t.is(refused.failures.length, 1);
  t.regex(refused.failures[0] ?? "", /^The configuration of stack prod has 1 problem:/);
  const cut = parsePreview(event({ resourcePreEvent: { metadata: { op: "same", urn: URN } } }), "it");
  t.deepEqual(cut.failures, ["it stopped before its end, so that steps may be missing"]);
});

const BAD: readonly (readonly [title: string, text: string, message: string])[] = [
  ["nothing", "", "a.json: it is empty; `pulumi preview --json` prints JSON"],
  [
    "text",
    "Previewing update (prod)",
    "a.json: not JSON, as `pulumi preview --json` prints it (Unexpected token 'P', \"Previewing\"... is not valid JSON)",
  ],
  [
    "another document",
    '{"steps": 3}',
    "a.json: not a preview of Pulumi: steps: Invalid input: expected array, received number",
  ],
  ["no resource", "{}", "a.json: the preview names no resource, so nobody can say of which stack it is"],
  [
    "a torn stream",
    `${event({ resourcePreEvent: { metadata: { op: "same", urn: URN } } })}\n{"seq`,
    "a.json, line 2: not JSON, as `pulumi preview --json` prints it (Unterminated string in JSON at position 5 (line 1 column 6))",
  ],
];

for (const [title, text, message] of BAD) {
  test(`refused: ${title}`, (t) => {
    t.throws(() => parsePreview(text, "a.json"), { instanceOf: UsageError, message });
  });
}
