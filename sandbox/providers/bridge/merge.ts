/** Puts what the program says over what the cloud said, at every depth. Pure. */
import { isRecord, Secret, type Value, type Values } from "../protocol/value.ts";

const inner = (value: Value | undefined): Value | undefined =>
  value instanceof Secret ? inner(value.value) : value;

/**
 * `wanted`, with the parts of `known` that the cloud had added by itself: those that are neither in `wanted` nor in
 * `asked`, what the program had said before.
 */
export function overlay(known: Values, wanted: Values, asked: Values = {}): Values {
  const added = Object.entries(known).filter(
    ([key]) => wanted[key] === undefined && asked[key] === undefined,
  );
  const given = Object.entries(wanted).map(([key, value]): [string, Value] => {
    const before = inner(known[key]);
    const now = inner(value);
    if (!isRecord(before) || !isRecord(now)) return [key, value];
    const previously = inner(asked[key]);
    const merged = overlay(before, now, isRecord(previously) ? previously : {});
    return [key, value instanceof Secret ? new Secret(merged) : merged];
  });
  return Object.fromEntries([...added, ...given]);
}
