/** What gateways count, from their Prometheus text: differences between two looks. */
import type { GatewayPod } from "../adapters/kubernetes.ts";
import { type Fact, isUnknown } from "../fact.ts";
import type { Served } from "./sample.ts";

interface Counts {
  readonly requests: number;
  readonly failed: number;
  readonly milliseconds: number;
}

const counted = (text: string, name: string): number => {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(text)?.[1];
  if (found === undefined) throw new Error(`the gateways do not count ${name}: an older version runs`);
  return Number(found);
};

function countsOf(text: string): Counts {
  return {
    requests: counted(text, "gateway_requests"),
    failed: counted(text, "gateway_failed"),
    milliseconds: counted(text, "gateway_milliseconds"),
  };
}

export class Counters {
  #before: ReadonlyMap<string, Counts> | undefined;

  /** A pod that was not there before, or counts anew, counts from zero. @throws when no pod says what it counts */
  since(pods: readonly GatewayPod[]): Fact<Served> {
    const now = new Map<string, Counts>();
    const silent: string[] = [];
    for (const { name, metrics } of pods) {
      if (isUnknown(metrics)) silent.push(metrics.unknown);
      else now.set(name, countsOf(metrics));
    }
    const before = this.#before;
    if (now.size === 0) return { unknown: silent[0] ?? "there is no gateway" };
    this.#before = now;
    if (before === undefined) return { unknown: "the first look" };
    let [requests, failed, milliseconds] = [0, 0, 0];
    for (const [name, counts] of now) {
      const last = before.get(name);
      const base = last === undefined || last.requests > counts.requests ? undefined : last;
      requests += counts.requests - (base?.requests ?? 0);
      failed += counts.failed - (base?.failed ?? 0);
      milliseconds += counts.milliseconds - (base?.milliseconds ?? 0);
    }
    return { requests, failed, meanMilliseconds: requests === 0 ? null : milliseconds / requests };
  }
}
