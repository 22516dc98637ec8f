/**
 * Places in Kubernetes objects as the API server writes them in `managedFields`. Lists whose elements all have a `name`
 * merge by it, other lists are atomic (the real server knows the key from the OpenAPI schema; for the kinds
 * used here the two agree).
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 */
import type { Json, Properties } from "./behaviour.ts";

export type Segment = `f:${string}` | `k:${string}` | ".";
/** Values by encoded path. */
export type Leaves = Map<string, Json>;

export const isObject = (value: Json | undefined): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNamedList = (value: Json | undefined): value is readonly (Properties & { name: string })[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((element) => isObject(element) && typeof element["name"] === "string");

const elementSegment = (name: string): Segment => `k:${JSON.stringify({ name })}`;
export const encode = (path: readonly Segment[]): string => JSON.stringify(path);
const decode = (key: string): Segment[] => JSON.parse(key) as Segment[];

function collect(value: Json, path: readonly Segment[], into: Leaves): Leaves {
  if (isObject(value) && Object.keys(value).length > 0) {
    for (const [key, child] of Object.entries(value)) collect(child, [...path, `f:${key}`], into);
  } else if (isNamedList(value)) {
    for (const element of value) {
      into.set(encode([...path, elementSegment(element.name), "."]), null);
      collect(element, [...path, elementSegment(element.name)], into);
    }
  } else {
    into.set(encode(path), value);
  }
  return into;
}

const UNOWNED = new Set(["apiVersion", "kind", "status"]);
const UNOWNED_METADATA = new Set([
  "name",
  "namespace",
  "managedFields",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
]);

/** Every value that someone may own. */
export function leavesOf(object: Properties): Leaves {
  const spec = Object.entries(object).filter(([key]) => !UNOWNED.has(key) && key !== "metadata");
  const metadata = isObject(object["metadata"]) ? Object.entries(object["metadata"]) : [];
  const owned = metadata.filter(([key]) => !UNOWNED_METADATA.has(key));
  const leaves = collect(Object.fromEntries(spec), [], new Map());
  leaves.delete(encode([]));
  return owned.length > 0 ? collect(Object.fromEntries(owned), ["f:metadata"], leaves) : leaves;
}

/** `{"f:spec": {"f:replicas": {}}}` */
export function toTree(fields: ReadonlySet<string>): Properties {
  const root: Record<string, Json> = {};
  for (const key of fields) {
    let node = root;
    for (const segment of decode(key)) {
      node[segment] ??= {};
      node = node[segment] as Record<string, Json>;
    }
  }
  return root;
}

export function fromTree(
  tree: Json | undefined,
  path: readonly Segment[] = [],
  into = new Set<string>(),
): Set<string> {
  if (!isObject(tree)) return into;
  const children = Object.entries(tree);
  if (children.length === 0 && path.length > 0) into.add(encode(path));
  for (const [segment, child] of children) fromTree(child, [...path, segment as Segment], into);
  return into;
}

function setAt(value: Json | undefined, path: readonly Segment[], leaf: Json | undefined): Json | undefined {
  const [segment, ...rest] = path;
  if (segment === undefined) return leaf;
  if (segment === ".") return leaf === undefined ? undefined : value;
  if (segment.startsWith("k:")) {
    const name = nameIn(segment);
    const list = isNamedList(value) ? value : [];
    const before = list.find((element) => element.name === name);
    if (before === undefined && leaf === undefined) return value;
    const after = setAt(before ?? { name }, rest, leaf);
    if (before === undefined) return after === undefined ? list : [...list, after];
    return list.flatMap((element) =>
      element.name !== name ? [element] : after === undefined ? [] : [after],
    );
  }
  const key = segment.slice(2);
  const object = isObject(value) ? value : {};
  const { [key]: before, ...others } = object;
  const after = setAt(before, rest, leaf);
  if (after === undefined) return others;
  return before === undefined ? { ...others, [key]: after } : { ...object, [key]: after };
}

/** `object` with that value at that place; undefined removes it. */
export const set = (object: Properties, key: string, leaf: Json | undefined): Properties =>
  setAt(object, decode(key), leaf) as Properties;

const nameIn = (segment: Segment): string => (JSON.parse(segment.slice(2)) as { name: string }).name;

/** `.spec.containers[name="gateway"].image` */
export const display = (key: string): string =>
  decode(key)
    .filter((segment) => segment !== ".")
    .map((segment) =>
      segment.startsWith("k:") ? `[name=${JSON.stringify(nameIn(segment))}]` : `.${segment.slice(2)}`,
    )
    .join("");
