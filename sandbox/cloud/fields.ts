/**
 * Server-side apply on plain Kubernetes objects: who owns which field, kept in `metadata.managedFields` as the API
 * server keeps it. Lists whose elements all have a `name` merge by it, other lists are atomic (the real server
 * knows the key from the OpenAPI schema; for the kinds used here the two agree).
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
import type { Json, Properties } from "./behaviour.ts";

type Segment = `f:${string}` | `k:${string}` | ".";
type Leaves = Map<string, Json>;

interface Entry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource?: string;
  readonly apiVersion: string;
  readonly fields: ReadonlySet<string>;
}

/** The API server's answer 409 to an apply that would change what others own. */
export class FieldConflictError extends Error {
  override readonly name = "FieldConflictError";
  readonly fields: readonly string[];

  constructor(conflicts: readonly { field: string; owner: string }[]) {
    const owners = Map.groupBy(conflicts, ({ owner }) => owner);
    const parts = [...owners].map(
      ([owner, of]) => `conflict with ${owner}: ${of.map(({ field }) => field).join(", ")}`,
    );
    const plural = conflicts.length === 1 ? "conflict" : "conflicts";
    super(`Apply failed with ${conflicts.length} ${plural}: ${parts.join("; ")}`);
    this.fields = conflicts.map(({ field }) => field);
  }
}

