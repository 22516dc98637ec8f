/** The Kubernetes provider: manifests by server-side apply into the cluster that the connection's kubeconfig names. */
import type { Region } from "../../../components/model.ts";
import type { Behaviour, Behaviours, Properties } from "../../cloud/behaviour.ts";
import type * as protocol from "../protocol/provider.ts";
import { InitializationError } from "../protocol/provider.ts";
import {
  fromJson,
  hasUnknown,
  Secret,
  sealAllLike,
  toProperties,
  unwrap,
  type Value,
  type Values,
} from "../protocol/value.ts";
import { type Reach, within } from "../reach.ts";
import type { Registry } from "../registry.ts";
import { apply, managerOf } from "./apply.ts";
import { check, normalise } from "./check.ts";
import { diff, diffConfig } from "./diff.ts";
import { activeCluster } from "./kubeconfig.ts";
import { annotation, idOf, isOwn, prune } from "./manifest.ts";

/** https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/ */
const SKIP_AWAIT = "pulumi.com/skipAwait";
/** https://www.pulumi.com/registry/packages/kubernetes/api-docs/apps/v1/deployment/ */
const AWAIT_SECONDS = 600;
const TIMEOUT = "pulumi.com/timeoutSeconds";

export interface KubernetesOptions {
  readonly version: string;
  readonly behaviours: Behaviours;
  readonly registry: Registry;
  readonly reach: Reach;
  /** The region of the cluster behind an API server's URL; throws when no cluster has it. */
  readonly clusterRegion: (server: string) => Region;
}

interface Target extends protocol.Resource {
  readonly region: Region;
  readonly behaviour: Behaviour;
}

export class KubernetesProvider implements protocol.Provider {
  readonly version: string;
  readonly #options: KubernetesOptions;

  constructor(options: KubernetesOptions) {
    this.version = options.version;
    this.#options = options;
  }

  checkConfig({ news }: protocol.CheckRequest): protocol.CheckResult {
    return { inputs: news, failures: [] };
  }

  diffConfig(request: protocol.DiffRequest): protocol.DiffResult {
    return diffConfig(request);
  }

  /** An unreachable cluster fails what is done with it, not the provider. */
  async configure(): Promise<void> {}

  check(request: protocol.CheckRequest, { session }: protocol.Call): protocol.CheckResult {
    const namespace = unwrap(session.config?.["namespace"] ?? null);
    return check(request, typeof namespace === "string" ? namespace : "default");
  }

  diff(request: protocol.DiffRequest): protocol.DiffResult {
    return diff(request);
  }

  async create(request: protocol.CreateRequest, call: protocol.Call): Promise<protocol.State> {
    if (request.preview && hasUnknown(request.inputs)) return { id: "", outputs: request.inputs };
    const target = await this.#target(request, call);
    const intent = normalise(toProperties(request.inputs)) as Properties;
    const id = idOf(intent);
    const live = await this.#live(target, id);
    if (live !== undefined && !request.preview) throw new Error(`${intent["kind"]} "${id}" already exists`);
    const object = this.#apply(target, intent, live, []);
    if (request.preview) return { id: "", outputs: outputs(object, request.inputs, target) };
    const made = (await target.behaviour.create?.(object, placement(target))) ?? object;
    this.#keep(target, id, intent, made);
    const ready = await this.#ready(target, id, made, request.inputs, request.timeoutSeconds, call);
    return { id, outputs: outputs(ready, request.inputs, target) };
  }

  async read(request: protocol.ReadRequest, call: protocol.Call) {
    const target = await this.#target(request, call);
    const live = await this.#live(target, request.id);
    if (live === undefined) return undefined;
    const shape = Object.keys(request.inputs).length > 0 ? toProperties(request.inputs) : live;
    const inputs = prune(normalise(live) as Properties, normalise(shape) as Properties) as Values;
    return {
      id: request.id,
      outputs: outputs(live, request.inputs, target),
      inputs: restored(sealed(inputs, request.inputs), request.inputs),
    };
  }

