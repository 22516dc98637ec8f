/**
 * Server-side apply on plain Kubernetes objects: who owns which field, kept in `metadata.managedFields` as the API
 * server keeps it.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
import type { Json, Properties } from "./behaviour.ts";
import { display, encode, fromTree, isObject, leavesOf, type Segment, set, toTree } from "./fieldPaths.ts";

export { isObject };

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
