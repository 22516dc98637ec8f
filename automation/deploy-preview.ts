/** A preview as a reviewer reads it and as a deployment obeys it: the engine's events and its plan. */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";
import { STACKS, type StackName } from "../components/model.ts";
import type { Seen } from "../policy/seen.ts";
import { POLICY_PACK, pairFindings, seenIn, withPolicyPack } from "./adapters/policy.ts";
import type { PulumiStack } from "./adapters/pulumi.ts";
import { messageOf, RefusedError, UsageError } from "./errors.ts";
import { parsePreview } from "./review/parse.ts";
import type { Preview } from "./review/preview.ts";
import type { Settings } from "./settings.ts";

/** With what an engine needs to start the policy pack. */
export const withPolicies = (settings: Settings): Settings => ({
  ...settings,
  environment: withPolicyPack(settings.environment),
});

export interface TakenPreview {
  /** One engine event a line, as `pulumi preview --json` streams them. */
  readonly text: string;
  /** Why it did not run to its end; the text then holds what is known. */
  readonly failure: Error | undefined;
  /** As they will be. */
  readonly resources: readonly Seen[];
}

export interface PreviewOptions {
  readonly planFile?: string;
  readonly refresh?: boolean;
  readonly signal: AbortSignal;
}

export async function takePreview(
  pulumi: Pick<PulumiStack, "preview">,
  { planFile, refresh = false, signal }: PreviewOptions,
): Promise<TakenPreview> {
  const events: EngineEvent[] = [];
  const reasons: string[] = [];
  try {
    await pulumi.preview({
      ...(planFile !== undefined && { planFile }),
      refresh,
      policyPack: POLICY_PACK,
      signal,
      observe: (event) => {
        events.push(event);
        const { diagnosticEvent, policyEvent } = event;
        if (diagnosticEvent?.severity === "error") reasons.push(diagnosticEvent.message.trim());
        if (policyEvent?.enforcementLevel === "mandatory") {
          reasons.push(`policy ${policyEvent.policyName}: ${policyEvent.message.trim()}`);
        }
      },
    });
    return taken(events, undefined);
  } catch (error) {
    signal.throwIfAborted();
    return taken(events, whole(error, reasons));
  }
}

const taken = (events: readonly EngineEvent[], failure: Error | undefined): TakenPreview => ({
  text: events.map(line).join(""),
  failure,
  resources: seenIn(events),
});

/** A stream is known by its first key. */
const line = ({ sequence, ...event }: EngineEvent): string => `${JSON.stringify({ sequence, ...event })}\n`;

/** Previews of both stacks, with what only both together break written into the one that has to change. */
export function judgedTogether(
  previews: Readonly<Record<StackName, TakenPreview>>,
): Readonly<Record<StackName, TakenPreview>> {
  const { prod, dr } = previews;
  // What a preview that broke off does not show is not missing.
  if (prod.failure !== undefined || dr.failure !== undefined) return previews;
  const violations = pairFindings({ prod: prod.resources, dr: dr.resources }).filter(
    ({ outcome }) => outcome === "violation",
  );
  const judged = (stack: StackName): TakenPreview => {
    const own = violations.filter((one) => one.stack === stack);
    if (own.length === 0) return previews[stack];
    const events = own.map(({ rule, message, resource }) => ({
      sequence: 0,
      policyEvent: { policyName: rule, message, enforcementLevel: "mandatory", resourceUrn: resource },
    }));
    return {
      ...previews[stack],
      text: [previews[stack].text, ...events.map((event) => `${JSON.stringify(event)}\n`)].join(""),
      failure: new RefusedError(own.map(({ rule, message }) => `policy ${rule}: ${message}`).join("\n")),
    };
  };
  return { prod: judged("prod"), dr: judged("dr") };
}

/** The CLI's own error is its first line, and tells of no policy; the events have all of it. */
function whole(error: unknown, reasons: readonly string[]): Error {
  if (error instanceof RefusedError && reasons.length > 0) {
    return new RefusedError([...new Set(reasons)].join("\n"), { cause: error });
  }
  return error instanceof Error ? error : new Error(messageOf(error));
}

export const previewFile = (directory: string, stack: StackName): string =>
  path.join(directory, `preview.${stack}.json`);
export const planFile = (directory: string, stack: StackName): string =>
  path.join(directory, `plan.${stack}.json`);

const reviewSchema = z.object({
  version: z.literal(1),
  /** That the previews are of. */
  commit: z.string(),
  /** SHA-256 of preview and plan, for each stack that can be deployed. */
  stacks: z.partialRecord(z.enum(STACKS), z.object({ preview: z.string(), plan: z.string() })),
});
type Review = z.infer<typeof reviewSchema>;

const reviewFile = (directory: string): string => path.join(directory, "review.json");

/** Says which previews and plans in the directory belong together. */
export async function writeReview(
  directory: string,
  commit: string,
  stacks: readonly StackName[],
): Promise<void> {
  const digests = await Promise.all(
    stacks.map(async (stack) => [stack, await digestsOf(directory, stack)] as const),
  );
  const review: Review = { version: 1, commit, stacks: Object.fromEntries(digests) };
  await mkdir(directory, { recursive: true });
  await writeFile(reviewFile(directory), `${JSON.stringify(review, null, 2)}\n`);
}

/** @throws RefusedError when what is there is not what was reviewed, or not of this commit */
export async function readReview(directory: string, stack: StackName, commit: string): Promise<Preview> {
  const text = await readFile(reviewFile(directory), "utf8").catch(() => undefined);
  if (text === undefined) {
    throw new UsageError(
      `--reviewed ${directory}: there is no review.json; \`dr preview --out ${directory}\` writes it`,
    );
  }
  const review = reviewSchema.safeParse(JSON.parse(text));
  if (!review.success)
    throw new UsageError(`--reviewed ${directory}: review.json is not what \`dr preview\` writes`);
  const { stacks, commit: reviewed } = review.data;
  if (reviewed !== commit) {
    throw new RefusedError(
      `what was reviewed is commit ${reviewed}, and this is ${commit}: check out the former, or preview again`,
    );
  }
  const expected = stacks[stack];
  if (expected === undefined)
    throw new RefusedError(
      `stack ${stack} has no reviewed plan in ${directory}: its preview failed, or was not made`,
    );
  const found = await digestsOf(directory, stack);
  if (found.preview !== expected.preview || found.plan !== expected.plan) {
    throw new RefusedError(
      `preview or plan of stack ${stack} in ${directory} are not those that were reviewed: preview again`,
    );
  }
  const file = previewFile(directory, stack);
  return parsePreview(await readFile(file, "utf8"), file);
}

async function digestsOf(directory: string, stack: StackName): Promise<{ preview: string; plan: string }> {
  const digest = async (file: string) =>
    createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
  const [preview, plan] = await Promise.all([
    digest(previewFile(directory, stack)),
    digest(planFile(directory, stack)),
  ]);
  return { preview, plan };
}
