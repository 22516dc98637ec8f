/** The repository's own stack files, as the engine hands them to the program. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import type { StackName } from "../../components/model.ts";
import { PROJECT } from "../../stacks/config.ts";

const ROOT = path.join(import.meta.dirname, "..", "..");
export const SMOKE_TOKEN = "a-smoke-token-for-tests";
export const DATABASE_PASSWORD = "a-database-password-for-tests";

/**
 * Overrides replace whole keys, given without their namespace and as text (structured values as JSON); null removes
 * one. The secrets, which no file in the repository holds, are filled in.
 */
export async function rawConfig(
  stack: StackName,
  overrides: Readonly<Record<string, string | null>> = {},
): Promise<Record<string, string>> {
  const settings = parse(await readFile(path.join(ROOT, `Pulumi.${stack}.yaml`), "utf8"));
  const config = new Map<string, string>();
  for (const [key, value] of Object.entries(settings.config ?? {})) {
    config.set(key, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  config.set(`${PROJECT}:smokeToken`, SMOKE_TOKEN);
  if (stack === "prod") config.set(`${PROJECT}:databasePassword`, DATABASE_PASSWORD);
  for (const [key, value] of Object.entries(overrides)) {
    if (value === null) config.delete(`${PROJECT}:${key}`);
    else config.set(`${PROJECT}:${key}`, value);
  }
  return Object.fromEntries(config);
}

/** One structured key of a stack file with a change made to it, as text. */
export async function changed(
  stack: StackName,
  key: string,
  // biome-ignore lint/suspicious/noExplicitAny: a structure to be broken in any way
  change: (value: any) => unknown,
): Promise<string> {
  const value = JSON.parse((await rawConfig(stack))[`${PROJECT}:${key}`] ?? "{}");
  change(value);
  return JSON.stringify(value);
}
