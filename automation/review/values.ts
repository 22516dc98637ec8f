/** Property values: found by path, compared, and shown short. */
import { UNKNOWN } from "./preview.ts";

/** The parts of a property path as Pulumi writes them, in which `[]` stands for every element. */
export const partsOf = (path: string): readonly string[] => path.split(/\.|(?=\[\])/);

/** Values by their concrete paths. */
export function valuesAt(value: unknown, parts: readonly string[]): ReadonlyMap<string, unknown> {
  let level = new Map<string, unknown>([["", value]]);
  for (const part of parts) {
    const next = new Map<string, unknown>();
    for (const [at, inner] of level) {
      if (part === "[]") {
        for (const [index, element] of Array.isArray(inner) ? inner.entries() : []) {
          next.set(`${at}[${index}]`, element);
        }
      } else if (isObject(inner)) {
        next.set(at === "" ? part : `${at}.${part}`, inner[part]);
      }
    }
    level = next;
  }
  return level;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isOn = (value: unknown): boolean => value === true || value === "true" || value === "Enabled";
export const isKnown = (value: unknown): boolean => value !== UNKNOWN;

/** A value at a concrete path, such as `replicas[0].regionName`. */
export function valueAt(value: unknown, path: string): unknown {
  let inner = value;
  for (const [, key, index, quoted] of path.matchAll(/([^.[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/g)) {
    if (typeof inner !== "object" || inner === null) return undefined;
    inner = (inner as Readonly<Record<string, unknown>>)[key ?? index ?? quoted ?? ""];
  }
  return inner;
}

/** The elements of one list that the other has not. */
export function missing(from: unknown, without: unknown): readonly unknown[] {
  if (!Array.isArray(from)) return [];
  const others = new Set((Array.isArray(without) ? without : []).map((element) => JSON.stringify(element)));
  return from.filter((element) => !others.has(JSON.stringify(element)));
}

/** What names an element of a list, so that one that merely changed is not taken for one that is gone. */
export const identities = (list: unknown): unknown =>
  Array.isArray(list)
    ? list.map((element) =>
        isObject(element)
          ? (element["regionName"] ?? element["region"] ?? element["ruleName"] ?? element["name"] ?? element)
          : element,
      )
    : list;

const LONGEST = 80;

/** For a person, on one line. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (value === "") return '""';
  const text = (JSON.stringify(value) ?? "nothing").replaceAll(`"${UNKNOWN}"`, "(known after the update)");
  return shortened(text, LONGEST);
}

/** Keeps both ends: what tells two long names apart is often at the end. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 1) / 3);
  return `${text.slice(0, length - 1 - tail)}…${text.slice(text.length - tail)}`;
}

export const changeOf = (path: string, before: unknown, after: unknown): string =>
  `${path}: ${shown(before)} → ${shown(after)}`;
