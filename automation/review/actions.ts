/** What GitHub Actions tells a step, read once. https://docs.github.com/en/actions/reference/workflows-and-actions/variables */
import { appendFile, readFile } from "node:fs/promises";
import { z } from "zod";
import { UsageError } from "../errors.ts";
import type { Environment } from "../settings.ts";
import type { Repository } from "./github.ts";

const eventSchema = z.object({
  number: z.number().nullish(),
  pull_request: z.object({ number: z.number(), head: z.object({ sha: z.string() }).nullish() }).nullish(),
});

export interface PullRequest {
  readonly number: number;
  /** Of its newest commit; empty when the event does not say. */
  readonly commit: string;
}

/** @throws UsageError naming every variable that is missing */
export function repositoryOf(environment: Environment): Repository {
  const { GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = environment;
  const missing = Object.entries({ GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token })
    .filter(([, value]) => !value)
    .map(([name]) => name);
  if (!repository || !token) {
    throw new UsageError(
      `to write to GitHub ${missing.join(" and ")} must be set, as GitHub Actions sets them`,
    );
  }
  return { repository, token, apiUrl: environment["GITHUB_API_URL"] || "https://api.github.com" };
}

/** From the event that started the workflow. @throws UsageError when it is none of a pull request */
export async function pullRequestOf(environment: Environment): Promise<PullRequest> {
  const file = environment["GITHUB_EVENT_PATH"];
  const text = file ? await readFile(file, "utf8").catch(() => undefined) : undefined;
  const event = text === undefined ? undefined : eventSchema.safeParse(JSON.parse(text)).data;
  const number = event?.pull_request?.number ?? event?.number;
  if (number == null) {
    throw new UsageError(
      `--comment: GITHUB_EVENT_PATH (${file || "not set"}) names no pull request to comment on; it does in a workflow \`on: pull_request\``,
    );
  }
  return { number, commit: event?.pull_request?.head?.sha ?? environment["GITHUB_SHA"] ?? "" };
}

/** Appends to the page of the workflow run; elsewhere nothing. */
export async function writeSummary(environment: Environment, markdown: string): Promise<void> {
  const file = environment["GITHUB_STEP_SUMMARY"];
  if (file) await appendFile(file, `${markdown}\n`);
}

/** For later steps and jobs; elsewhere nothing. */
export async function writeOutputs(
  environment: Environment,
  outputs: Readonly<Record<string, string>>,
): Promise<void> {
  const file = environment["GITHUB_OUTPUT"];
  const lines = Object.entries(outputs).map(([name, value]) => `${name}=${value}\n`);
  if (file) await appendFile(file, lines.join(""));
}
