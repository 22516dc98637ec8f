/** What one look at a running platform shows, and what a series of them says. Pure. */
import type { Region } from "../../components/model.ts";
import { type Fact, isUnknown } from "../fact.ts";

/** What gateways counted between two looks, all together. */
export interface Served {
  readonly requests: number;
  readonly failed: number;
  /** Mean time to an answer; null: nothing was asked. */
  readonly meanMilliseconds: number | null;
}

export interface Zone {
  readonly zone: string;
  /** Gateways that are ready and answer: Kubernetes believes in those of a dead zone for most of a minute. */
  readonly ready: number;
  readonly gateways: number;
}

/** New clients by the public name, as many at every address that it gave within its TTL. */
export interface Named {
  /** Who answers; null: nobody. */
  readonly region: Region | null;
  readonly served: number;
  readonly of: number;
  /** Mean over those that were served; null: none was. */
  readonly milliseconds: number | null;
}

export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly active: Fact<Region>;
  readonly name: Fact<Named>;
  readonly served: Fact<Served>;
  readonly zones: Fact<readonly Zone[]>;
  /** Of the load balancer's addresses, one per zone. */
  readonly addresses: Fact<{ readonly answering: number; readonly of: number }>;
  /** Healthy targets per zone, as CloudWatch counts them. */
  readonly healthyHosts: Fact<Readonly<Record<string, number>>>;
  /** Of the database's replica behind its writer, as CloudWatch says. */
  readonly lagSeconds: Fact<number>;
  /** What the passive database has not applied of the journal yet. */
  readonly behindEvents: Fact<number>;
  /** A strongly consistent read of the journal's table. */
  readonly journalMilliseconds: Fact<number>;
  /** Age of the newest record of the shard that is longest without one; null: there is none yet. */
  readonly heartbeatSeconds: Fact<number | null>;
}

export type Judged =
  | { readonly state: "good" }
  | { readonly state: "failing" | "unknown"; readonly reasons: readonly string[] };

/** Of all answers; fewer may be one client's mistakes. */
export const FAILED_SHARE = 0.01;
/** An engine writes at least once a second, idle or not; its standby takes over after five of silence. */
export const HEARTBEAT_SECONDS = 5;

/**
 * Failing when somebody was not served, or orders are not written; good when new clients are served wherever the name
 * leads and the gateways say so too: who reaches no gateway is in no gateway's count. A look that saw neither proves nothing.
 */
export function judge({ name, served, heartbeatSeconds }: Sample): Judged {
  const failing: string[] = [];
  const unknown: string[] = [];
  if (isUnknown(name)) unknown.push(`the public name: ${name.unknown}`);
  else if (name.served === 0) failing.push("nobody answers by the public name");
  else if (name.served < name.of)
    failing.push(`${name.of - name.served} of ${name.of} new clients by the public name were not served`);
  if (isUnknown(served)) unknown.push(`the gateways: ${served.unknown}`);
  else if (served.failed > FAILED_SHARE * served.requests) {
    failing.push(`${served.failed} of ${served.requests} requests failed`);
  }
  if (isUnknown(heartbeatSeconds)) unknown.push(`the journal: ${heartbeatSeconds.unknown}`);
  else if (heartbeatSeconds !== null && heartbeatSeconds > HEARTBEAT_SECONDS) {
    failing.push(`a shard's newest record is ${heartbeatSeconds.toFixed(1)} s old`);
  }
  if (failing.length > 0) return { state: "failing", reasons: failing };
  return unknown.length > 0 ? { state: "unknown", reasons: unknown } : { state: "good" };
}

/** Percent of clients that are not served: new ones by the public name, or requests that gateways answered. */
export function errorRate({ name, served }: Sample): number | null {
  const rates = [
    ...(isUnknown(name) ? [] : [name.of === 0 ? 100 : (100 * (name.of - name.served)) / name.of]),
    ...(isUnknown(served) ? [] : [served.requests === 0 ? 0 : (100 * served.failed) / served.requests]),
  ];
  return rates.length === 0 ? null : Math.max(...rates);
}

export interface Wanted {
  /** Without a failing or unknown look for so long: a good end. */
  readonly untilStableSeconds?: number | undefined;
  /** Without a good look for so long: the outage is there. */
  readonly untilFailingSeconds?: number | undefined;
}

export type End = "stable" | "failing";

/** How long the newest state has lasted, and whether that is what was waited for. */
export class Series {
  #since: { readonly state: Judged["state"]; readonly at: number } | undefined;
  /** Since when no look was good; undefined: the last one was, or there was none. */
  #down: number | undefined;
  #good: number | undefined;

  add(at: number, { state }: Judged): void {
    if (this.#since?.state !== state) this.#since = { state, at };
    if (state === "good") {
      this.#down = undefined;
      this.#good ??= at;
    } else {
      this.#good = undefined;
      // Not to see is no outage by itself; once there is one, not to see does not end it.
      if (state === "failing") this.#down ??= at;
    }
  }

  /** Seconds of the newest state. */
  lasted(now: number): number {
    return this.#since === undefined ? 0 : (now - this.#since.at) / 1000;
  }

  end(now: number, { untilStableSeconds, untilFailingSeconds }: Wanted): End | undefined {
    const passed = (since: number | undefined, seconds: number | undefined): boolean =>
      since !== undefined && seconds !== undefined && now - since >= seconds * 1000;
    if (passed(this.#good, untilStableSeconds)) return "stable";
    return passed(this.#down, untilFailingSeconds) ? "failing" : undefined;
  }
}
