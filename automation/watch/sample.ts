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
  readonly ready: number;
  readonly gateways: number;
}

export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly active: Fact<Region>;
  /** A new client's question by the public name: who answered, and after how long. */
  readonly name: Fact<{ readonly region: Region | null; readonly milliseconds: number }>;
  readonly served: Fact<Served>;
  readonly zones: Fact<readonly Zone[]>;
  /** Of the load balancer's addresses, one per zone. */
  readonly addresses: Fact<{ readonly answering: number; readonly of: number }>;
  /** Healthy targets per zone, as CloudWatch counts them. */
  readonly healthyHosts: Fact<Readonly<Record<string, number>>>;
  readonly lag: Fact<{ readonly value: number; readonly unit: "s" | "events" }>;
  /** A strongly consistent read of the journal's table. */
  readonly journalMilliseconds: Fact<number>;
  /** Age of the newest record; null: there is none yet. */
  readonly heartbeatSeconds: Fact<number | null>;
}

export type Judged =
  | { readonly state: "good" }
  | { readonly state: "failing" | "unknown"; readonly reasons: readonly string[] };

/** Of all answers; fewer may be one client's mistakes. */
export const FAILED_SHARE = 0.01;
/** Engines write at least that often while anybody trades, and an idle one hardly later. */
export const HEARTBEAT_SECONDS = 5;

/**
 * Failing when somebody was not served, or orders are not written; good when a new client was served and the gateways
 * say so too. A look that saw neither proves nothing.
 */
export function judge({ name, served, heartbeatSeconds }: Sample): Judged {
  const failing: string[] = [];
  const unknown: string[] = [];
  if (isUnknown(name)) unknown.push(`the public name: ${name.unknown}`);
  else if (name.region === null) failing.push("nobody answers by the public name");
  if (isUnknown(served)) unknown.push(`the gateways: ${served.unknown}`);
  else if (served.failed > FAILED_SHARE * served.requests) {
    failing.push(`${served.failed} of ${served.requests} requests failed`);
  }
  if (isUnknown(heartbeatSeconds)) unknown.push(`the journal: ${heartbeatSeconds.unknown}`);
  else if (heartbeatSeconds !== null && heartbeatSeconds > HEARTBEAT_SECONDS) {
    failing.push(`the newest record is ${heartbeatSeconds.toFixed(1)} s old`);
  }
  if (failing.length > 0) return { state: "failing", reasons: failing };
  return unknown.length > 0 ? { state: "unknown", reasons: unknown } : { state: "good" };
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
