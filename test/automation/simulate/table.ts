/** A table of latencies in which everything takes exactly as long as a test says. */
import {
  type Distribution,
  LATENCIES,
  type LatencyName,
  type LatencyTable,
} from "../../../automation/simulate/latencies.ts";
import type { Setting } from "../../../automation/simulate/model.ts";

/** @param seconds what is not named takes no time */
export function tableOf(seconds: Partial<Record<LatencyName, number | Distribution>>): LatencyTable {
  const latency = (name: LatencyName) => {
    const given = seconds[name] ?? 0;
    return {
      title: name,
      step: "decision",
      seconds: typeof given === "number" ? { constant: given } : given,
      basis: "assumed" as const,
      source: "docs/test.md",
      says: "",
      work: false,
    };
  };
  return {
    place: "a test",
    planSeconds: null,
    resolvers: 1,
    checkers: { route53: 1, cloudflare: { regions: 1, dataCenters: 1 } },
    takeTurns: true,
    reached: 0,
    latencies: Object.fromEntries(
      LATENCIES.map((name) => [name, latency(name)]),
    ) as LatencyTable["latencies"],
  };
}

export const setting: Setting = {
  standby: "warm",
  go: 1,
  dns: { provider: "route53", ttlSeconds: 0, healthCheckIntervalSeconds: 10, failureThreshold: 1 },
  shards: 2,
  pods: 3,
  nodes: 3,
  addresses: 3,
};
