/**
 * A resource as the rules see it: plain values, and `UNKNOWN` where only the update will tell. That it is unknown
 * is an answer of its own: a rule that needs such a value says so instead of passing.
 */

export const UNKNOWN: unique symbol = Symbol("known only after the update");
export type Unknown = typeof UNKNOWN;

export interface Seen {
  readonly urn: string;
  /** E.g. `aws:rds/cluster:Cluster`. */
  readonly type: string;
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
  readonly ignoreChanges: readonly string[];
  /** Where it lives: its own `region`, else its provider's; undefined when nothing says. */
  readonly region: string | Unknown | undefined;
  /** URNs that a property's value comes from, by top-level property. */
  readonly needs: Readonly<Record<string, readonly string[]>>;
}

/** A property or a path below one, checked against the resource's own arguments. */
export type PathOf<Args> = Extract<keyof Args, string> | `${Extract<keyof Args, string>}.${string}`;

/** The value at a path such as `rules.0.bucketKeyEnabled`; everything below an unknown is unknown. */
export function at<Args>(resource: Pick<Seen, "props">, path: PathOf<Args>): unknown {
  return path.split(".").reduce<unknown>(step, resource.props);
}

export const step = (value: unknown, key: string): unknown =>
  value === UNKNOWN ? UNKNOWN : (value as Readonly<Record<string, unknown>> | null | undefined)?.[key];

/** The elements of a list at a path: none when it is not there, `UNKNOWN` when it cannot be seen. */
export function listAt<Args>(
  resource: Pick<Seen, "props">,
  path: PathOf<Args>,
): readonly unknown[] | Unknown {
  const value = at<Args>(resource, path);
  if (value === UNKNOWN) return UNKNOWN;
  return Array.isArray(value) ? value : [];
}

export const ofType = (resources: readonly Seen[], ...types: readonly string[]): readonly Seen[] =>
  resources.filter(({ type }) => types.includes(type));

/** Whether `property` of a resource names `other`: it comes from it, or is the same text as one of `names`. */
export function refersTo(
  resource: Seen,
  property: string,
  other: Seen,
  names: readonly string[] = [],
): boolean {
  if (resource.needs[property]?.includes(other.urn)) return true;
  const value = resource.props[property];
  return typeof value === "string" && names.some((name) => other.props[name] === value);
}
