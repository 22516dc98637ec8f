/** The program and the engine that runs it, as the verbs need them. */
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import type { StackName } from "../../components/model.ts";
import { engine } from "../engine.ts";
import type { ProcessIdentity } from "../runbook/process.ts";
import type { Settings } from "../settings.ts";
import { PulumiStack } from "./pulumi.ts";

/** An outage is no time to download or build an engine: what is not found at once is done without. */
export const EMERGENCY_ENGINE_MILLISECONDS = 5_000;

export interface ProgramOptions {
  readonly stack: StackName;
  readonly project: string;
  readonly settings: Settings;
  readonly say: (line: string) => void;
  readonly started?: (child: ProcessIdentity) => Promise<void>;
  /** The longest wait for an engine that has to be downloaded or built; no limit without. */
  readonly engineLimitMilliseconds?: number;
}

export function pulumiStack({ stack, project, settings, say, ...options }: ProgramOptions): PulumiStack {
  return new PulumiStack(stack, {
    projectDirectory: settings.projectDirectory,
    projectName: project,
    environment: settings.environment,
    command: () => limited(engine(say), options.engineLimitMilliseconds),
    program: async () => (await import("../../stacks/index.ts")).default,
    started: options.started ?? (async () => {}),
  });
}

async function limited(
  command: Promise<PulumiCommand>,
  milliseconds: number | undefined,
): Promise<PulumiCommand> {
  if (milliseconds === undefined) return await command;
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => limit.reject(new Error(`no Pulumi engine within ${milliseconds / 1000} s`)),
    milliseconds,
  );
  try {
    return await Promise.race([command, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
