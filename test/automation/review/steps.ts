/** Previews made up for tests of one rule at a time; real ones are in previews/. */
import { differences } from "../../../automation/adapters/plan-check.ts";
import type { Preview, Properties, ResourceState, Step } from "../../../automation/review/preview.ts";

export const stateOf = (inputs: Properties = {}, more: Partial<ResourceState> = {}): ResourceState => ({
  inputs,
  outputs: {},
  id: "id",
  protect: false,
  retainOnDelete: false,
  custom: true,
  ...more,
});

export function stepOf(op: string, type: string, name: string, more: Partial<Step> = {}): Step {
  return {
    op,
    type,
    name,
    urn: `urn:pulumi:prod::shop::${type}::${name}`,
    old: op === "create" ? undefined : stateOf(),
    new: op === "delete" ? undefined : stateOf(),
    replaceReasons: [],
    changed: [],
    ...more,
  };
}

/** An update of these inputs. */
export const updateOf = (type: string, before: Properties, after: Properties): Step =>
  stepOf("update", type, "it", {
    old: stateOf(before),
    new: stateOf(after),
    changed: differences(before, after),
  });

export const previewOf = (steps: readonly Step[], more: Partial<Preview> = {}): Preview => ({
  file: "preview.prod.json",
  stack: "prod",
  project: "shop",
  region: "us-east-1",
  isNew: false,
  steps,
  violations: [],
  warnings: [],
  failures: [],
  ...more,
});
