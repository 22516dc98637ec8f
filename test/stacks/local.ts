/** Both stacks on the real engine, against the sandbox's providers and a state in a folder; what acts is for the caller to say. */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { LocalWorkspace, type OpMap, type Stack, type UpOptions } from "@pulumi/pulumi/automation/index.js";
import { supervised } from "../../automation/adapters/engine-process.ts";
import { engine, SAVES_ONCE } from "../../automation/engine.ts";
import type { StackName } from "../../components/model.ts";
import type { Behaviours } from "../../sandbox/cloud/behaviour.ts";
import { Faults } from "../../sandbox/faults.ts";
import { Providers } from "../../sandbox/providers/providers.ts";
import { PROJECT } from "../../stacks/config.ts";
import program from "../../stacks/index.ts";
import { type Keeper, keeper } from "../secrets.ts";
import { rawConfig } from "./stackFile.ts";

/** Towards a region that never answers; the real providers try for minutes. */
const PATIENCE_MILLISECONDS = 500;

/** As in the repository's stack files. */
export const ACCOUNT_ID = "123456789012";

export interface LocalOptions {
  readonly faults?: Faults;
  /** Types that act; the others exist in a registry only. */
  readonly behaviours?: Behaviours;
}

interface Whose {
  readonly projectName: string;
  /** Of its Pulumi.yaml and stack files. */
  readonly directory: string;
  readonly run: () => Promise<Record<string, unknown>>;
}

export class Local {
  /** What the journal says; undefined: nothing yet. */
  decided: { readonly generation: number; readonly active: string } | undefined;
  readonly faults: Faults;
  readonly #directory: string;
  readonly #stacks = new Map<StackName, Stack>();
  #providers: Providers | undefined;
  #keeper: Keeper | undefined;

  private constructor(directory: string, faults: Faults) {
    this.#directory = directory;
    this.faults = faults;
  }

  static async start({ faults = new Faults(), behaviours = {} }: LocalOptions = {}): Promise<Local> {
    const local = new Local(await mkdtemp(path.join(tmpdir(), "stacks-")), faults);
    await mkdir(local.#state);
    local.#keeper = await keeper();
    local.#providers = await Providers.start({
      faults,
      behaviours,
      regions: { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" },
      accountId: ACCOUNT_ID,
      invocations: { "aws:dynamodb/getTableItem:getTableItem": async () => ({ item: local.#item() }) },
      unreachableAfterMilliseconds: PATIENCE_MILLISECONDS,
    });
    return local;
  }

  get #state(): string {
    return path.join(this.#directory, "state");
  }

  #item(): string {
    if (this.decided === undefined) throw new Error("reading DynamoDB Table Item (t|region|0): empty result");
    const { generation, active } = this.decided;
    return JSON.stringify({ generation: { N: String(generation) }, active: { S: active } });
  }

  /** With the repository's stack file, overrides as in `rawConfig`. */
  async stack(name: StackName, overrides: Readonly<Record<string, string | null>> = {}): Promise<Stack> {
    const stack = this.#stacks.get(name) ?? (await this.#create(name));
    this.#stacks.set(name, stack);
    const raw = await rawConfig(name, overrides);
    const config = Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, structured(value)]));
    const settings = await stack.workspace.stackSettings(name);
    await stack.workspace.saveStackSettings(name, { ...settings, config });
    return stack;
  }

  /** An update, with what it changed and what the state's outputs are then. */
  async up(
    stack: Stack,
    options: UpOptions = {},
  ): Promise<{ readonly changes: OpMap; readonly outputs: Readonly<Record<string, unknown>> }> {
    let changes: OpMap = {};
    await stack.up({
      ...options,
      onEvent: ({ summaryEvent }) => {
        changes = summaryEvent?.resourceChanges ?? changes;
      },
    });
    return { changes, outputs: await this.outputs(stack) };
  }

  async outputs(stack: Stack): Promise<Readonly<Record<string, unknown>>> {
    const { name } = await stack.workspace.projectSettings();
    const file = path.join(this.#state, ".pulumi", "stacks", name, `${stack.name}.json`);
    const { checkpoint } = JSON.parse(await readFile(file, "utf8")) as {
      checkpoint: { latest: { resources: { type: string; outputs: Record<string, unknown> }[] } };
    };
    const root = checkpoint.latest.resources.find(({ type }) => type === "pulumi:pulumi:Stack");
    return root?.outputs ?? {};
  }

  /** A stack of another project, which shares nothing with this one but the engine and the providers. */
  async stackOf(
    projectName: string,
    stackName: string,
    run: () => Promise<Record<string, unknown>>,
  ): Promise<Stack> {
    const directory = path.join(this.#directory, projectName);
    await mkdir(directory, { recursive: true });
    return await this.#create(stackName, { projectName, directory, run });
  }

  async #create(
    stackName: string,
    { projectName, directory, run }: Whose = {
      projectName: PROJECT,
      directory: this.#directory,
      run: program,
    },
  ): Promise<Stack> {
    return await LocalWorkspace.createStack(
      { stackName, projectName, program: run },
      {
        pulumiCommand: supervised(await engine(), {
          environment: process.env,
          started: async () => {},
        }),
        workDir: directory,
        ...(this.#keeper && { secretsProvider: this.#keeper.provider }),
        envVars: {
          ...this.#keeper?.environment,
          PULUMI_BACKEND_URL: `file://${this.#state}`,
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
          PULUMI_SKIP_UPDATE_CHECK: "true",
          ...SAVES_ONCE,
          PULUMI_DEBUG_PROVIDERS: this.#providers?.debugProviders ?? "",
        },
      },
    );
  }

  async close(): Promise<void> {
    await this.#providers?.close();
    this.#keeper?.close();
    await rm(this.#directory, { recursive: true });
  }
}

const structured = (text: string): unknown => (/^[{[]/.test(text) ? JSON.parse(text) : text);
