/** A stack file's configuration without the engine: no passphrase, no state. Encrypted values stay unread. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { STACKS, type StackName } from "../components/model.ts";
import { type Config, parseConfig } from "../stacks/config.ts";
import { SECRETS } from "../stacks/schema.ts";
import { projectName } from "./deployment.ts";
import { messageOf, UsageError } from "./errors.ts";

/** Fits every secret's rule. */
const UNREAD = "not-read-from-the-stack-file";

/** @throws UsageError when there is no such file, or it is not a valid configuration */
export async function readStackConfig(projectDirectory: string, stack: StackName): Promise<Config> {
  const project = await projectName(projectDirectory);
  const file = path.join(projectDirectory, `Pulumi.${stack}.yaml`);
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) {
    throw new UsageError(`there is no ${file}: stacks are ${STACKS.join(" and ")}`);
  }
  try {
    const { config = {} } = parse(text) as { config?: Readonly<Record<string, unknown>> };
    return parseConfig({ ...raw(config), ...secrets(project, stack) }, stack);
  } catch (error) {
    throw new UsageError(`${file}: ${messageOf(error)}`, { cause: error });
  }
}

const raw = (config: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );

const secrets = (project: string, stack: StackName): Record<string, string> =>
  Object.fromEntries(
    [...SECRETS]
      .filter((key) => stack === "prod" || key !== "databasePassword")
      .map((key) => [`${project}:${key}`, UNREAD]),
  );
