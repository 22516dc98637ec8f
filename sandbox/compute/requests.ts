/** A request to the API server: what it carries, and what a patch in it makes of an object. */
import type { Json, Properties } from "../cloud/behaviour.ts";
import { isObject, plainUpdate, serverSideApply } from "../cloud/fields.ts";

export class ApiError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface Call {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
}

export const APPLY = "application/apply-patch+yaml";

export const listOf = (apiVersion: string, kind: string, items: readonly Properties[]): Properties => ({
  apiVersion,
  kind,
  metadata: {},
  items,
});

/** RFC 7396: null removes, objects merge, everything else replaces. */
function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged = Object.entries(patch).reduce<Record<string, Json>>(
    (into, [key, value]) => {
      if (value === null) delete into[key];
      else into[key] = mergePatch(into[key], value);
      return into;
    },
    isObject(target) ? { ...target } : {},
  );
  return merged;
}

export function parse(body: string): Properties {
  let value: Json;
  try {
    value = JSON.parse(body) as Json;
  } catch (cause) {
    throw new ApiError(400, `error decoding patch: the sandbox takes JSON: ${(cause as Error).message}`);
  }
  if (!isObject(value)) throw new ApiError(400, "error decoding patch: expected an object");
  return value;
}

/** @param live undefined: there is none, which an apply makes */
export function patched(live: Properties | undefined, call: Call): Properties {
  const patch = parse(call.body);
  const manager = call.query.get("fieldManager");
  switch (call.contentType) {
    case APPLY:
      if (manager === null)
        throw new ApiError(
          400,
          'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        );
      return serverSideApply(live, patch, manager, call.query.get("force") === "true");
    // For the fields that callers change here a strategic merge is the same as a plain one.
    case "application/merge-patch+json":
    case "application/strategic-merge-patch+json":
      return plainUpdate(live ?? {}, mergePatch(live, patch) as Properties, manager ?? "unknown");
    default:
      throw new ApiError(415, `the body of the request was in an unknown format: ${call.contentType}`);
  }
}
