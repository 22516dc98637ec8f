/** A provider with the manners of the Terraform bridge, for the AWS and Cloudflare types. */
import type { Behaviour, Behaviours, Invocations, Placement, Properties } from "../../cloud/behaviour.ts";
import type { ResourceType } from "../catalog/catalog.ts";
import type * as protocol from "../protocol/provider.ts";
import {
  fromJson,
  isRecord,
  sealAllLike,
  toProperties,
  UNKNOWN,
  unwrap,
  unwrapAll,
  type Value,
  type Values,
} from "../protocol/value.ts";
import type { Reach } from "../reach.ts";
import type { Entry, Registry } from "../registry.ts";
import { check, DEFAULTS } from "./check.ts";
import type { Cloud, Operation, Target } from "./cloud.ts";
import { diff, isWriteOnly } from "./diff.ts";
import { equivalent, type Normalise } from "./equivalence.ts";
import { complete } from "./merge.ts";

export interface BridgeOptions {
  readonly cloud: Cloud;
  readonly behaviours: Behaviours;
  readonly invocations: Invocations;
  readonly registry: Registry;
  readonly reach: Reach;
}

const withoutDefaults = ({ [DEFAULTS]: _, ...inputs }: Values): Values => inputs;

export class BridgeProvider implements protocol.Provider {
  readonly version: string;
  readonly #cloud: Cloud;
  readonly #behaviours: Behaviours;
  readonly #invocations: Invocations;
  readonly #registry: Registry;
  readonly #reach: Reach;

  constructor({ cloud, behaviours, invocations, registry, reach }: BridgeOptions) {
    this.version = cloud.version;
    this.#cloud = cloud;
    this.#behaviours = behaviours;
    this.#invocations = invocations;
    this.#registry = registry;
    this.#reach = reach;
  }

  checkConfig({ news }: protocol.CheckRequest): protocol.CheckResult {
    return { inputs: news, failures: [] };
  }

  /** Nothing replaces a bridged provider; its resources keep the region they were made in until they change. */
  diffConfig(request: protocol.DiffRequest): protocol.DiffResult {
    const before = Object.keys(request.oldInputs).length > 0 ? request.oldInputs : request.olds;
    const names = [...new Set([...Object.keys(before), ...Object.keys(request.news)])];
    const changed = names.filter(
      (name) => JSON.stringify(unwrapAll(before)[name]) !== JSON.stringify(unwrapAll(request.news)[name]),
    );
    return {
      changes: changed.map((path) => ({ path, kind: "update", replaces: false })),
      stables: [],
      deleteBeforeReplace: false,
    };
  }

  async configure(config: Values, { signal }: protocol.Call): Promise<void> {
    await this.#cloud.configure(config, (place) => this.#reach(place, signal));
  }

  check(request: protocol.CheckRequest, { session }: protocol.Call): protocol.CheckResult {
    const type = this.#typeOf(request.type);
    const named = this.#cloud.named(request.type);
    return check(request, { type, named, defaultTags: defaultTags(session.config) });
  }

  diff(request: protocol.DiffRequest): protocol.DiffResult {
    return diff(request, {
      type: this.#typeOf(request.type),
      named: this.#cloud.named(request.type)?.property,
      normalise: this.#normalise(request.type),
    });
  }

