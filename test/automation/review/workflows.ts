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
  readonly needs?: string | readonly string[];
  readonly "timeout-minutes"?: number;
  readonly steps: readonly WorkflowStep[];
}
export interface Workflow {
  readonly file: string;
  readonly text: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const DIRECTORY = path.join(import.meta.dirname, "../../../.github/workflows");

export const WORKFLOWS: readonly Workflow[] = readdirSync(DIRECTORY).map((file) => {
  const text = readFileSync(path.join(DIRECTORY, file), "utf8");
  return { file, text, ...(parse(text) as Omit<Workflow, "file" | "text">) };
});

export const stepsOf = ({ jobs }: Workflow): readonly WorkflowStep[] =>
  Object.values(jobs).flatMap(({ steps }) => steps);

/** The arguments of `npm run -s dr -- …`; `npm run -s drill` is its own verb. Undefined: not a command of the project. */
export function argumentsOf(run: string): readonly string[] | undefined {
  const [, script, rest] = /^(?:exec )?npm run -s (dr|drill) -- (.*)$/.exec(run.trim()) ?? [];
  if (script === undefined || rest === undefined) return undefined;
  const words = Array.from(rest.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? "");
  return script === "drill" ? ["drill", ...words] : words;
}
