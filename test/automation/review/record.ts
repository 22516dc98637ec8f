/**
 * `node test/automation/review/record.ts [ID…]` previews the scenarios again with the local engine and keeps what
 * `pulumi preview --json` prints, without what differs from machine to machine; `… golden` renders the reports of what
 * is kept, into the guide too. Afterwards look at what changed.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { runtime } from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { POLICY_PACK, withPolicyPack } from "../../../automation/adapters/policy.ts";
import { judge } from "../../../automation/review/judge.ts";
import { parsePreview } from "../../../automation/review/parse.ts";
import { COMMENT_LIMIT, render } from "../../../automation/review/render.ts";
import { verdictOf } from "../../../automation/review/verdict.ts";
import { PROJECT } from "../../../stacks/config.ts";
import program from "../../../stacks/index.ts";
import { hosted } from "../../stacks/hosted.ts";
import { Local } from "../../stacks/local.ts";
import { rawConfig } from "../../stacks/stackFile.ts";
import { type Edit, SCENARIOS, type Scenario } from "./scenarios.ts";

const PREVIEWS = path.join(import.meta.dirname, "previews");
export const previewOf = ({ id, form }: Pick<Scenario, "id" | "form">, stack: string): string =>
  path.join(PREVIEWS, `${id}.${stack}.${form === "digest" ? "json" : "jsonl"}`);

export const goldenOf = (id: string): string => path.join(import.meta.dirname, "golden", `${id}.md`);

/** As the reviewer gets it. */
export async function reportOf(scenario: Scenario): Promise<string> {
  const files = scenario.stacks.map((stack) => previewOf(scenario, stack));
  const previews = await Promise.all(
    files.map(async (file) => parsePreview(await readFile(file, "utf8"), path.basename(file))),
  );
  const findings = judge(previews);
  const verdict = verdictOf(previews, findings);
  return `${render({ title: undefined, verdict, previews, findings, comparison: undefined }, COMMENT_LIMIT)}\n`;
}

export const GUIDE = path.join(import.meta.dirname, "../../../docs/review.md");
/** In the guide a report stands as far as its first fold. */
const SHOWN = /^(<!-- report: ([\w-]+) -->)\n[\s\S]*?\n(<!-- end -->)$/gm;

export const shownIn = (guide: string): readonly string[] =>
  Array.from(guide.matchAll(SHOWN), ([, , id = ""]) => id);

/** The guide with today's reports in it. */
export async function guideWith(guide: string): Promise<string> {
  const reports = new Map(
    await Promise.all(shownIn(guide).map(async (id) => [id, await readFile(goldenOf(id), "utf8")] as const)),
  );
  return guide.replace(SHOWN, (_whole, open: string, id: string, close: string) =>
    [open, reports.get(id)?.split("\n\n<details>")[0]?.trimEnd(), close].join("\n"),
  );
}

/** The program with a change made to what it registers. */
const edited = (edit: Edit) => async () => {
  runtime.registerStackTransformation(({ type, name, props, opts }) => {
    const { inputs, protect } = edit({ type, name, inputs: props, protect: opts.protect ?? false }) ?? {};
    if (inputs === undefined && protect === undefined) return undefined;
    return { props: inputs ?? props, opts: protect === undefined ? opts : { ...opts, protect } };
  });
  return await program();
};

/** Internal to the SDK. */
interface Runner {
  run(
    args: string[],
    cwd: string,
    environment: Record<string, string>,
    ...rest: readonly unknown[]
  ): Promise<unknown>;
}

