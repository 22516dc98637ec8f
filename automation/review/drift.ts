/** A preview that looked at the clouds first says what deploying would put back: read backwards it is what drifted. */
import { GONE, isReplacement, type Preview, type Step } from "./preview.ts";

export const asDrift = (preview: Preview): Preview => ({
  ...preview,
  steps: preview.steps.map(backwards),
  // A stack whose resources are all gone would be taken for one that was never deployed.
  isNew: false,
});

function backwards(step: Step): Step {
  const { op, old, new: next } = step;
  // Created again, because it is no longer there.
  if (op === "create") return { ...step, op: GONE, old: next, new: undefined };
  if (op === "update" || isReplacement(op)) {
    return { ...step, op: "update", old: next, new: old, replaceReasons: [] };
  }
  return step;
}