  async update(request: protocol.UpdateRequest, call: protocol.Call): Promise<Values> {
    if (request.preview && hasUnknown(request.news)) return request.news;
    const target = await this.#target(request, call);
    const intent = normalise(toProperties(request.news)) as Properties;
    const live = await this.#live(target, request.id);
    if (live === undefined) throw new Error(`${intent["kind"]} "${request.id}" not found`);
    const object = this.#apply(target, intent, live, request.ignoreChanges);
    if (request.preview) return outputs(object, request.news, target);
    const changed = await target.behaviour.update?.(request.id, live, object, placement(target));
    const made = changed ?? object;
    this.#keep(target, request.id, intent, made);
    const ready = await this.#ready(target, request.id, made, request.news, request.timeoutSeconds, call);
    return outputs(ready, request.news, target);
  }

  async delete(request: protocol.DeleteRequest, call: protocol.Call): Promise<void> {
    const target = await this.#target(request, call);
    const live = await this.#live(target, request.id);
    if (live !== undefined) await target.behaviour.delete?.(request.id, live, placement(target));
    this.#options.registry.remove(target.type, target.region, request.id);
  }

  async invoke(token: string): Promise<Value> {
    throw new Error(`${token}: the sandbox has no such data source`);
  }

  async #target(resource: protocol.Resource, { session, signal }: protocol.Call): Promise<Target> {
    const kubeconfig = session.config?.["kubeconfig"];
    if (kubeconfig === undefined) {
      throw new Error(
        "no kubeconfig: pass an explicit kubernetes provider, the ambient one is not the sandbox's",
      );
    }
    const { server } = activeCluster(kubeconfig);
    const region = this.#options.clusterRegion(server);
    await this.#options.reach(region, signal);
    const { urn, type, name } = resource;
    return { urn, type, name, region, behaviour: this.#options.behaviours[type] ?? {} };
  }

  async #live(target: Target, id: string): Promise<Properties | undefined> {
    const entry = this.#options.registry.get(target.type, target.region, id);
    if (target.behaviour.read === undefined) return entry?.outputs;
    return await target.behaviour.read(id, entry?.outputs ?? {}, placement(target));
  }

  #apply(target: Target, intent: Properties, live: Properties | undefined, ignoreChanges: readonly string[]) {
    return apply({ intent, live, manager: managerOf(target.urn), ignoreChanges });
  }

  #keep({ type, urn, region }: Target, id: string, inputs: Properties, live: Properties): void {
    this.#options.registry.put({ type, urn, region, id, inputs, outputs: live });
  }

  async #ready(
    target: Target,
    id: string,
    object: Properties,
    inputs: Values,
    timeoutSeconds: number,
    { signal }: protocol.Call,
  ): Promise<Properties> {
    if (target.behaviour.ready === undefined || annotation(inputs, SKIP_AWAIT) === "true") return object;
    const { ready } = target.behaviour;
    const seconds = timeoutSeconds || Number(annotation(inputs, TIMEOUT) ?? AWAIT_SECONDS);
    const lateness = new Error(`not ready after ${seconds} s`);
    try {
      return await within(seconds * 1000, lateness, signal, (bounded) =>
        ready(id, object, placement(target), bounded),
      );
    } catch (error) {
      const live = (await this.#live(target, id)) ?? object;
      throw new InitializationError(
        `resource ${id} was successfully created, but the Kubernetes API server reported that it failed to ` +
          `fully initialize or become live within ${seconds} s`,
        { id, outputs: outputs(live, inputs, target), inputs },
        { cause: error },
      );
    }
  }
}

const placement = ({ region, type, urn }: Target) => ({ region, type, urn });

/** A Secret's content stays secret, whatever the program said. */
function sealed(values: Values, pattern: Values): Values {
  const like = sealAllLike(values, pattern);
  if (values["kind"] !== "Secret") return like;
  return Object.fromEntries(
    Object.entries(like).map(([key, value]): [string, Value] => [
      key,
      (key === "data" || key === "stringData") && !(value instanceof Secret) ? new Secret(value) : value,
    ]),
  );
}

/** Inputs with `stringData` stay so: the API server gives back `data` only. */
function restored(inputs: Values, before: Values): Values {
  if (before["stringData"] === undefined) return inputs;
  const { data: _, ...rest } = inputs;
  return {
    ...rest,
    ...(before["data"] !== undefined && { data: before["data"] }),
    stringData: before["stringData"],
  };
}

function outputs(live: Properties, inputs: Values, { urn }: Target): Values {
  const own = Object.entries(live).filter(([key]) => !isOwn(key) && key !== "id");
  const state = sealed(fromJson(Object.fromEntries(own)) as Values, inputs);
  return { ...state, __fieldManager: managerOf(urn), __initialApiVersion: live["apiVersion"] ?? null };
}