/** What the CLI prints under `--json`, which the Automation API has no option for. */
async function previewJson(stack: Stack, { edit, form, policies, elsewhere }: Scenario): Promise<string> {
  const { workspace } = stack;
  workspace.program = elsewhere?.after ?? (edit === undefined ? program : edited(edit));
  const command = workspace.pulumiCommand as unknown as Runner;
  const run = command.run.bind(command);
  let printed = "";
  command.run = (args, cwd, environment, ...rest) =>
    run(
      args[0] === "preview" ? [...args, "--json"] : args,
      cwd,
      {
        ...environment,
        ...(form === "stream" && { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" }),
        ...(policies && (withPolicyPack(process.env) as Record<string, string>)),
      },
      ...rest,
    );
  const options = {
    color: "never" as const,
    onOutput: (text: string) => (printed += text),
    ...(policies && { policyPacks: [POLICY_PACK] }),
  };
  try {
    await hosted(() => stack.preview(options));
  } catch (error) {
    // A preview that fails prints what it knows, and that is what a report has to deal with.
    if (printed === "") throw error;
  } finally {
    command.run = run;
    workspace.program = program;
  }
  return printed;
}

/** What tells where and when it was made, and random names of the sandbox. */
function scrubbed(text: string): string {
  const clean = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value === "string")
      return value.replace(/\/\S*\/(?:node_modules|stacks|components|review|policy\/bin)\/\S*/g, "FILE");
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => !MACHINE.has(key))
        .map(([key, inner]) => [key, clean(inner)]),
    );
  };
  if (!text.trimStart().startsWith('{"sequence"'))
    return `${JSON.stringify(clean(JSON.parse(text)), null, 1)}\n`;
  const events = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return events
    .filter(
      ({ resOutputsEvent, diagnosticEvent }) => resOutputsEvent === undefined && !isDebug(diagnosticEvent),
    )
    .map((event) => `${JSON.stringify({ sequence: 0, ...(withoutSame(clean(event)) as object) })}\n`)
    .join("");
}

const isDebug = (diagnostic: unknown): boolean =>
  (diagnostic as { readonly severity?: string } | undefined)?.severity === "debug";

/** What stays as it is fills nine tenths of a stream: its properties are left out, its protection is not. */
function withoutSame(event: unknown): unknown {
  const { resourcePreEvent, ...rest } = event as { resourcePreEvent?: { metadata: Metadata } };
  if (resourcePreEvent?.metadata.op !== "same") return event;
  const { old, new: next, ...metadata } = resourcePreEvent.metadata;
  const short = (state: State | null) => state && { ...state, inputs: {}, outputs: {} };
  return { ...rest, resourcePreEvent: { metadata: { ...metadata, old: short(old), new: short(next) } } };
}
type State = Readonly<Record<string, unknown>>;
interface Metadata {
  readonly op: string;
  readonly old: State | null;
  readonly new: State | null;
}

const MACHINE = new Set([
  "stackTrace",
  "sourcePosition",
  "created",
  "modified",
  "duration",
  "durationSeconds",
  "timestamp",
  "sequence",
  "propertyDependencies",
  "dependencies",
  "PolicyPacks",
]);

async function record(local: Local, scenario: Scenario): Promise<void> {
  for (const name of scenario.stacks) {
    const text = scrubbed(await previewJson(await stackOf(local, scenario, name), scenario));
    await writeFile(previewOf(scenario, name), text);
    console.log(`${scenario.id} ${name}: ${text.length} characters`);
  }
}

async function stackOf(local: Local, { config, elsewhere }: Scenario, name: string): Promise<Stack> {
  if (elsewhere !== undefined) {
    const { project, region, before } = elsewhere;
    const stack = await local.stackOf(project, name, before);
    await stack.setConfig("aws:region", { value: region });
    await hosted(() => stack.up());
    return stack;
  }
  const own = name === "prod" ? "prod" : "dr";
  const raw = await rawConfig(own);
  const plain = Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [key.replace(`${PROJECT}:`, ""), value]),
  );
  return await local.stack(own, config?.(plain) ?? {});
}

async function recordAll(wanted: readonly string[]): Promise<void> {
  const local = await Local.start();
  try {
    await mkdir(PREVIEWS, { recursive: true });
    for (const name of ["prod", "dr"] as const) {
      console.log(`deploying ${name}`);
      await hosted(async () => (await local.stack(name)).up());
    }
    for (const scenario of SCENARIOS.filter(({ id }) => wanted.length === 0 || wanted.includes(id))) {
      await record(local, scenario);
    }
  } finally {
    await local.close();
  }
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  if (wanted[0] !== "golden") await recordAll(wanted);
  for (const scenario of SCENARIOS) await writeFile(goldenOf(scenario.id), await reportOf(scenario));
  await writeFile(GUIDE, await guideWith(await readFile(GUIDE, "utf8")));
}
