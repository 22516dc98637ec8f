/** What each stack does, step by step, folded. */
import { diffBlock, folded, size } from "./markdown.ts";
import { GONE, isChange, isDeletion, isReplacement, type Preview, type Step } from "./preview.ts";
import { isStateful } from "./types/index.ts";
import { shortened, shown, valueAt } from "./values.ts";

const SIGNS: Readonly<Record<string, string>> = {
  create: "+",
  import: "+",
  update: "~",
  delete: "-",
  [GONE]: "-",
};
const MOST_PROPERTIES = 30;
const LONGEST_LINE = 160;

/** One fold per stack with changes; steps that have no room are counted. */
export function details(previews: readonly Preview[], room: number): readonly string[] {
  const all = previews
    .flatMap((preview) => preview.steps.filter(({ op }) => isChange(op)).map((step) => ({ preview, step })))
    .map((one) => ({ ...one, key: [rank(one.step), one.step.type, one.step.name].join("\n") }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const kept = new Map<Preview, string[]>(previews.map((preview) => [preview, []]));
  const total = new Map<Preview, number>();
  let left = room - previews.length * 200;
  let isFull = false;
  for (const { preview, step } of all) {
    total.set(preview, (total.get(preview) ?? 0) + 1);
    // Once one has no room nothing after it is shown: what is missing is always the mildest.
    if (isFull) continue;
    const text = lines(step).join("\n");
    left -= size(text) + 1;
    isFull = left < 0;
    if (!isFull) kept.get(preview)?.push(text);
  }
  return [...total].map(([preview, count]) => {
    const shownSteps = kept.get(preview) ?? [];
    const missing = count - shownSteps.length;
    const note = missing > 0 ? `\n\n${missing} more steps: the summary of the workflow run has them.` : "";
    const content = shownSteps.length > 0 ? diffBlock(shownSteps) : "";
    return folded(preview.stack, `${count} ${count === 1 ? "change" : "changes"}`, `${content}${note}`);
  });
}

function rank({ op, type }: Step): number {
  const isLoss = (isReplacement(op) || isDeletion(op)) && isStateful(type);
  return isLoss ? 0 : isReplacement(op) ? 1 : isDeletion(op) ? 2 : op === "update" ? 3 : 4;
}

/** A header that `diff` colours as such, then the properties. */
function lines(step: Step): readonly string[] {
  const { op, type, name, changed, replaceReasons } = step;
  const sign = isReplacement(op) ? "±" : (SIGNS[op] ?? "?");
  const head = `@@ ${sign} ${op} ${type} ${name} @@`;
  const paths = [...new Set([...replaceReasons, ...changed])].sort();
  const properties = paths.slice(0, MOST_PROPERTIES).flatMap((path) => changeLines(step, path));
  const left = paths.length - MOST_PROPERTIES;
  return [head, ...properties, ...(left > 0 ? [`  and ${left} more properties`] : [])].map(oneLine);
}

function changeLines({ old, new: next, replaceReasons }: Step, path: string): readonly string[] {
  const before = valueAt(old?.inputs, path) ?? valueAt(old?.outputs, path);
  const after = valueAt(next?.inputs, path);
  const forces = replaceReasons.includes(path) ? "  (forces the replacement)" : "";
  if (before === undefined && after === undefined) return [`  ${path}${forces}`];
  return [
    ...(before === undefined ? [] : [`- ${path}: ${shown(before)}${forces}`]),
    ...(after === undefined ? [] : [`+ ${path}: ${shown(after)}${forces}`]),
  ];
}
const oneLine = (text: string): string =>
  shortened(text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, "⏎"), LONGEST_LINE);
