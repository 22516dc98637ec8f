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

export type State = z.infer<typeof stateSchema>;
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