export const isObject = (value: Json | undefined): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNamedList = (value: Json | undefined): value is readonly (Properties & { name: string })[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((element) => isObject(element) && typeof element["name"] === "string");

const elementSegment = (name: string): Segment => `k:${JSON.stringify({ name })}`;
const encode = (path: readonly Segment[]): string => JSON.stringify(path);
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

function leavesOf(object: Properties): Leaves {
  const spec = Object.entries(object).filter(([key]) => !UNOWNED.has(key) && key !== "metadata");
  const metadata = isObject(object["metadata"]) ? Object.entries(object["metadata"]) : [];
  const owned = metadata.filter(([key]) => !UNOWNED_METADATA.has(key));
  const leaves = collect(Object.fromEntries(spec), [], new Map());
  leaves.delete(encode([]));
  return owned.length > 0 ? collect(Object.fromEntries(owned), ["f:metadata"], leaves) : leaves;
}

function toTree(fields: ReadonlySet<string>): Properties {
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

function fromTree(
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

function entriesOf(live: Properties): Entry[] {
  const metadata = live["metadata"];
  const managed =
    isObject(metadata) && Array.isArray(metadata["managedFields"]) ? metadata["managedFields"] : [];
  return managed.filter(isObject).map((entry) => ({
    manager: String(entry["manager"]),
    operation: entry["operation"] === "Apply" ? "Apply" : "Update",
    ...(typeof entry["subresource"] === "string" && { subresource: entry["subresource"] }),
    apiVersion: String(entry["apiVersion"]),
    fields: fromTree(entry["fieldsV1"]),
  }));
}

function withEntries(object: Properties, entries: readonly Entry[]): Properties {
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  const managedFields = entries
    .filter(({ fields }) => fields.size > 0)
    .map(({ fields, ...entry }) => ({ ...entry, fieldsType: "FieldsV1", fieldsV1: toTree(fields) }));
  return { ...object, metadata: { ...metadata, managedFields } };
}

function setAt(value: Json | undefined, path: readonly Segment[], leaf: Json | undefined): Json | undefined {
  const [segment, ...rest] = path;
  if (segment === undefined) return leaf;
  if (segment === ".") return leaf === undefined ? undefined : value;
  if (segment.startsWith("k:")) {
    const { name } = JSON.parse(segment.slice(2)) as { name: string };
    const list = isNamedList(value) ? value : [];
    const before = list.find((element) => element.name === name);
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

const set = (object: Properties, key: string, leaf: Json | undefined): Properties =>
  setAt(object, decode(key), leaf) as Properties;

const display = (key: string): string =>
  decode(key)
    .filter((segment) => segment !== ".")
    .map((segment) =>
      segment.startsWith("k:") ? `[${segment.slice(3, -1).replace(":", "=")}]` : `.${segment.slice(2)}`,
    )
    .join("");

const owner = ({ manager, subresource, operation, apiVersion }: Entry): string =>
  `"${manager}"${subresource ? ` with subresource "${subresource}"` : ""}${operation === "Update" ? ` using ${apiVersion}` : ""}`;

const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A field that nobody sets takes the API's default: here the one that turns an omission into an outage. */
function withDefaults(object: Properties): Properties {
  const scalable = ["Deployment", "StatefulSet", "ReplicaSet"].includes(String(object["kind"]));
  const spec = isObject(object["spec"]) ? object["spec"] : {};
  return scalable && spec["replicas"] === undefined ? { ...object, spec: { ...spec, replicas: 1 } } : object;
}

/**
 * What an apply of `intent` by `manager` makes of the live object (undefined: it does not exist yet). Fields that
 * `manager` alone owned and left out are removed, then defaulted. Throws `FieldConflictError` unless `force`.
 */
export function serverSideApply(
  live: Properties | undefined,
  intent: Properties,
  manager: string,
  force: boolean,
): Properties {
  const wanted = leavesOf(intent);
  const current = live === undefined ? new Map<string, Json>() : leavesOf(live);
  const entries = live === undefined ? [] : entriesOf(live);
  const isMine = (entry: Entry) => entry.manager === manager && entry.operation === "Apply";
  const others = entries.filter((entry) => !isMine(entry));

  const contested = [...wanted].flatMap(([key, value]) =>
    !current.has(key) || same(current.get(key), value)
      ? []
      : others.filter(({ fields }) => fields.has(key)).map((entry) => ({ key, entry })),
  );
  if (contested.length > 0 && !force) {
    throw new FieldConflictError(
      contested.map(({ key, entry }) => ({ field: display(key), owner: owner(entry) })),
    );
  }
  const taken = new Set(contested.map(({ key }) => key));
  const remaining = others.map((entry) => ({ ...entry, fields: entry.fields.difference(taken) }));

  const abandoned = entries
    .filter(isMine)
    .flatMap(({ fields }) => [...fields])
    .filter((key) => !wanted.has(key) && !remaining.some(({ fields }) => fields.has(key)));
  let object: Properties = live ?? { apiVersion: intent["apiVersion"] ?? null, kind: intent["kind"] ?? null };
  if (live === undefined) object = { ...object, metadata: identityOf(intent) };
  for (const key of abandoned) object = set(object, key, undefined);
  for (const [key, value] of wanted) object = set(object, key, value);
  const mine: Entry = {
    manager,
    operation: "Apply",
    apiVersion: String(intent["apiVersion"]),
    fields: new Set(wanted.keys()),
  };
  return withEntries(withDefaults(object), [...remaining, mine]);
}

function identityOf(intent: Properties): Properties {
  const metadata = isObject(intent["metadata"]) ? intent["metadata"] : {};
  return Object.fromEntries(
    ["name", "namespace"].flatMap((k) => (metadata[k] === undefined ? [] : [[k, metadata[k]]])),
  );
}

/**
 * What a plain write (the autoscaler through `scale`, kubectl edit, a PATCH that is no apply) makes of the live
 * object: `manager` becomes the only owner of each field whose value it changed.
 */
export function plainUpdate(
  live: Properties,
  next: Properties,
  manager: string,
  subresource?: string,
): Properties {
  const before = leavesOf(live);
  const after = leavesOf(next);
  const changed = new Set(
    [...after].filter(([key, value]) => !same(before.get(key), value)).map(([key]) => key),
  );
  const gone = new Set([...before.keys()].filter((key) => !after.has(key)));
  const touched = changed.union(gone);
  if (touched.size === 0) return next;
  const isMine = (entry: Entry) =>
    entry.manager === manager && entry.operation === "Update" && entry.subresource === subresource;
  const entries = entriesOf(live);
  const mine: Entry = {
    manager,
    operation: "Update",
    ...(subresource !== undefined && { subresource }),
    apiVersion: String(live["apiVersion"]),
    fields: (entries.find(isMine)?.fields ?? new Set<string>()).difference(gone).union(changed),
  };
  const others = entries.filter((entry) => !isMine(entry));
  return withEntries(next, [
    ...others.map((entry) => ({ ...entry, fields: entry.fields.difference(touched) })),
    mine,
  ]);
}

/** Whether `manager` (by apply), anyone else, or both own the field or part of it; `path` like `["spec", "replicas"]`. */
export function ownership(
  live: Properties,
  path: readonly string[],
  manager: string,
): { ours: boolean; theirs: boolean } {
  const prefix = encode(path.map((key): Segment => `f:${key}`)).slice(0, -1);
  const owns = ({ fields }: Entry) =>
    [...fields].some((key) => key === `${prefix}]` || key.startsWith(`${prefix},`));
  const entries = entriesOf(live);
  return {
    ours: entries.some((entry) => entry.manager === manager && owns(entry)),
    theirs: entries.some((entry) => entry.manager !== manager && owns(entry)),
  };
}
