/** A stack's resource graph as text, one resource per line, for people to review. */
import type { Graph, Registration } from "./graph.ts";

const label = (type: string, name: string): string =>
  `${type.replace("trading-platform:components:", "").replace(/^(\w+):[\w./]+:/, "$1:")} ${name}`;

/** `urn:pulumi:dr::project::parent$type::name` */
function labelOf(urn: string): string {
  const [type = "", name = ""] = urn.split("::").slice(2);
  return label(type.split("$").at(-1) ?? "", name);
}

/** Indented below its component; then protection, ignored changes, and what it waits for besides its component. */
function line(resource: Registration, depth: number): string {
  const { type, name, protect, ignoreChanges, dependsOn, parent } = resource;
  const waits = dependsOn
    .filter((urn) => urn !== parent)
    .map(labelOf)
    .toSorted();
  return [
    "  ".repeat(depth) + label(type, name),
    ...(protect ? ["protected"] : []),
    ...(ignoreChanges.length > 0 ? [`ignores ${ignoreChanges.join(", ")}`] : []),
    ...(waits.length > 0 ? [`after ${[...new Set(waits)].join(", ")}`] : []),
  ].join(" | ");
}

export function render({ resources }: Graph): string {
  const children = Map.groupBy(resources, ({ parent }) => parent);
  const below = (urn: string, depth: number): string[] =>
    (children.get(urn) ?? [])
      .toSorted((a, b) => (a.urn < b.urn ? -1 : 1))
      .flatMap((resource) => [line(resource, depth), ...below(resource.urn, depth + 1)]);
  return `${below("", 0).join("\n")}\n`;
}
