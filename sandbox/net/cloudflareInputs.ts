/** Cloudflare's resource inputs as the edge and its monitors need them, with Cloudflare's defaults. */
import type { Properties } from "../cloud/behaviour.ts";
import { isObject } from "../cloud/fields.ts";
import { strings } from "../cloud/lists.ts";
import type { Monitor, Origin } from "./pool.ts";

export function monitorOf(inputs: Properties): Monitor {
  const type = String(inputs["type"] ?? "http");
  if (type !== "http" && type !== "https") {
    throw new Error(`monitor type ${type} is not modelled by the sandbox: allowed are http, https`);
  }
  const header = isObject(inputs["header"]) ? inputs["header"] : {};
  return {
    path: String(inputs["path"] ?? "/"),
    port: inputs["port"] === undefined ? undefined : Number(inputs["port"]),
    hostHeader: strings(header["Host"])[0],
    expectedCodes: String(inputs["expectedCodes"] ?? "200").replaceAll("2xx", "200-299"),
    intervalSeconds: Number(inputs["interval"] ?? 60),
    timeoutSeconds: Number(inputs["timeout"] ?? 5),
    retries: Number(inputs["retries"] ?? 2),
    // 0 and 1 both mean: at the first.
    consecutiveUp: Math.max(1, Number(inputs["consecutiveUp"] ?? 0)),
    consecutiveDown: Math.max(1, Number(inputs["consecutiveDown"] ?? 0)),
  };
}

export function originOf(inputs: Properties): Origin {
  const header = isObject(inputs["header"]) ? inputs["header"] : {};
  return {
    name: String(inputs["name"]),
    address: String(inputs["address"]),
    port: Number(inputs["port"] ?? 443),
    weight: Number(inputs["weight"] ?? 1),
    enabled: inputs["enabled"] !== false,
    hostHeader: strings(header["hosts"])[0],
  };
}
