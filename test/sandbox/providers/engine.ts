/** Runs small inline programs with the real engine against the sandbox's providers. */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import * as automation from "@pulumi/pulumi/automation/index.js";
import { Faults } from "../../../sandbox/faults.ts";
import { Providers, type ProvidersOptions } from "../../../sandbox/providers/providers.ts";

export const ACCOUNT = "123456789012";
export const REGIONS = { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" } as const;

export interface World {
  readonly faults: Faults;
  readonly providers: Providers;
  stack(program: automation.PulumiFn, name?: string): Promise<automation.Stack>;
  close(): Promise<void>;
}

export async function world(options: Partial<ProvidersOptions> = {}): Promise<World> {
  const faults = options.faults ?? new Faults();
  const providers = await Providers.start({ faults, regions: REGIONS, accountId: ACCOUNT, ...options });
  const directory = await mkdtemp(path.join(os.tmpdir(), "providers-"));
  const pulumiCommand = await automation.PulumiCommand.get({
    root: path.join(os.homedir(), ".pulumi", "versions", "3.230.0"),
  });
  return {
    faults,
    providers,
    stack: (program, stackName = "test") =>
      automation.LocalWorkspace.createOrSelectStack(
        { stackName, projectName: "sandbox", program },
        {
          workDir: directory,
          pulumiCommand,
          projectSettings: {
            name: "sandbox",
            runtime: "nodejs",
            backend: { url: `file://${directory}` },
          },
          envVars: {
            PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
            PULUMI_CONFIG_PASSPHRASE: "sandbox",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            PULUMI_SKIP_UPDATE_CHECK: "true",
          },
        },
      ),
    close: async () => {
      await providers.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The message with which a run that has to fail fails. */
export async function failure(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
  throw new Error("expected a failure");
}
