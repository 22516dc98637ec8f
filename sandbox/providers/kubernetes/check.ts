/** What the Kubernetes provider does to manifests first: names and namespaces. Pure. */
import { createHash } from "node:crypto";
import type { CheckRequest, CheckResult } from "../protocol/provider.ts";
import { isRecord, type Value, type Values } from "../protocol/value.ts";
import { annotation, isNamespaced, isOwn, metadataOf } from "./manifest.ts";

/** Marks a name that the provider chose, so that a replacement may have another. */
export const AUTONAMED = "pulumi.com/autonamed";

export const isAutonamed = (manifest: Values): boolean => annotation(manifest, AUTONAMED) === "true";

const withMetadata = (manifest: Values, more: Values): Values => ({
  ...manifest,
  metadata: { ...metadataOf(manifest), ...more },
});

function named(manifest: Values, request: CheckRequest): Values {
  const metadata = metadataOf(manifest);
  if (metadata["name"] !== undefined || metadata["generateName"] !== undefined) return manifest;
  const suffix = createHash("sha256").update(request.randomSeed).digest("hex").slice(0, 8);
  const previous = isAutonamed(request.olds) ? metadataOf(request.olds)["name"] : undefined;
  const proposed = request.autonaming?.proposedName ?? `${request.name}-${suffix}`;
  const annotations = isRecord(metadata["annotations"]) ? metadata["annotations"] : {};
  return withMetadata(manifest, {
    name: previous ?? proposed,
    annotations: { ...annotations, [AUTONAMED]: "true" },
  });
}

export function check(request: CheckRequest, defaultNamespace: string): CheckResult {
  const kept = Object.entries(request.news).filter(([key]) => !isOwn(key));
  const manifest = named(Object.fromEntries(kept), request);
  const failures = ["apiVersion", "kind"].flatMap((property) =>
    typeof manifest[property] === "string" ? [] : [{ property, reason: `missing ${property}` }],
  );
  const unplaced = isNamespaced(manifest["kind"]) && metadataOf(manifest)["namespace"] === undefined;
  return { inputs: unplaced ? withMetadata(manifest, { namespace: defaultNamespace }) : manifest, failures };
}

/** As the API server stores it: a Secret's `stringData` is for writing only. */
export function normalise(manifest: Values): Values {
  const { stringData, ...rest } = manifest;
  if (manifest["kind"] !== "Secret" || !isRecord(stringData)) return manifest;
  const encoded = Object.entries(stringData).map(([key, value]): [string, Value] => [
    key,
    typeof value === "string" ? Buffer.from(value).toString("base64") : value,
  ]);
  return {
    ...rest,
    data: { ...(isRecord(rest["data"]) ? rest["data"] : {}), ...Object.fromEntries(encoded) },
  };
}
