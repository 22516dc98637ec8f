/**
 * Protobuf structs to values and back. Signatures and sentinels are the engine's:
 * https://github.com/pulumi/pulumi/blob/v3.230.0/sdk/go/common/resource/properties.go
 * https://github.com/pulumi/pulumi/blob/v3.230.0/sdk/go/common/resource/plugin/rpc.go
 */
import { createRequire } from "node:module";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { isRecord, Secret, UNKNOWN, type Value, type Values } from "./value.ts";

const structs = createRequire(import.meta.url)("google-protobuf/google/protobuf/struct_pb.js") as {
  Struct: typeof Struct;
};

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWN_SENTINELS: ReadonlySet<unknown> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  UNKNOWN_STRING,
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

function decodeValue(raw: unknown): Value {
  if (UNKNOWN_SENTINELS.has(raw)) return UNKNOWN;
  if (Array.isArray(raw)) return raw.map(decodeValue);
  if (typeof raw !== "object" || raw === null) return raw as null | boolean | number | string;
  const object = raw as Record<string, unknown>;
  if (object[SIGNATURE] === SECRET) return new Secret(decodeValue(object["value"]));
  if (object[SIGNATURE] === OUTPUT) {
    const value = "value" in object ? decodeValue(object["value"]) : UNKNOWN;
    return object["secret"] === true ? new Secret(value) : value;
  }
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, decodeValue(value)]));
}

function encodeValue(value: Value): JavaScriptValue {
  if (value === UNKNOWN) return UNKNOWN_STRING;
  if (value instanceof Secret) return { [SIGNATURE]: SECRET, value: encodeValue(value.value) };
  if (Array.isArray(value)) return value.map(encodeValue);
  if (isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, encodeValue(child)]));
  }
  return value as null | boolean | number | string;
}

/** Nulls at the top mean "absent", as the bridge reads them. */
export function decode(struct: Struct | undefined): Values {
  if (struct === undefined) return {};
  const entries = Object.entries(struct.toJavaScript()).map(([key, raw]) => [key, decodeValue(raw)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

export function encode(values: Values): Struct {
  return structs.Struct.fromJavaScript(
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encodeValue(value)])),
  );
}
