/** What the Terraform bridge does to inputs before anything else: names, default tags, and refusals. Pure. */
import { createHash } from "node:crypto";
import type { ResourceType } from "../catalog/catalog.ts";
import type { CheckRequest, CheckResult, Failure } from "../protocol/provider.ts";
import { isRecord, type Value, type Values } from "../protocol/value.ts";

/** Names the properties that `check` filled in; the bridge keeps it among the inputs and so do we. */
export const DEFAULTS = "__defaults";

const defaultsOf = (inputs: Values): readonly Value[] => {
  const names = inputs[DEFAULTS];
  return Array.isArray(names) ? names : [];
};

/** Whether the bridge chose the name, so that old and new may exist side by side. */
export const isAutonamed = (inputs: Values, property: string): boolean =>
  defaultsOf(inputs).includes(property);

export interface Naming {
  readonly property: string;
  readonly maximum: number;
}

/** As the bridge: the resource's name, cut to fit, and seven hex digits drawn from the seed that the engine gives. */
function suffixed({ name, randomSeed }: CheckRequest, maximum: number): string {
  const digits = createHash("sha256").update(randomSeed).digest("hex").slice(0, 7);
  return `${name.slice(0, maximum - digits.length - 1)}-${digits}`;
}

function autoname(request: CheckRequest, { property, maximum }: Naming): Value | Failure {
  const { olds, autonaming } = request;
  const previous = olds[property];
  if (previous !== undefined && isAutonamed(olds, property)) return previous;
  if (autonaming === undefined) return suffixed(request, maximum);
  if (autonaming.mode !== "disable") return autonaming.proposedName;
  return { property, reason: "automatic naming is disabled and no name is given" };
}

const isFailure = (value: Value | Failure): value is Failure => isRecord(value as Value);

export interface CheckRules {
  readonly type: ResourceType;
  /** The property that gets a name when the program gives none. */
  readonly named: Naming | undefined;
  readonly defaultTags: Values;
}

export function check(request: CheckRequest, { type, named, defaultTags }: CheckRules): CheckResult {
  const { news } = request;
  const failures: Failure[] = [];
  const given = Object.keys(news).filter((property) => property !== DEFAULTS);
  for (const property of given) {
    const known = type.properties.get(property);
    if (known === undefined || known.role === "output") {
      failures.push({ property, reason: `${request.type} has no input ${property}` });
    } else if (known.rule === "unclassified") {
      failures.push({
        property,
        reason:
          `the sandbox does not know whether a change of ${property} replaces ${request.type}: ` +
          "look it up and add it to sandbox/providers/catalog/overrides.ts",
      });
    }
  }
  for (const [property, { role }] of type.properties) {
    if (role === "required" && news[property] === undefined && property !== named?.property) {
      failures.push({ property, reason: `missing required property '${property}'` });
    }
  }
  const inputs: Record<string, Value> = { ...news };
  const defaults: string[] = [];
  const property = named?.property ?? "";
  if (named !== undefined && news[property] === undefined && news[`${property}Prefix`] === undefined) {
    const name = autoname(request, named);
    if (isFailure(name)) failures.push(name);
    else {
      inputs[property] = name;
      defaults.push(property);
    }
  }
  if (type.properties.has("tagsAll") && Object.keys(defaultTags).length > 0) {
    inputs["tags"] = { ...defaultTags, ...(isRecord(news["tags"]) ? news["tags"] : {}) };
  }
  inputs[DEFAULTS] = defaults;
  return { inputs, failures };
}
