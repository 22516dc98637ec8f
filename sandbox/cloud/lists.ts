/** Lists in a resource's properties; what is no list is an empty one. */
import type { Json, Properties } from "./behaviour.ts";
import { isObject } from "./fieldPaths.ts";

export const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** What else is in it is left out. */
export const objects = (value: Json | undefined): readonly Properties[] => list(value).filter(isObject);

/** What else is in it is left out. */
export const strings = (value: Json | undefined): readonly string[] =>
  list(value).filter((item) => typeof item === "string");
