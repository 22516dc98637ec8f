/**
 * The two forms of what `pulumi preview --json` prints: one digest, or with PULUMI_ENABLE_STREAMING_JSON_PREVIEW one engine
 * event a line, which alone has policy violations. The Automation API's event log is the latter.
 * Shapes: https://github.com/pulumi/pulumi/blob/v3.230.0/pkg/display/json.go and
 * https://github.com/pulumi/pulumi/blob/v3.230.0/sdk/go/common/apitype/events.go
 */
import { z } from "zod";
import { UsageError } from "../errors.ts";
import type { PolicyViolation, Properties } from "./preview.ts";
import { isObject } from "./values.ts";

/** Taken as they are: copies of thousands of steps and all their properties would be most of the time. */
const values = z.custom<Properties>(isObject, "Invalid input: expected an object");
const config = values.nullish();

export interface State {
  readonly inputs?: Properties | null;
  readonly outputs?: Properties | null;
  readonly id?: string | null;
  readonly protect?: boolean | null;
  readonly retainOnDelete?: boolean | null;
  readonly custom?: boolean | null;
}
interface Digested {
  readonly op: string;
  readonly urn: string;
  readonly oldState?: State | null;
  readonly newState?: State | null;
  readonly replaceReasons?: readonly string[] | null;
  readonly diffReasons?: readonly string[] | null;
  readonly detailedDiff?: Properties | null;
}
interface Metadata {
  readonly op: string;
  readonly urn: string;
  readonly old?: State | null;
  readonly new?: State | null;
  readonly keys?: readonly string[] | null;
  readonly diffs?: readonly string[] | null;
  readonly detailedDiff?: Properties | null;
}

const isMissing = (value: unknown): value is null | undefined => value === null || value === undefined;
const isText = (value: unknown): value is string => typeof value === "string";
const isSwitch = (value: unknown): boolean => isMissing(value) || typeof value === "boolean";
const isPart = (value: unknown): boolean => isMissing(value) || isObject(value);
const isList = (value: unknown): boolean => isMissing(value) || (Array.isArray(value) && value.every(isText));
const isState = (value: unknown): boolean =>
  isMissing(value) ||
  (isObject(value) &&
    isPart(value["inputs"]) &&
    isPart(value["outputs"]) &&
    (isMissing(value["id"]) || isText(value["id"])) &&
    isSwitch(value["protect"]) &&
    isSwitch(value["retainOnDelete"]) &&
    isSwitch(value["custom"]));
/** @param states and lists by the names that the form has for them */
const isStep = (value: unknown, states: readonly string[], lists: readonly string[]): boolean =>
  isObject(value) &&
  isText(value["op"]) &&
  isText(value["urn"]) &&
  isPart(value["detailedDiff"]) &&
  states.every((name) => isState(value[name])) &&
  lists.every((name) => isList(value[name]));
const NO_STEP = "Invalid input: expected a step of Pulumi";
const diagnosticSchema = z.object({ message: z.string(), severity: z.string(), urn: z.string().nullish() });

const digestSchema = z.object({
  config,
  steps: z
    .array(
      z.custom<Digested>(
        (step) => isStep(step, ["oldState", "newState"], ["replaceReasons", "diffReasons"]),
        NO_STEP,
      ),
    )
    .nullish(),
  diagnostics: z.array(diagnosticSchema.partial({ message: true, severity: true })).nullish(),
  changeSummary: z.record(z.string(), z.number()).nullish(),
});

const eventSchema = z.object({
  preludeEvent: z.object({ config }).nullish(),
  resourcePreEvent: z
    .object({
      metadata: z.custom<Metadata>((step) => isStep(step, ["old", "new"], ["keys", "diffs"]), NO_STEP),
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

export interface RawStep {
  readonly op: string;
  readonly urn: string;
  readonly old: State | null | undefined;
  readonly new: State | null | undefined;
  readonly replaceReasons: readonly string[];
  readonly changed: readonly string[];
}
export interface Raw {
  readonly config: Properties;
  readonly steps: readonly RawStep[];
  readonly diagnostics: readonly { readonly message: string; readonly severity: string }[];
  readonly violations: readonly PolicyViolation[];
  readonly finished: boolean;
}

/** A digest is one object over many lines; an event is an object on one line that names its sequence. */
export const isStream = (text: string): boolean => /^\s*\{\s*"sequence"\s*:/.test(text);

export function fromDigest(text: string, file: string): Raw {
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

export function fromEvents(text: string, file: string): Raw {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const events = lines.map((line, index) => {
    const where = `${file}, line ${index + 1}`;
    return checked(eventSchema, parsed(line, where), where);
  });
  const policies = events.map(({ policyEvent }) => policyEvent).filter((policy) => policy != null);
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
    diagnostics: [
      ...events
        .map(({ diagnosticEvent }) => diagnosticEvent)
        .filter((diagnostic) => diagnostic != null)
        .filter(({ ephemeral }) => ephemeral !== true)
        .map(({ message, severity }) => ({ message: uncoloured(message), severity })),
      ...policies.filter(isOpen).map(({ policyName, message }) => ({
        message: `${policyName}: ${uncoloured(message).trim()}`,
        severity: "warning",
      })),
    ],
    violations: policies
      .filter((policy) => !isOpen(policy))
      .map(({ policyName, message, enforcementLevel, resourceUrn }) => ({
        policy: policyName,
        message: withoutDescription(uncoloured(message)),
        mandatory: enforcementLevel === "mandatory",
        urn: resourceUrn ?? "",
      })),
    finished: events.some(({ summaryEvent }) => summaryEvent != null),
  };
}

/**
 * What a policy could not see yet is no violation: the update judges it before it is made.
 * https://github.com/pulumi/pulumi-policy/blob/v1.21.0/sdk/nodejs/policy/server.ts
 */
const isOpen = ({ message }: { readonly message: string }): boolean =>
  /^can't run policy .* during preview/.test(uncoloured(message).trim());

/** The engine puts the policy's description on the line before the violation. */
function withoutDescription(message: string): string {
  const [first = "", ...rest] = message.trim().split("\n");
  return rest.length === 0 ? first : rest.join(" ").trim();
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
