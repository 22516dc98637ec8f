/** Speaks to the sandbox's AWS as the engine would, without one: for what needs no plan. */

import type { Behaviours, Properties } from "../../../sandbox/cloud/behaviour.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { AwsCloud } from "../../../sandbox/providers/aws/cloud.ts";
import { BridgeProvider } from "../../../sandbox/providers/bridge/provider.ts";
import type { Call, CheckResult, DiffResult, State } from "../../../sandbox/providers/protocol/provider.ts";
import type { Values } from "../../../sandbox/providers/protocol/value.ts";
import { reachThrough } from "../../../sandbox/providers/reach.ts";
import { Registry } from "../../../sandbox/providers/registry.ts";
import { ACCOUNT, REGIONS } from "./engine.ts";

const PATIENCE_MILLISECONDS = 50;
let count = 0;

export class Calls {
  readonly faults = new Faults();
  readonly registry = new Registry();
  readonly #provider: BridgeProvider;
  readonly #signal = new AbortController().signal;

  constructor(behaviours: Behaviours = {}) {
    this.#provider = new BridgeProvider({
      cloud: new AwsCloud({
        version: "7.0.0",
        accountId: ACCOUNT,
        regions: REGIONS,
        registry: this.registry,
      }),
      behaviours,
      invocations: {},
      registry: this.registry,
      reach: reachThrough(this.faults, PATIENCE_MILLISECONDS),
    });
  }

  async check(type: string, news: Values, region = "us-east-1"): Promise<CheckResult> {
    const request = { olds: {}, news, randomSeed: new Uint8Array(32), autonaming: undefined };
    return this.#provider.check({ ...resource(type), ...request }, this.#in(region));
  }

  diff(
    type: string,
    olds: Values,
    news: Values,
    ignoreChanges: string[] = [],
    oldInputs: Values = olds,
  ): DiffResult {
    return this.#provider.diff({ ...resource(type), id: "x", olds, oldInputs, news, ignoreChanges });
  }

  /** As it comes out of `check`, in a region of a provider of that region. */
  async create(type: string, news: Values, region = "us-east-1"): Promise<State> {
    const { inputs } = await this.check(type, news, region);
    const more = { inputs, timeoutSeconds: 0, preview: false };
    return await this.#provider.create({ ...resource(type), ...more }, this.#in(region));
  }

  async update(type: string, { id, outputs }: State, news: Values, region = "us-east-1"): Promise<Values> {
    const { inputs } = await this.check(type, news, region);
    const more = {
      id,
      olds: outputs,
      oldInputs: outputs,
      news: inputs,
      ignoreChanges: [],
      timeoutSeconds: 0,
    };
    return await this.#provider.update({ ...resource(type), ...more, preview: false }, this.#in(region));
  }

  async delete(type: string, { id, outputs }: State, region = "us-east-1"): Promise<void> {
    const more = { id, properties: outputs, timeoutSeconds: 0 };
    await this.#provider.delete({ ...resource(type), ...more }, this.#in(region));
  }

  async read(type: string, id: string, inputs: Values = {}, region = "us-east-1") {
    return await this.#provider.read({ ...resource(type), id, inputs, properties: inputs }, this.#in(region));
  }

  /** Something that another stack, or another test, made. */
  put(
    type: string,
    region: "us-east-1" | "us-west-2" | "us-east-2" | "global",
    id: string,
    outputs: Properties = {},
  ): void {
    this.registry.put({ type, region, id, urn: `urn::${id}`, inputs: outputs, outputs });
  }

  #in(region: string): Call {
    return { session: { config: { region } }, signal: this.#signal };
  }
}

const resource = (type: string) => ({
  urn: `urn:pulumi:test::sandbox::${type}::r${++count}`,
  type,
  name: `r${count}`,
});