  async create(request: protocol.CreateRequest, call: protocol.Call): Promise<protocol.State> {
    const type = this.#typeOf(request.type);
    const inputs = withoutDefaults(request.inputs);
    if (request.preview) return { id: "", outputs: complete(type, readable(inputs, type), UNKNOWN) };
    const target = this.#target(request, inputs, call);
    const plain = toProperties(inputs);
    await this.#arrive(target, "create", plain, call);
    this.#cloud.validate(target, plain, undefined);
    const conceived = this.#cloud.conceive(target, plain);
    const derived = this.#cloud.derive(target, plain);
    const made = await this.#behaviour(target)?.create?.(plain, placement(target));
    const id = made?.id ?? conceived.id;
    const known = { ...conceived.outputs, ...derived, ...made };
    const outputs = { ...(complete(type, readable(plain, type), known) as Properties), ...made };
    this.#registry.put({
      type: target.type,
      urn: target.urn,
      region: target.location,
      id,
      inputs: plain,
      outputs,
    });
    return { id, outputs: sealed(outputs, inputs) };
  }

  async read(request: protocol.ReadRequest, call: protocol.Call) {
    const type = this.#typeOf(request.type);
    const target = this.#target(request, { ...request.properties, ...request.inputs }, call);
    const known = this.#registry.get(target.type, target.location, request.id);
    await this.#arrive(target, "read", known?.outputs ?? {}, call);
    const read = this.#behaviour(target)?.read;
    const entry = known ?? (read && this.#madeElsewhere(target, request));
    if (entry === undefined) return undefined;
    const today = read ? await read(request.id, entry.outputs, placement(target)) : {};
    if (today === undefined) {
      this.#registry.remove(target.type, target.location, request.id);
      return undefined;
    }
    const outputs = { ...entry.outputs, ...today };
    this.#registry.put({ ...entry, outputs });
    const isRefresh = Object.keys(request.properties).length > 0;
    return {
      id: request.id,
      outputs: sealed(outputs, request.inputs),
      inputs: isRefresh
        ? refreshed(request.inputs, outputs, this.#normalise(target.type))
        : imported(type, outputs),
    };
  }

  /** What Pulumi did not create may be there all the same: the cloud's own API makes things too. */
  #madeElsewhere(target: Target, { id, properties, inputs }: protocol.ReadRequest): Entry {
    const { type, urn, location: region } = target;
    return { type, urn, region, id, inputs: toProperties(inputs), outputs: toProperties(properties) };
  }

  async update(request: protocol.UpdateRequest, call: protocol.Call): Promise<Values> {
    const type = this.#typeOf(request.type);
    const news = withoutDefaults(request.news);
    const ignored = Object.entries(request.olds).filter(([key]) => request.ignoreChanges.includes(key));
    const wanted = { ...news, ...Object.fromEntries(ignored) };
    const merged = complete(type, wanted, request.olds);
    if (request.preview) return readable(merged, type);
    const target = this.#target(request, news, call);
    const plain = toProperties(merged);
    const olds = toProperties(request.olds);
    await this.#arrive(target, "update", plain, call);
    this.#cloud.validate(target, plain, olds);
    const derived = this.#cloud.derive(target, plain);
    const changed = await this.#behaviour(target)?.update?.(request.id, olds, plain, placement(target));
    const outputs = { ...readable(plain, type), ...derived, ...changed };
    const entry = { type: target.type, urn: target.urn, region: target.location, id: request.id };
    this.#registry.put({ ...entry, inputs: toProperties(news), outputs });
    return sealed(outputs, news);
  }

  async delete(request: protocol.DeleteRequest, call: protocol.Call): Promise<void> {
    const target = this.#target(request, request.properties, call);
    const entry = this.#registry.get(target.type, target.location, request.id);
    await this.#arrive(target, "delete", entry?.outputs ?? {}, call);
    if (entry === undefined) return;
    this.#cloud.mayDelete(target, request.id, entry.outputs);
    await this.#behaviour(target)?.delete?.(request.id, entry.outputs, placement(target));
    this.#registry.remove(target.type, target.location, request.id);
  }

  async invoke(token: string, args: Values, { session, signal }: protocol.Call): Promise<Value> {
    const invocation = this.#invocations[token];
    if (invocation === undefined) throw new Error(`${token}: the sandbox has no such data source`);
    const region = this.#cloud.regionOf(session.config, args);
    await this.#reach(region, signal);
    return fromJson(await invocation(toProperties(args), region));
  }

  #normalise(type: string): Normalise {
    return (property, text) => this.#cloud.normalise(type, property, text);
  }

  #typeOf(token: string): ResourceType {
    const type = this.#cloud.catalog.get(token);
    if (type === undefined) {
      throw new Error(
        `${token}: the sandbox does not know this type: add it to sandbox/providers/catalog/types.ts`,
      );
    }
    return type;
  }

  #target({ type, urn, name }: protocol.Resource, inputs: Values, { session }: protocol.Call): Target {
    return { type, urn, name, location: this.#cloud.locate(type, inputs, session.config) };
  }

  async #arrive(
    target: Target,
    operation: Operation,
    properties: Properties,
    { signal }: protocol.Call,
  ): Promise<void> {
    for (const { place, why, page } of this.#cloud.controlPlanes(target, operation, properties)) {
      try {
        await this.#reach(place, signal);
      } catch (error) {
        if (why === undefined) throw error;
        throw new Error(`${target.type} cannot ${operation}: ${why} is in ${place} (${page})`, {
          cause: error,
        });
      }
    }
  }

  #behaviour({ type }: Target): Behaviour | undefined {
    return this.#behaviours[type];
  }
}

/** The SDK sends structures of a provider's configuration as JSON. */
function defaultTags(config: Values | undefined): Values {
  const given = unwrap(config?.["defaultTags"] ?? null);
  const parsed = typeof given === "string" ? (JSON.parse(given) as Value) : given;
  const tags = isRecord(parsed) ? parsed["tags"] : undefined;
  return isRecord(tags) ? tags : {};
}

const placement = ({ location, type, urn }: Target): Placement => ({ region: location, type, urn });

const readable = <T extends Values>(inputs: T, type: ResourceType): T =>
  Object.fromEntries(Object.entries(inputs).filter(([property]) => !isWriteOnly(property, type))) as T;

const sealed = ({ id: _, ...outputs }: Properties, inputs: Values): Values => sealAllLike(outputs, inputs);

/** Only what the program gave, with today's values: so that drift shows and nothing is adopted. */
function refreshed(inputs: Values, outputs: Properties, normalise: Normalise): Values {
  const today = Object.entries(inputs).map(([property, value]): [string, Value] => {
    const now = outputs[property];
    const stays = now === undefined || equivalent(property, now, value, normalise);
    return [property, stays ? value : fromJson(now)];
  });
  return sealAllLike(Object.fromEntries(today), inputs);
}

function imported(type: ResourceType, outputs: Properties): Values {
  const given = Object.entries(outputs).filter(
    ([property]) => (type.properties.get(property)?.role ?? "output") !== "output",
  );
  return { ...Object.fromEntries(given), [DEFAULTS]: [] };
}
