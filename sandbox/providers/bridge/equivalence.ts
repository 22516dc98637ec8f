/** What Terraform's providers take for the same although it is written differently. Pure. */
import { isDeepStrictEqual } from "node:util";
import { equal, isRecord, unwrap, type Value } from "../protocol/value.ts";

/** Terraform does not tell an absent value from an empty one. */
export function isEmpty(value: Value | undefined): boolean {
  const plain = unwrap(value ?? null);
  if (plain === null || plain === "" || plain === false || plain === 0) return true;
  if (Array.isArray(plain)) return plain.length === 0;
  return isRecord(plain) && Object.keys(plain).length === 0;
}

const isScalarList = (value: Value): value is readonly Value[] =>
  Array.isArray(value) && value.every((element) => typeof element !== "object");

const sorted = (list: readonly Value[]): Value[] =>
  list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** IAM policies, items and dashboards are JSON in strings, and compare as what they say. */
function document(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Brings a property's text into the form in which the cloud gives it back. */
export type Normalise = (property: string, text: string) => string;

export function equivalent(
  property: string,
  before: Value | undefined,
  after: Value | undefined,
  normalise: Normalise,
): boolean {
  const [a, b] = [unwrap(before ?? null), unwrap(after ?? null)];
  if (isEmpty(a) && isEmpty(b)) return true;
  // Lists of ids and names are sets: their order says nothing.
  if (isScalarList(a) && isScalarList(b)) return equal(sorted(a), sorted(b));
  if (typeof a !== "string" || typeof b !== "string") return equal(a, b);
  if (a === b || normalise(property, a) === normalise(property, b)) return true;
  const [one, other] = [document(a), document(b)];
  return one !== undefined && isDeepStrictEqual(one, other);
}
