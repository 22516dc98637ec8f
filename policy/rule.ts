/** A rule is a value with a pure function in it: resources in, findings out. Its message says what to change. */
import { at, type PathOf, type Seen, UNKNOWN } from "./seen.ts";

export interface Finding {
  readonly urn: string;
  /** What to change, or with `unknown` which value cannot be seen yet. */
  readonly message: string;
  /** The rule could not decide; the update decides. */
  readonly unknown: boolean;
}

interface Common {
  /** Published: what `--policy-pack-config` and people name it by. */
  readonly name: string;
  readonly description: string;
}
/** Judged by itself, also during an update and before it is made. */
export interface ResourceRule extends Common {
  readonly of: "resource";
  readonly check: (resource: Seen) => readonly Finding[];
}
/** Judged at the end of a preview, when every resource is known of. */
export interface StackRule extends Common {
  readonly of: "stack";
  readonly check: (resources: readonly Seen[]) => readonly Finding[];
}
export type Rule = ResourceRule | StackRule;

export const violation = ({ urn, name }: Seen, what: string): Finding => ({
  urn,
  message: `${name}: ${what}`,
  unknown: false,
});
export const undecided = ({ urn, name }: Seen, what: string): Finding => ({
  urn,
  message: `${name}: ${what} is known only after the update`,
  unknown: true,
});

/** One value of one resource: fine, a violation with what to change, or unknown. */
export function must<Args>(
  resource: Seen,
  path: PathOf<Args>,
  holds: (value: unknown) => boolean,
  what: string,
): readonly Finding[] {
  const value = at<Args>(resource, path);
  if (value === UNKNOWN) return [undecided(resource, path)];
  return holds(value) ? [] : [violation(resource, what)];
}

export const isTrue = (value: unknown): boolean => value === true;
export const isNotTrue = (value: unknown): boolean => value !== true;
