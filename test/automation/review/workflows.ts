/** The workflows as data. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";

export interface WorkflowStep {
  readonly id?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, unknown>>;
}
export interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly "timeout-minutes"?: number;
  readonly steps: readonly WorkflowStep[];
}
export interface Workflow {
  readonly file: string;
  readonly text: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly on: { readonly schedule?: readonly { readonly cron: string }[] };
  readonly jobs: Readonly<Record<string, Job>>;
}

const DIRECTORY = path.join(import.meta.dirname, "../../../.github/workflows");

export const WORKFLOWS: readonly Workflow[] = readdirSync(DIRECTORY).map((file) => {
  const text = readFileSync(path.join(DIRECTORY, file), "utf8");
  return { file, text, ...(parse(text) as Omit<Workflow, "file" | "text">) };
});

export const stepsOf = ({ jobs }: Workflow): readonly WorkflowStep[] =>
  Object.values(jobs).flatMap(({ steps }) => steps);

export function jobOf(file: string, name: string): Job {
  const job = WORKFLOWS.find((workflow) => workflow.file === file)?.jobs[name];
  if (job === undefined) throw new Error(`there is no job ${name} in ${file}`);
  return job;
}

/** Of `run:` steps those that no test runs, and why none has to. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  "npm ci": "npm's own verb; that the lock file it goes by is in step with package.json is a test by itself",
  "npm test": "whatever is tested here is tested by it",
};

export const commandsOf = ({ steps }: Job): readonly WorkflowStep[] =>
  steps.filter(({ run }) => run !== undefined && NOT_RUN[run] === undefined);

/** Which test runs the commands of which jobs; each of these tests fails when it has left one out. */
export const RUN_BY = {
  "automation/review/workflows.engine.test.ts": [
    "pull-request.yml preview",
    "pull-request.yml report",
    "deploy.yml plan",
    "deploy.yml first",
    "deploy.yml second",
    "drift.yml drift",
  ],
  "automation/review/drills.engine.test.ts": ["drills.yml sandbox-az-loss", "drills.yml sandbox-region-loss"],
  "drills/scheduled.ts": [
    "readiness.yml check",
    "drills.yml zone",
    "drills.yml region-guard",
    "drills.yml region",
  ],
} as const;

/** The arguments of `npm run -s dr -- …`; `npm run -s drill` is its own verb. Undefined: not a command of the project. */
export function argumentsOf(run: string): readonly string[] | undefined {
  const [, script, rest] = /^(?:exec )?npm run -s (dr|drill) -- (.*)$/.exec(run.trim()) ?? [];
  if (script === undefined || rest === undefined) return undefined;
  const words = Array.from(rest.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? "");
  return script === "drill" ? ["drill", ...words] : words;
}
