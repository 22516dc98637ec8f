/** Property values as the engine sends them: JSON with two additions, values not known yet and secrets. */
import type { Json, Properties } from "../../cloud/behaviour.ts";

/** Stands for what only the real operation will tell; there is one instance. */
class Unknown {
  readonly unknown = true;
}
export const UNKNOWN = new Unknown();

export class Secret {
  readonly value: Value;
  constructor(value: Value) {
    this.value = value;
  }
}

export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [key: string]: Value }
  | Unknown
  | Secret;
export type Values = { readonly [key: string]: Value };

export const isRecord = (value: Value | undefined): value is Values =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Unknown) &&
  !(value instanceof Secret);

const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

/** Without secrets' wrapping, at every depth. */
export function unwrap(value: Value): Value {
  if (value instanceof Secret) return unwrap(value.value);
  if (isList(value)) return value.map(unwrap);
  return isRecord(value) ? unwrapAll(value) : value;
}

export const unwrapAll = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, unwrap(value)]));

export function hasUnknown(value: Value): boolean {
  if (value instanceof Unknown) return true;
  if (value instanceof Secret) return hasUnknown(value.value);
  if (isList(value)) return value.some(hasUnknown);
  return isRecord(value) && Object.values(value).some(hasUnknown);
}

/** Plain JSON for those who act. Throws on what is unknown: nothing acts on guesses. */
export function toProperties(values: Values): Properties {
  const plain = unwrapAll(values);
  const unknown = Object.keys(plain).filter((key) => hasUnknown(plain[key] ?? null));
  if (unknown.length > 0) throw new Error(`not known yet: ${unknown.join(", ")}`);
  return plain as Properties;
}

/** Makes secret in `plain` what is secret at the same place in `pattern`, so that outputs never leak inputs. */
export function sealLike(plain: Value, pattern: Value | undefined): Value {
  if (plain instanceof Secret || pattern === undefined) return plain;
  if (pattern instanceof Secret) return new Secret(plain);
  if (isList(plain) && isList(pattern)) return plain.map((value, i) => sealLike(value, pattern[i]));
  return isRecord(plain) && isRecord(pattern) ? sealAllLike(plain, pattern) : plain;
}

export const sealAllLike = (plain: Values, pattern: Values): Values =>
  Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, sealLike(value, pattern[key])]));

/** Equal as values, secrets compared by content; an absent property equals null, and nothing equals an unknown. */
export function equal(a: Value | undefined, b: Value | undefined): boolean {
  const left = unwrap(a ?? null);
  const right = unwrap(b ?? null);
  if (left instanceof Unknown || right instanceof Unknown) return false;
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((value, i) => equal(value, right[i]));
  }
  if (isRecord(left) && isRecord(right)) {
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    return [...keys].every((key) => equal(left[key], right[key]));
  }
  return left === right;
}

export const fromJson = (value: Json): Value => value;
