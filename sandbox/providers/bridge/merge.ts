/** Puts what the cloud fills in where the program says nothing. Pure. */
import type { ResourceType } from "../catalog/catalog.ts";
import { isRecord, Secret, UNKNOWN, type Value, type Values } from "../protocol/value.ts";

const inner = (value: Value | undefined): Value | undefined =>
  value instanceof Secret ? inner(value.value) : value;

function partOf(known: Value | undefined, key: string | number): Value | undefined {
  const value = inner(known);
  if (value === UNKNOWN) return UNKNOWN;
  if (Array.isArray(value) && typeof key === "number") return value[key] as Value | undefined;
  return isRecord(value) ? value[String(key)] : undefined;
}

/** `path` goes into every element of the lists on its way. */
function fillIn(wanted: Value, known: Value | undefined, path: readonly string[]): Value {
  const [key, ...rest] = path;
  if (key === undefined || known === undefined) return wanted;
  if (wanted instanceof Secret) return new Secret(fillIn(wanted.value, inner(known), path));
  if (Array.isArray(wanted)) {
    return wanted.map((element: Value, i) => fillIn(element, partOf(known, i), path));
  }
  if (!isRecord(wanted)) return wanted;
  const [now, before] = [wanted[key], partOf(known, key)];
  if (now !== undefined) return { ...wanted, [key]: fillIn(now, before, rest) };
  return rest.length === 0 && before !== undefined ? { ...wanted, [key]: before } : wanted;
}

/**
 * `wanted`, completed with what `known` has for the properties, and the parts of properties, that the cloud fills in.
 * `UNKNOWN` as `known`: nothing is known yet.
 */
export function complete(type: ResourceType, wanted: Values, known: Values | typeof UNKNOWN): Values {
  const filledIn = [...type.properties].flatMap(([property, { role }]) =>
    role === "output" || role === "computed" ? [property] : [],
  );
  return [...filledIn, ...type.filledIn].reduce<Value>(
    (value, path) => fillIn(value, known, path.split(".")),
    wanted,
  ) as Values;
}
