/** Runs small inline programs with the real engine against the sandbox's providers. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import * as automation from "@pulumi/pulumi/automation/index.js";
import { engine } from "../../../automation/engine.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { Providers, type ProvidersOptions } from "../../../sandbox/providers/providers.ts";
import { keeper } from "../../secrets.ts";

export const ACCOUNT = "123456789012";
export const REGIONS = { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" } as const;

export interface Step {
  readonly op: string;
  readonly type: string;
  readonly name: string;
  readonly details: Readonly<Record<string, string>>;
}

export interface World {
  readonly faults: Faults;
  readonly providers: Providers;
  /** What the engine would do, or does, with everything that is not left as it is. */
  preview(program: automation.PulumiFn): Promise<Step[]>;
  up(program: automation.PulumiFn): Promise<{ steps: Step[]; outputs: automation.OutputMap }>;
  refresh(): Promise<automation.OpMap>;
  /** The state as it lies on the disk. */
  state(): Promise<string>;
  close(): Promise<void>;
}

export async function world(options: Partial<ProvidersOptions> = {}): Promise<World> {
  const faults = options.faults ?? new Faults();
  const providers = await Providers.start({ faults, regions: REGIONS, accountId: ACCOUNT, ...options });
  const directory = await mkdtemp(path.join(os.tmpdir(), "providers-"));
  const secrets = await keeper();
  const stack = await automation.LocalWorkspace.createStack(
    { stackName: "test", projectName: "sandbox", program: async () => {} },
    {
      workDir: directory,
      pulumiCommand: await engine(),
      secretsProvider: secrets.provider,
      projectSettings: { name: "sandbox", runtime: "nodejs", backend: { url: `file://${directory}` } },
      envVars: {
        ...secrets.environment,
        PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
    },
  );
  const recorder = () => {
    const steps: Step[] = [];
    const onEvent = ({ resourcePreEvent }: automation.EngineEvent) => {
      if (resourcePreEvent && resourcePreEvent.metadata.op !== "same") steps.push(stepOf(resourcePreEvent));
    };
    return { steps, onEvent };
  };
  return {
    faults,
    providers,
    preview: async (program) => {
      const { steps, onEvent } = recorder();
      await stack.preview({ program, onEvent });
      return steps;
    },
    up: async (program) => {
      const { steps, onEvent } = recorder();
      const { outputs } = await stack.up({ program, onEvent });
      return { steps, outputs };
    },
    refresh: async () => (await stack.refresh()).summary.resourceChanges ?? {},
    state: () => readFile(path.join(directory, ".pulumi", "stacks", "sandbox", "test.json"), "utf8"),
    close: async () => {
      secrets.close();
      await providers.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function stepOf({ metadata }: automation.ResourcePreEvent): Step {
  const details = Object.entries(metadata.detailedDiff ?? {}) as [string, { diffKind: string }][];
  return {
    op: metadata.op,
    type: metadata.type,
    name: metadata.urn.split("::").at(-1) ?? "",
    details: Object.fromEntries(details.map(([path, { diffKind }]) => [path, diffKind])),
  };
}

/** The operations on one resource, in their order. */
export const opsOn = (steps: readonly Step[], name: string): string[] =>
  steps.filter((step) => step.name === name).map(({ op }) => op);

/** The message with which a run that has to fail fails. */
export async function failure(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
  throw new Error("expected a failure");
}
