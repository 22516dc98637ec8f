/** One stack through the Automation API: the unmodified program, run inline, with plans and targets. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import {
  type EngineEvent,
  LocalWorkspace,
  type PulumiCommand,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import type { StackName } from "../../components/model.ts";
import { SAVES_ONCE } from "../engine.ts";
import { HalfwayError, messageOf, RefusedError } from "../errors.ts";
import type { ProcessIdentity } from "../runbook/process.ts";
import { secretsProviderOf } from "../stack-file.ts";
import { supervised } from "./engine-process.ts";
import type { PlannedStep } from "./plan-check.ts";

export interface EngineOptions {
  readonly projectDirectory: string;
  readonly projectName: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The CLI; asked for once, when first needed. */
  readonly command: () => Promise<PulumiCommand>;
  readonly program: () => Promise<() => Promise<unknown>>;
  /** Puts an engine process on record before it may take a lock. */
  readonly started: (child: ProcessIdentity) => Promise<void>;
  /** For updates of what exists, and of nothing else: the state is saved once, at the end. */
  readonly savesOnce: boolean;
}

export interface OperationOptions {
  /** URNs; everything without. */
  readonly targets?: readonly string[];
  /** Read instead of the project's stack file. */
  readonly configFile?: string;
  /** Where a preview saves its plan, and where an update finds what it may do at most. */
  readonly planFile?: string;
  /** Look at the real resources first. */
  readonly refresh?: boolean;
  readonly signal: AbortSignal;
  /** What the engine does, resource by resource. */
  readonly progress?: (line: string) => void;
  /** Directory of a policy pack that judges a preview; see `policy.ts`. */
  readonly policyPack?: string;
  /** Sees a preview's events as they are. */
  readonly observe?: (event: EngineEvent) => void;
}

/** Nothing was changed. */
export class PreviewError extends RefusedError {
  override readonly name = "PreviewError";
}

/** Some of it may be done; running it again goes on. */
export class UpdateError extends HalfwayError {
  override readonly name = "UpdateError";
}

/** Operations that leave a resource as it is. */
const QUIET = new Set(["same", "read", "refresh"]);
export const changes = (steps: readonly PlannedStep[]): readonly PlannedStep[] =>
  steps.filter(({ op }) => !QUIET.has(op));

export class PulumiStack {
  readonly name: StackName;
  readonly #options: EngineOptions;
  #stack: Promise<Stack> | undefined;

  constructor(name: StackName, options: EngineOptions) {
    this.name = name;
    this.#options = options;
  }

  /** Loads engine and program, which takes longer than most previews; to be called early. */
  async warmUp(): Promise<void> {
    await this.#open();
  }

  /** Creates the stack in the backend when it is not there; only a deployment may. */
  async create(): Promise<void> {
    const { workspace } = await this.#open();
    const existing = await workspace.listStacks();
    if (!existing.some(({ name }) => name === this.name)) await workspace.createStack(this.name);
  }

  async preview(options: OperationOptions): Promise<readonly PlannedStep[]> {
    const steps: PlannedStep[] = [];
    const stack = await this.#open();
    try {
      await stack.preview({
        ...common(options),
        onEvent: (event) => {
          options.observe?.(event);
          const step = plannedStep(event);
          if (step !== undefined) steps.push(step);
        },
      });
    } catch (cause) {
      options.signal.throwIfAborted();
      throw new PreviewError(`preview of stack ${this.name}: ${messageOf(cause)}`, { cause });
    }
    return steps;
  }

  async up(options: OperationOptions): Promise<void> {
    const stack = await this.#open();
    const { progress } = options;
    try {
      await stack.up({
        ...common(options),
        ...(progress && {
          onEvent: (event: EngineEvent) => {
            const line = progressLine(event);
            if (line !== undefined) progress(line);
          },
        }),
      });
    } catch (cause) {
      options.signal.throwIfAborted();
      throw new UpdateError(`update of stack ${this.name}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Changes the state itself, nothing in the cloud. For what another API did, which Pulumi shall own from now on. */
  async rewrite(edit: (deployment: unknown) => unknown): Promise<void> {
    const stack = await this.#open();
    try {
      const state = await stack.exportStack();
      await stack.importStack({ ...state, deployment: edit(state.deployment) });
    } catch (cause) {
      throw new UpdateError(`state of stack ${this.name}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Reads the targets anew into the state. */
  async refresh({ targets = [], signal }: OperationOptions): Promise<void> {
    const stack = await this.#open();
    try {
      await stack.refresh({
        signal,
        target: [...targets],
        color: "never",
        suppressProgress: true,
        suppressOutputs: true,
      });
    } catch (cause) {
      signal.throwIfAborted();
      throw new UpdateError(`refresh of stack ${this.name}: ${messageOf(cause)}`, { cause });
    }
  }

  #open(): Promise<Stack> {
    this.#stack ??= this.#load().catch((error: unknown) => {
      this.#stack = undefined;
      throw error;
    });
    return this.#stack;
  }

  async #load(): Promise<Stack> {
    const { command, program, projectDirectory, projectName, environment, started, savesOnce } =
      this.#options;
    const [cli, run, secretsProvider] = await Promise.all([
      command(),
      program(),
      secretsProviderIn(path.join(projectDirectory, `Pulumi.${this.name}.yaml`)),
    ]);
    return await LocalWorkspace.selectStack(
      { stackName: this.name, projectName, program: async () => (await run()) as Record<string, unknown> },
      {
        workDir: projectDirectory,
        ...(secretsProvider && { secretsProvider }),
        pulumiCommand: supervised(cli, { environment, started }),
        envVars: {
          PULUMI_SKIP_UPDATE_CHECK: "true",
          // Attached providers need no plugin; looking for one costs seconds and a network.
          ...(environment["PULUMI_DEBUG_PROVIDERS"] && {
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
          }),
          ...(savesOnce && SAVES_ONCE),
        },
      },
    );
  }
}

async function secretsProviderIn(file: string): Promise<string | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return secretsProviderOf(text);
}

function common({ targets, configFile, planFile, policyPack, refresh, signal }: OperationOptions) {
  return {
    signal,
    color: "never" as const,
    suppressProgress: true,
    suppressOutputs: true,
    ...(targets && { target: [...targets] }),
    ...(configFile && { configFile }),
    ...(planFile && { plan: planFile }),
    ...(policyPack && { policyPacks: [policyPack] }),
    ...(refresh && { refresh }),
  };
}

function plannedStep({ resourcePreEvent }: EngineEvent): PlannedStep | undefined {
  const metadata = resourcePreEvent?.metadata;
  if (metadata === undefined) return undefined;
  return {
    op: metadata.op,
    urn: metadata.urn,
    type: metadata.type,
    oldInputs: metadata.old?.inputs ?? {},
    newInputs: metadata.new?.inputs ?? {},
    changed: Object.keys(metadata.detailedDiff ?? {}),
  };
}

function progressLine({ resourcePreEvent, diagnosticEvent }: EngineEvent): string | undefined {
  if (diagnosticEvent?.severity === "error" || diagnosticEvent?.severity === "warning") {
    return `${diagnosticEvent.severity}: ${diagnosticEvent.message.replace(/<\{%.*?%\}>/g, "").trim()}`;
  }
  const metadata = resourcePreEvent?.metadata;
  if (metadata === undefined || QUIET.has(metadata.op)) return undefined;
  return `${metadata.op} ${metadata.type} ${metadata.urn.split("::").at(-1)}`;
}
