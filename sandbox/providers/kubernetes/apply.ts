/**
 * One object's server-side apply as the provider does it: owner's name, force, and `ignoreChanges`.
 * https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/await/await.go (`ssaUpdate`)
 */
import { createHash } from "node:crypto";
import type { Json, Properties } from "../../cloud/behaviour.ts";
import { FieldConflictError, isObject, ownership, serverSideApply } from "../../cloud/fields.ts";
import { parsePath } from "../diff.ts";
import { annotation } from "./manifest.ts";

/** Overwrites what others own instead of failing. */
export const FORCE = "pulumi.com/patchForce";

/** Pulumi gives each resource a manager of its own and keeps it in state. */
export const managerOf = (urn: string): string =>
  `pulumi-kubernetes-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;

function at(object: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((value, key) => (isObject(value) ? value[key] : undefined), object);
}

function put(object: Properties, path: readonly string[], value: Json | undefined): Properties {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  const { [key]: before, ...others } = object;
  const after = rest.length === 0 ? value : put(isObject(before) ? before : {}, rest, value);
  return after === undefined ? others : { ...others, [key]: after };
}

/** An ignored field that others own is left to them; one that is ours is sent with its live value, or it would vanish. */
function withIgnored(
  intent: Properties,
  live: Properties,
  manager: string,
  ignored: readonly string[],
): Properties {
  return ignored.reduce((manifest, pattern) => {
    const path = parsePath(pattern).map(String);
    const { ours, theirs } = ownership(live, path, manager);
    if (theirs && !ours) return put(manifest, path, undefined);
    const current = at(live, path);
    return current === undefined ? manifest : put(manifest, path, current);
  }, intent);
}

export interface Application {
  readonly intent: Properties;
  readonly live: Properties | undefined;
  readonly manager: string;
  readonly ignoreChanges: readonly string[];
}

/** The object as the API server would have it afterwards. Throws what the provider reports on a conflict. */
export function apply({ intent, live, manager, ignoreChanges }: Application): Properties {
  const manifest = live === undefined ? intent : withIgnored(intent, live, manager, ignoreChanges);
  try {
    return serverSideApply(live, manifest, manager, annotation(manifest, FORCE) === "true");
  } catch (error) {
    if (!(error instanceof FieldConflictError)) throw error;
    throw new Error(
      "Server-Side Apply field conflict detected. The resource managed by field manager " +
        `"${manager}" had an apply conflict`,
      { cause: error },
    );
  }
}
