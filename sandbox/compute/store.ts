/** What the API server keeps: objects by kind, namespace and name. */
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Json, Properties } from "../cloud/behaviour.ts";
import { isObject } from "../cloud/fields.ts";

export class NotFoundError extends Error {
  override readonly name = "NotFoundError";
}

/** Plural resource names, as in URLs and in the API server's errors. */
const PLURALS: Readonly<Record<string, string>> = {
  NetworkPolicy: "networkpolicies",
  PodDisruptionBudget: "poddisruptionbudgets",
  PriorityClass: "priorityclasses",
};
export const plural = (kind: string): string => PLURALS[kind] ?? `${kind.toLowerCase()}s`;

export const metadataOf = (object: Properties): Properties =>
  isObject(object["metadata"]) ? object["metadata"] : {};

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const keyOf = (kind: string, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;

export class ObjectStore {
  readonly #objects = new Map<string, Properties>();
  readonly #changed: () => void;
  #version = 0;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get(kind: string, namespace: string, name: string): Properties | undefined {
    return this.#objects.get(keyOf(kind, namespace, name));
  }

  /** Throws `deployments.apps "x" not found` and the like. */
  mustGet(kind: string, namespace: string, name: string): Properties {
    const object = this.get(kind, namespace, name);
    if (object === undefined) throw new NotFoundError(`${plural(kind)} "${name}" not found`);
    return object;
  }

  list(kind: string, namespace?: string): readonly Properties[] {
    return [...this.#objects.values()].filter(
      (object) =>
        object["kind"] === kind &&
        (namespace === undefined || text(metadataOf(object)["namespace"]) === namespace),
    );
  }

  /** Creates or replaces. The server's own metadata and the status survive; the generation counts changes of spec. */
  put(object: Properties): Properties {
    const metadata = metadataOf(object);
    const [kind, namespace, name] = [
      text(object["kind"]),
      text(metadata["namespace"]),
      text(metadata["name"]),
    ];
    if (kind === "" || name === "") throw new Error("an object needs kind and metadata.name");
    if (namespace !== "" && this.get("Namespace", "", namespace) === undefined) {
      throw new NotFoundError(`namespaces "${namespace}" not found`);
    }
    const before = this.get(kind, namespace, name);
    const known = before === undefined ? {} : metadataOf(before);
    const generation = typeof known["generation"] === "number" ? known["generation"] : 0;
    const stored: Properties = {
      ...object,
      ...(before?.["status"] === undefined ? {} : { status: before["status"] }),
      metadata: {
        ...metadata,
        uid: known["uid"] ?? randomUUID(),
        creationTimestamp: known["creationTimestamp"] ?? `${new Date().toISOString().slice(0, 19)}Z`,
        resourceVersion: String(++this.#version),
        generation: isDeepStrictEqual(before?.["spec"], object["spec"])
          ? Math.max(1, generation)
          : generation + 1,
      },
    };
    this.#objects.set(keyOf(kind, namespace, name), stored);
    this.#changed();
    return stored;
  }

  /** Writes the status alone, as controllers do; no effect when it says the same already. */
  setStatus(object: Properties, status: Properties): void {
    const metadata = metadataOf(object);
    const key = keyOf(text(object["kind"]), text(metadata["namespace"]), text(metadata["name"]));
    const before = this.#objects.get(key);
    if (before === undefined || isDeepStrictEqual(before["status"], status)) return;
    const resourceVersion = String(++this.#version);
    this.#objects.set(key, { ...before, status, metadata: { ...metadataOf(before), resourceVersion } });
  }

  /** A namespace takes everything in it along. */
  delete(kind: string, namespace: string, name: string): void {
    this.#objects.delete(keyOf(kind, namespace, name));
    if (kind === "Namespace") {
      for (const [key, object] of this.#objects) {
        if (metadataOf(object)["namespace"] === name) this.#objects.delete(key);
      }
    }
    this.#changed();
  }
}
