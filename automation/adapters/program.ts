/** The program and the engine that runs it, as the verbs need them. */
import { homedir } from "node:os";
import path from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import type { StackName } from "../../components/model.ts";
import { BUILT_VERSION, engine } from "../engine.ts";
import type { ProcessIdentity } from "../runbook/process.ts";
import type { Settings } from "../settings.ts";
import { PulumiStack } from "./pulumi.ts";

export interface ProgramOptions {
  readonly stack: StackName;
  readonly project: string;
  readonly settings: Settings;
  readonly say: (line: string) => void;
  readonly started?: (child: ProcessIdentity) => Promise<void>;
  /** Nothing but flips; and an outage is no time to download or build an engine: one that is not here is done without. */
  readonly emergency?: boolean;
}

export function pulumiStack({ stack, project, settings, say, ...options }: ProgramOptions): PulumiStack {
  return new PulumiStack(stack, {
    projectDirectory: settings.projectDirectory,
    projectName: project,
    environment: settings.environment,
    command: () => (options.emergency ? presentEngine(settings) : engine(say)),
    program: async () => (await import("../../stacks/index.ts")).default,
    started: options.started ?? (async () => {}),
    savesOnce: options.emergency ?? false,
  });
}

/** The engine that is on this machine. @throws when there is none */
export async function presentEngine({ environment }: Settings): Promise<PulumiCommand> {
  const home = environment["PULUMI_HOME"] ?? path.join(homedir(), ".pulumi");
  const root = path.join(home, "versions", BUILT_VERSION);
  for (const options of [{}, { root }]) {
    try {
      return await PulumiCommand.get({ ...options, skipVersionCheck: true });
    } catch {
      // Not there: the next place.
    }
  }
  throw new Error(`no Pulumi CLI on PATH or in ${root}`);
}
