/**
 * How the Terraform bridge finds changes: the state's *outputs* against the new inputs, so that drift shows.
 * https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfbridge/provider.go (`Diff`)
 */
import type { ResourceType, Rule } from "../catalog/catalog.ts";
import { covers, type Difference, differences, parsePath, renderPath, valueAt } from "../diff.ts";
import type { DiffRequest, DiffResult } from "../protocol/provider.ts";
import { DEFAULTS, isAutonamed } from "./check.ts";
import { equivalent, type Normalise } from "./equivalence.ts";

/** Given to the cloud and never given back: neither state nor diffs hold it, its `…Version` tells of a change. */
export const isWriteOnly = (property: string, { properties }: ResourceType): boolean =>
  property.endsWith("Wo") && properties.has(`${property}Version`);

/** A part that the cloud fills in is not missed when the program stops saying it. */
const isFilledIn = ({ path, kind }: Difference, { filledIn }: ResourceType): boolean =>
  kind === "delete" && filledIn.includes(path.filter((part) => typeof part === "string").join("."));

function changesOf(property: string, request: DiffRequest, { type, normalise }: DiffRules): Difference[] {
  const { olds, news } = request;
  const [before, after] = [olds[property], news[property]];
  if (isWriteOnly(property, type)) return [];
  if (after === undefined && type.properties.get(property)?.role !== "optional") return [];
  if (equivalent(property, before, after, normalise)) return [];
  return differences(before, after, [property]).filter(
    (difference) =>
      !isFilledIn(difference, type) &&
      !equivalent(property, valueAt(olds, difference.path), valueAt(news, difference.path), normalise),
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
  readonly normalise: Normalise;
}

export function diff(request: DiffRequest, rules: DiffRules): DiffResult {
  const { type, named } = rules;
  const ignored = request.ignoreChanges.map(parsePath);
  const changes = [...type.properties.keys()]
    .filter((property) => property !== DEFAULTS && type.properties.get(property)?.role !== "output")
    .flatMap((property) => changesOf(property, request, rules))
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
