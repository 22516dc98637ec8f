/**
 * Runs the program against a monitor in this process and returns everything that it registers, with the options
 * that Pulumi's own mocks hide. What it does not prove: what a provider or the engine does with a registration.
 */
import { type Output, output, runtime } from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import type { StackName } from "../../components/model.ts";
import { PROJECT } from "../../stacks/config.ts";
import program from "../../stacks/index.ts";
import type { StackOutputs } from "../../stacks/outputs.ts";
import { COMPUTED, type Values } from "./computed.ts";
import { hosted } from "./hosted.ts";
import { rawConfig } from "./stackFile.ts";

export interface Registration {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly inputs: Values;
  /** URN. */
  readonly parent: string;
  /** URNs: stated ones and those that follow from inputs. */
  readonly dependsOn: readonly string[];
  /** Name of the provider resource; empty: the default one. */
  readonly provider: string;
  readonly protect: boolean;
  readonly ignoreChanges: readonly string[];
}

export interface Invocation {
  readonly token: string;
  readonly args: Values;
  readonly provider: string;
}

/** What the program finds when it looks. */
export interface World {
  readonly regionItem?: { generation: number; active: string } | Error;
  /** One after the other, where it is a list; the last one stays. */
  readonly lastOutputs?: Values | Error | readonly (Values | Error)[];
  /** `spec.replicas` that Deployments come out with where the cluster's number wins, by name. */
  readonly replicas?: Readonly<Record<string, number>>;
  /** Data sources by token, for what is adopted. */
  readonly lookups?: Readonly<Record<string, (args: Values) => Values>>;
}

export interface Graph {
  readonly resources: readonly Registration[];
  readonly invocations: readonly Invocation[];
  readonly outputs: StackOutputs;
}

/** As the provider's data source words it. */
export const NO_ITEM = new Error("reading DynamoDB Table Item (exchange-journal|region|0): empty result");
export const NO_TABLE = new Error(
  "reading DynamoDB Table Item (exchange-journal|region|0): couldn't find resource",
);

function answer(world: World, token: string, args: Values, nth: number): Values {
  if (token === "pulumi:pulumi:readStackOutputs") {
    const { lastOutputs = {} } = world;
    const outputs = Array.isArray(lastOutputs)
      ? lastOutputs[Math.min(nth, lastOutputs.length - 1)]
      : lastOutputs;
    if (outputs instanceof Error) throw outputs;
    return { outputs };
  }
  if (token === "aws:dynamodb/getTableItem:getTableItem") {
    const item = world.regionItem ?? NO_ITEM;
    if (item instanceof Error) throw item;
    return {
      item: JSON.stringify({ generation: { N: String(item.generation) }, active: { S: item.active } }),
    };
  }
  const lookup = world.lookups?.[token];
  if (lookup === undefined) throw new Error(`the program called ${token}, which no test expects`);
  return lookup(args);
}

function create(world: World, type: string, name: string, inputs: Values): Values {
  const computed = COMPUTED[type];
  if (computed === undefined)
    throw new Error(`the program registers ${type} (${name}), which no test expects`);
  const replicas = world.replicas?.[name];
  const live =
    type === "kubernetes:apps/v1:Deployment" && replicas !== undefined
      ? { spec: { ...inputs["spec"], replicas } }
      : {};
  return { ...inputs, ...computed(inputs, name), ...live };
}

/** A reference is `<urn>::<id>`. */
const providerName = (reference: string | undefined): string => reference?.split("::").at(-2) ?? "";

/** Of a registration as it goes over the wire; the mocks pass on neither protection nor dependencies. */
interface Request {
  getType(): string;
  getName(): string;
  getCustom(): boolean;
  getObject(): Parameters<typeof runtime.deserializeProperties>[0];
  getParent(): string;
  getProvider(): string;
  getProtect(): boolean;
  getIgnorechangesList(): string[];
  getDependenciesList(): string[];
}

class RecordingMonitor extends MockMonitor {
  readonly registrations: Registration[] = [];

  override async registerResource(
    request: Request,
    callback: (error: unknown, response: { getUrn(): string } | undefined) => void,
  ): Promise<void> {
    await super.registerResource(request, (error: unknown, response: { getUrn(): string } | undefined) => {
      if (response !== undefined) {
        this.registrations.push({
          urn: response.getUrn(),
          type: request.getType(),
          name: request.getName(),
          custom: request.getCustom(),
          inputs: runtime.deserializeProperties(request.getObject()),
          parent: request.getParent(),
          dependsOn: request.getDependenciesList(),
          provider: providerName(request.getProvider()),
          protect: request.getProtect(),
          ignoreChanges: request.getIgnorechangesList(),
        });
      }
      callback(error, response);
    });
  }
}

/** Overrides replace whole keys of the stack file (see `rawConfig`). One run at a time: the runtime is one per process. */
export async function deploy(
  stack: StackName,
  overrides: Readonly<Record<string, string | null>> = {},
  world: World = {},
  of: () => Promise<unknown> = program,
): Promise<Graph> {
  const raw = await rawConfig(stack, overrides);
  const invocations: Invocation[] = [];
  const mocks = {
    newResource: ({
      type,
      name,
      inputs,
      custom,
    }: {
      type: string;
      name: string;
      inputs: Values;
      custom?: boolean;
    }) =>
      custom
        ? { id: `${type}|${name}`, state: create(world, type, name, inputs) }
        : { id: undefined, state: {} },
    call: ({ token, inputs, provider }: { token: string; inputs: Values; provider?: string }) => {
      const nth = invocations.filter((one) => one.token === token).length;
      invocations.push({ token, args: inputs, provider: providerName(provider) });
      try {
        return answer(world, token, inputs, nth);
      } catch (error) {
        // The SDK takes the message from where gRPC puts it.
        throw Object.assign(error as Error, { details: (error as Error).message });
      }
    },
  };
  await runtime.setMocks(mocks, PROJECT, stack, false, "organization");
  const monitor = new RecordingMonitor(mocks);
  runtime.setMockOptions(monitor, PROJECT, stack, false, "organization");
  runtime.setAllConfig(raw);

  return await hosted(async () => {
    const outputs = await runtime.runInPulumiStack(of);
    await runtime.disconnect();
    return { resources: monitor.registrations, invocations, outputs: await settled(output(outputs)) };
  });
}

const kept = new Map<StackName, Promise<Graph>>();
/** The stack as its file says, registered once for all tests of a file that only look. */
export function standing(stack: StackName): Promise<Graph> {
  const graph = kept.get(stack) ?? deploy(stack);
  kept.set(stack, graph);
  return graph;
}

const settled = <T>(value: Output<unknown>): Promise<T> =>
  new Promise((resolve) => {
    value.apply((inner) => resolve(inner as T));
  });
