/**
 * Reads what `pulumi preview --json` prints: one digest, or with PULUMI_ENABLE_STREAMING_JSON_PREVIEW one engine
 * event a line, which alone has policy violations. The Automation API's event log is the latter.
 * Shapes: https://github.com/pulumi/pulumi/blob/v3.230.0/pkg/display/json.go and
 * https://github.com/pulumi/pulumi/blob/v3.230.0/sdk/go/common/apitype/events.go
 */
import { z } from "zod";
import { differences } from "../adapters/plan-check.ts";
import { UsageError } from "../errors.ts";
import type { PolicyViolation, Preview, Properties, ResourceState, Step } from "./preview.ts";
import { isObject } from "./values.ts";

/** Taken as they are: a copy of every property of every resource would be most of the time. */
const values = z.custom<Properties>(isObject, "Invalid input: expected an object");
const properties = values.nullish();
const stateSchema = z.object({
  inputs: properties,
  outputs: properties,
  id: z.string().nullish(),
  protect: z.boolean().nullish(),
  retainOnDelete: z.boolean().nullish(),
  custom: z.boolean().nullish(),
});
const names = z.array(z.string()).nullish();
const config = values.nullish();
const diagnosticSchema = z.object({ message: z.string(), severity: z.string(), urn: z.string().nullish() });

const digestSchema = z.object({
  config,
  steps: z
    .array(
      z.object({
        op: z.string(),
        urn: z.string(),
        oldState: stateSchema.nullish(),
        newState: stateSchema.nullish(),
        replaceReasons: names,
        diffReasons: names,
        detailedDiff: values.nullish(),
      }),
    )
    .nullish(),
  diagnostics: z.array(diagnosticSchema.partial({ message: true, severity: true })).nullish(),
  changeSummary: z.record(z.string(), z.number()).nullish(),
});

const eventSchema = z.object({
  preludeEvent: z.object({ config }).nullish(),
  resourcePreEvent: z
    .object({
      metadata: z.object({
        op: z.string(),
        urn: z.string(),
        old: stateSchema.nullish(),
        new: stateSchema.nullish(),
        keys: names,
        diffs: names,
        detailedDiff: values.nullish(),
        logical: z.boolean().nullish(),
      }),
    })
    .nullish(),
  diagnosticEvent: diagnosticSchema.extend({ ephemeral: z.boolean().nullish() }).nullish(),
  policyEvent: z
    .object({
      resourceUrn: z.string().nullish(),
      message: z.string(),
      policyName: z.string(),
      enforcementLevel: z.string(),
    })
    .nullish(),
  summaryEvent: z.object({ resourceChanges: z.record(z.string(), z.number()).nullish() }).nullish(),
});

type State = z.infer<typeof stateSchema>;
interface RawStep {
  readonly op: string;
  readonly urn: string;
  readonly old: State | null | undefined;
  readonly new: State | null | undefined;
  readonly replaceReasons: readonly string[];
  readonly changed: readonly string[];
}
interface Raw {
  readonly config: Properties;
  readonly steps: readonly RawStep[];
  readonly diagnostics: readonly { readonly message: string; readonly severity: string }[];
  readonly violations: readonly PolicyViolation[];
  readonly finished: boolean;
}

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
  ];
  const unfinished = "it stopped before its end, so that steps may be missing";
  return {
    file,
    stack,
    project,
    region: regionOf(raw.config, steps),
    isNew: steps.some(({ op, type }) => op === "create" && type === "pulumi:pulumi:Stack"),
    steps: steps.filter(({ type }) => type !== "pulumi:pulumi:Stack"),
    violations: raw.violations,
    warnings: raw.diagnostics
      .filter(({ severity }) => severity === "warning")
      .map(({ message }) => message.trim()),
    failures: errors.length > 0 || raw.finished ? errors : [unfinished],
  };
}

/** A digest is one object over many lines; an event is an object on one line that names its sequence. */
const isStream = (text: string): boolean => /^\s*\{\s*"sequence"\s*:/.test(text);

function fromDigest(text: string, file: string): Raw {
  const digest = checked(digestSchema, parsed(text, file), file);
  return {
    config: digest.config ?? {},
    steps: (digest.steps ?? []).map(
      ({ op, urn, oldState, newState, replaceReasons, diffReasons, detailedDiff }) => ({
        op,
        urn,
        old: oldState,
        new: newState,
        replaceReasons: replaceReasons ?? [],
        changed: detailedDiff ? Object.keys(detailedDiff) : (diffReasons ?? []),
      }),
    ),
    diagnostics: (digest.diagnostics ?? []).map(({ message = "", severity = "info" }) => ({
      message,
      severity,
    })),
    violations: [],
    finished: digest.changeSummary != null,
  };
}

function fromEvents(text: string, file: string): Raw {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const events = lines.map((line, index) => {
    const where = `${file}, line ${index + 1}`;
    return checked(eventSchema, parsed(line, where), where);
  });
  const first = events.find(({ preludeEvent }) => preludeEvent != null);
  return {
    config: first?.preludeEvent?.config ?? {},
    // Of a replacement the logical step says it all; its two halves would count it thrice.
    steps: events
      .map(({ resourcePreEvent }) => resourcePreEvent?.metadata)
      .filter((metadata) => metadata != null)
      .filter(({ op }) => op !== "create-replacement" && op !== "delete-replaced")
      .map((metadata) => ({
        op: metadata.op,
        urn: metadata.urn,
        old: metadata.old,
        new: metadata.new,
        replaceReasons: metadata.keys ?? [],
        changed: metadata.detailedDiff ? Object.keys(metadata.detailedDiff) : (metadata.diffs ?? []),
      })),
    diagnostics: events
      .map(({ diagnosticEvent }) => diagnosticEvent)
      .filter((diagnostic) => diagnostic != null)
      .filter(({ ephemeral }) => ephemeral !== true)
      .map(({ message, severity }) => ({ message: uncoloured(message), severity })),
    violations: events
      .map(({ policyEvent }) => policyEvent)
      .filter((policy) => policy != null)
      .map(({ policyName, message, enforcementLevel, resourceUrn }) => ({
        policy: policyName,
        message: uncoloured(message).trim(),
        mandatory: enforcementLevel === "mandatory",
        urn: resourceUrn ?? "",
      })),
    finished: events.some(({ summaryEvent }) => summaryEvent != null),
  };
}

/** The engine's colour directives, `<{%fg 1%}>`. */
const uncoloured = (text: string): string => text.replace(/<\{%.*?%\}>/g, "");

function parsed(text: string, where: string): unknown {
  if (text.trim() === "")
    throw new UsageError(`${where}: it is empty; \`pulumi preview --json\` prints JSON`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(
      `${where}: not JSON, as \`pulumi preview --json\` prints it (${(cause as Error).message})`,
      {
        cause,
      },
    );
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new UsageError(`${where}: not a preview of Pulumi: ${issue?.path.join(".")}: ${issue?.message}`);
}

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
