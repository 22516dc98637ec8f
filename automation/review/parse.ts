/** From what `pulumi preview --json` prints to the preview that it tells of. */
import { differences } from "../adapters/plan-check.ts";
import { UsageError } from "../errors.ts";
import { fromDigest, fromEvents, isStream, type RawStep, type State } from "./formats.ts";
import type { Preview, Properties, ResourceState, Step } from "./preview.ts";

/**
 * @param file where the text comes from, for messages
 * @throws UsageError when it is not what Pulumi prints
 */
export function parsePreview(text: string, file: string): Preview {
  const raw = isStream(text) ? fromEvents(text, file) : fromDigest(text, file);
  const steps = raw.steps.map(step);
  const [stack, project] = identity(steps, file);
  const errors = [
    ...new Set(
      raw.diagnostics
        .filter(({ severity }) => severity === "error")
        .map(({ message }) => message.trim().replace(/^error: /, "")),
    ),
  ].filter((message) => !(message === BY_POLICY && raw.violations.some(({ mandatory }) => mandatory)));
  const unfinished = "it stopped before its end, so that steps may be missing";
  return {
    file,
    stack,
    project,
    region: regionOf(raw.config, steps),
    isNew: steps.some(({ op, type }) => op === "create" && type === "pulumi:pulumi:Stack"),
    steps: steps.filter(({ type }) => type !== "pulumi:pulumi:Stack"),
    // They come as the packs find them, in any order.
    violations: [...raw.violations].sort((a, b) => (a.urn < b.urn ? -1 : a.urn > b.urn ? 1 : 0)),
    warnings: raw.diagnostics
      .filter(({ severity }) => severity === "warning")
      .map(({ message }) => message.trim())
      .filter((message) => !OF_THE_MACHINE.test(message)),
    failures: errors.length > 0 || raw.finished ? errors : [unfinished],
  };
}

/** How a preview ends that a mandatory policy forbids: it is whole, and the policy is the reason. */
const BY_POLICY = "preview failed";
/** Where the engine found a plugin. */
const OF_THE_MACHINE = /^using pulumi-\S+ from \$PATH at /;

function step({ op, urn, old, new: next, replaceReasons, changed }: RawStep): Step {
  const [, , types = "", ...name] = urn.split("::");
  return {
    op,
    urn,
    type: types.split("$").at(-1) ?? types,
    name: name.join("::"),
    old: state(old),
    new: state(next),
    replaceReasons,
    changed: op === "same" ? [] : [...changed, ...unreported(changed, old?.inputs, next?.inputs)],
  };
}

/** A provider may report of several changed inputs only the first that it looked at. */
function unreported(reported: readonly string[], before: unknown, after: unknown): readonly string[] {
  if (before == null || after == null) return [];
  const isWithin = (path: string, other: string) =>
    path === other || path.startsWith(`${other}.`) || path.startsWith(`${other}[`);
  return differences(before, after).filter(
    (path) => !reported.some((other) => isWithin(path, other) || isWithin(other, path)),
  );
}

const state = (raw: State | null | undefined): ResourceState | undefined =>
  raw == null
    ? undefined
    : {
        inputs: raw.inputs ?? {},
        outputs: raw.outputs ?? {},
        id: raw.id ?? "",
        protect: raw.protect ?? false,
        retainOnDelete: raw.retainOnDelete ?? false,
        custom: raw.custom ?? false,
      };

/** Stack and project stand in every URN: `urn:pulumi:<stack>::<project>::…`. */
function identity(steps: readonly Step[], file: string): readonly [stack: string, project: string] {
  const [first] = steps;
  if (first === undefined) {
    throw new UsageError(`${file}: the preview names no resource, so nobody can say of which stack it is`);
  }
  const [stack = "", project = ""] = first.urn.replace(/^urn:pulumi:/, "").split("::");
  return [stack, project];
}

const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

/** The config's own region, else the one that most resources name. */
function regionOf(config: Properties, steps: readonly Step[]): string | undefined {
  const own = Object.entries(config).find(
    ([key, value]) => key.endsWith(":region") && typeof value === "string" && REGION.test(value),
  );
  if (own !== undefined) return own[1] as string;
  const counts = new Map<string, number>();
  for (const { old, new: next } of steps) {
    const region =
      next?.inputs["region"] ?? next?.outputs["region"] ?? old?.outputs["region"] ?? old?.inputs["region"];
    if (typeof region === "string" && REGION.test(region)) counts.set(region, (counts.get(region) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
