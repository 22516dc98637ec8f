/**
 * How the Terraform bridge finds changes: the state's *outputs* against the new inputs, so that drift shows.
 * https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfbridge/provider.go (`Diff`)
 */
import type { ResourceType, Rule } from "../catalog/catalog.ts";
import { covers, type Difference, differences, parsePath, renderPath, valueAt } from "../diff.ts";
import type { DiffRequest, DiffResult } from "../protocol/provider.ts";
import { equal, isRecord, unwrap, type Value } from "../protocol/value.ts";
import { DEFAULTS, isAutonamed } from "./check.ts";

/** Terraform does not tell an absent value from an empty one. */
export const isEmpty = (value: Value | undefined): boolean => {
  const plain = unwrap(value ?? null);
  if (plain === null || plain === "" || plain === false || plain === 0) return true;
  if (Array.isArray(plain)) return plain.length === 0;
  return isRecord(plain) && Object.keys(plain).length === 0;
};

/** Given to the cloud and never given back: neither state nor diffs hold it, its `…Version` tells of a change. */
export const isWriteOnly = (property: string, { properties }: ResourceType): boolean =>
  property.endsWith("Wo") && properties.has(`${property}Version`);

const sorted = (list: readonly Value[]): Value[] =>
  list.toSorted((a, b) => (JSON.stringify(unwrap(a)) < JSON.stringify(unwrap(b)) ? -1 : 1));

const isScalarList = (value: Value | undefined): value is readonly Value[] =>
  Array.isArray(value) && value.every((element) => typeof unwrap(element) !== "object");

/** Lists of ids and names are Terraform sets: their order says nothing. */
const sameSet = (a: Value | undefined, b: Value | undefined): boolean =>
  isScalarList(a) && isScalarList(b) && equal(sorted(a), sorted(b));

/** A part that the cloud fills in is not missed when the program stops saying it. */
const isFilledIn = ({ path, kind }: Difference, { filledIn }: ResourceType): boolean =>
  kind === "delete" && filledIn.includes(path.filter((part) => typeof part === "string").join("."));

function changesOf(property: string, type: ResourceType, request: DiffRequest): Difference[] {
  const { olds, news } = request;
  const before = olds[property];
  const after = news[property];
  if (isWriteOnly(property, type)) return [];
  if (after === undefined && type.properties.get(property)?.role !== "optional") return [];
  if (isEmpty(before) && isEmpty(after)) return [];
  if (sameSet(before, after)) return [];
  return differences(before, after, [property]).filter(
    (difference) =>
      !isFilledIn(difference, type) &&
      !(isEmpty(valueAt(olds, difference.path)) && isEmpty(valueAt(news, difference.path))) &&
      !sameSet(valueAt(olds, difference.path), valueAt(news, difference.path)),
  );
}

function ruleOf({ path }: Difference, type: ResourceType): Rule {
  const names = path.filter((part) => typeof part === "string");
  for (let length = names.length; length > 1; length--) {
    const rule = type.parts.get(names.slice(0, length).join("."));
    if (rule !== undefined) return rule;
  }
  return type.properties.get(names[0] ?? "")?.rule ?? "update";
}

export interface DiffRules {
  readonly type: ResourceType;
  /** The property that the bridge names when the program does not. */
  readonly named: string | undefined;
}

export function diff(request: DiffRequest, { type, named }: DiffRules): DiffResult {
  const ignored = request.ignoreChanges.map(parsePath);
  const changes = [...type.properties.keys()]
    .filter((property) => property !== DEFAULTS && type.properties.get(property)?.role !== "output")
    .flatMap((property) => changesOf(property, type, request))
    .filter(({ path }) => !ignored.some((pattern) => covers(pattern, path)))
    .map((difference) => ({
      path: renderPath(difference.path),
      kind: difference.kind,
      replaces: ruleOf(difference, type) === "replace",
      property: String(difference.path[0]),
    }));
  const replaced = new Set(changes.filter(({ replaces }) => replaces).map(({ property }) => property));
  return {
    changes: changes.map(({ property: _, ...change }) => change),
    stables: [...type.properties].flatMap(([property, { rule }]) =>
      rule === "replace" && !replaced.has(property) ? [property] : [],
    ),
    // A name that the program gave cannot be had twice.
    deleteBeforeReplace:
      named !== undefined && request.news[named] !== undefined && !isAutonamed(request.news, named),
  };
}
