/**
 * The policy pack over previews, offline: the engine starts `policy/` through an executable that comes with it, and
 * says what was found in its events. Rules over both stacks run here, on what both previews showed.
 */
import path from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { STACKS, type StackName } from "../../components/model.ts";
import { PAIR_RULES } from "../../policy/pair.ts";
import { type Seen, UNKNOWN } from "../../policy/seen.ts";
import type { Environment } from "../settings.ts";
import { PreviewError, type PulumiStack } from "./pulumi.ts";

export interface PolicyFinding {
  readonly stack: StackName;
  readonly rule: string;
  /** What to change, or which value cannot be seen yet. */
  readonly message: string;
  /** URN; null when the finding is about no single resource. */
  readonly resource: string | null;
  /** `unknown`: known only after the update, which judges it before it is made. */
  readonly outcome: "violation" | "unknown";
}

export const POLICY_PACK = path.join(import.meta.dirname, "..", "..", "policy");

/** What an engine's environment needs to start the pack, with or without a nodejs language host on PATH. */
export const withPolicyPack = (environment: Environment): Environment => ({
  ...environment,
  PATH: [path.join(POLICY_PACK, "bin"), environment["PATH"]].join(path.delimiter),
  DR_NODE: process.execPath,
});

type Previews = Readonly<Record<StackName, Pick<PulumiStack, "preview">>>;

/**
 * Previews both stacks under the pack; each one's environment comes from `withPolicyPack`.
 * @throws PreviewError when a preview fails for another reason than a violation
 */
export async function checkPolicies(
  stacks: Previews,
  { signal, say }: { readonly signal: AbortSignal; readonly say: (line: string) => void },
): Promise<readonly PolicyFinding[]> {
  const found: PolicyFinding[] = [];
  const resources = { prod: [] as readonly Seen[], dr: [] as readonly Seen[] };
  for (const stack of STACKS) {
    say(`${stack}: previewing under the policy pack`);
    const one = await checkStack(stack, stacks[stack], signal);
    found.push(...one.findings);
    resources[stack] = one.resources;
  }
  return [...found, ...pairFindings(resources)];
}

export async function checkStack(
  stack: StackName,
  pulumi: Pick<PulumiStack, "preview">,
  signal: AbortSignal,
): Promise<{ readonly findings: readonly PolicyFinding[]; readonly resources: readonly Seen[] }> {
  const findings: PolicyFinding[] = [];
  const events: EngineEvent[] = [];
  const observe = (event: EngineEvent) => {
    events.push(event);
    if (event.policyEvent !== undefined) findings.push(findingOf(stack, event.policyEvent));
  };
  try {
    await pulumi.preview({ signal, policyPack: POLICY_PACK, observe });
  } catch (error) {
    const isTold = error instanceof PreviewError && findings.some(({ outcome }) => outcome === "violation");
    if (!isTold) throw error;
  }
  return { findings, resources: seenIn(events) };
}

type PolicyEvent = NonNullable<EngineEvent["policyEvent"]>;

function findingOf(
  stack: StackName,
  { policyName, message, resourceUrn, ...event }: PolicyEvent,
): PolicyFinding {
  return {
    stack,
    rule: policyName,
    // The engine puts the rule's description before a violation, the SDK its own words before an unknown.
    message: (message.trim().split("\n").at(-1) ?? "").replace(/^can't run policy .* during preview: /, ""),
    resource: resourceUrn ?? null,
    outcome: event.enforcementLevel === "mandatory" ? "violation" : "unknown",
  };
}

export function pairFindings(
  resources: Readonly<Record<StackName, readonly Seen[]>>,
): readonly PolicyFinding[] {
  return PAIR_RULES.flatMap((rule) =>
    rule.check(resources.prod, resources.dr).map(({ urn, message, unknown }) => ({
      stack: urn.startsWith("urn:pulumi:prod::") ? "prod" : "dr",
      rule: rule.name,
      message,
      resource: urn,
      outcome: unknown ? "unknown" : "violation",
    })),
  );
}

/** What an event shows of a resource. */
interface Shown {
  readonly urn: string;
  readonly type: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly provider?: string;
  readonly protect?: boolean;
}

/**
 * How events spell a value that is not known yet.
 * https://github.com/pulumi/pulumi/blob/v3.230.0/sdk/go/common/resource/plugin/rpc.go
 */
const UNKNOWN_TEXT = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

function plain(value: unknown): unknown {
  if (typeof value === "string") return UNKNOWN_TEXT.has(value) ? UNKNOWN : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

/** Each resource as a preview's events show it after the change. */
export function seenIn(events: readonly EngineEvent[]): readonly Seen[] {
  const shown = events.flatMap(({ resourcePreEvent }) => {
    const state = resourcePreEvent?.metadata.new as Shown | undefined;
    return state == null ? [] : [state];
  });
  const regions = new Map(
    shown
      .filter(({ type }) => type === "pulumi:providers:aws")
      .map(({ urn, inputs }) => [urn, inputs?.["region"]]),
  );
  return shown.map(({ urn, type, inputs, provider, protect }) => {
    const props = plain(inputs ?? {}) as Seen["props"];
    // A reference is `<urn>::<id>`.
    const region = props["region"] ?? regions.get(provider?.replace(/::[^:]*$/, "") ?? "");
    return {
      urn,
      type,
      name: urn.split("::").at(-1) ?? urn,
      props,
      protect: protect === true,
      ignoreChanges: [],
      region: region === UNKNOWN || typeof region === "string" ? region : undefined,
      needs: {},
    };
  });
}
