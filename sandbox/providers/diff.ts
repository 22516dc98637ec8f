/** What differs between two values, as property paths. Pure. */
import type { ChangeKind } from "./protocol/provider.ts";
import { equal, isRecord, Secret, type Value, type Values } from "./protocol/value.ts";

export interface Difference {
  readonly path: readonly (string | number)[];
  readonly kind: ChangeKind;
}

const strip = (value: Value | undefined): Value | undefined =>
  value instanceof Secret ? strip(value.value) : value === null ? undefined : value;

/**
 * The smallest set of paths that turn `before` into `after`. Lists compare element by element; null means absent.
 * What is unknown in `after` counts as different: only the real operation will tell.
 */
export function differences(
  before: Value | undefined,
  after: Value | undefined,
  path: readonly (string | number)[] = [],
): Difference[] {
  const old = strip(before);
  const now = strip(after);
  if (equal(old, now)) return [];
  if (old === undefined) return [{ path, kind: "add" }];
  if (now === undefined) return [{ path, kind: "delete" }];
  if (isRecord(old) && isRecord(now)) {
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort();
    return keys.flatMap((key) => differences(old[key], now[key], [...path, key]));
  }
  if (Array.isArray(old) && Array.isArray(now)) {
    const length = Math.max(old.length, now.length);
    return Array.from({ length }, (_, i) => differences(old[i], now[i], [...path, i])).flat();
  }
  return [{ path, kind: "update" }];
}

/** The engine's notation: `spec.containers[0].env["a.b"]`. */
export const renderPath = (path: readonly (string | number)[]): string =>
  path
    .map((part, i) => {
      if (typeof part === "number") return `[${part}]`;
      if (/^[\w$-]+$/.test(part)) return i === 0 ? part : `.${part}`;
      return `[${JSON.stringify(part)}]`;
    })
    .join("");

/** Reads the engine's notation; `*` stands for any key or index. */
export function parsePath(text: string): (string | number)[] {
  const parts = text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\[\*\]|([^.[\]]+)/g);
  return Array.from(parts, ([whole, quoted, index, plain]) => {
    if (quoted !== undefined) return JSON.parse(`"${quoted}"`) as string;
    if (index !== undefined) return Number(index);
    return whole === "[*]" ? "*" : (plain ?? whole);
  });
}

/** Whether `pattern` (an `ignoreChanges` path) covers `path`: equal to it, or a prefix of it. */
export const covers = (pattern: readonly (string | number)[], path: readonly (string | number)[]): boolean =>
  pattern.length <= path.length &&
  pattern.every((part, i) => part === "*" || String(part) === String(path[i]));

export const valueAt = (values: Values, path: readonly (string | number)[]): Value | undefined =>
  path.reduce<Value | undefined>((value, part) => {
    const inner = strip(value);
    if (Array.isArray(inner) && typeof part === "number") return inner[part] as Value | undefined;
    return isRecord(inner) ? inner[String(part)] : undefined;
  }, values);
