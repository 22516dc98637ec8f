/** Reading structures by dotted paths. */
import type { Json } from "../../cloud/behaviour.ts";
import { isObject } from "../../cloud/fields.ts";

/** Every value at a dotted path; `*` goes into a list. */
export function valuesAt(value: Json | undefined, path: readonly string[]): Json[] {
  const [key, ...rest] = path;
  if (value === undefined || value === null) return [];
  if (key === undefined) return [value];
  if (key === "*")
    return Array.isArray(value) ? value.flatMap((element: Json) => valuesAt(element, rest)) : [];
  return isObject(value) ? valuesAt(value[key], rest) : [];
}
