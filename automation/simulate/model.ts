/**
 * What each step of the failover waits for, as a model: seconds since the impact, one function per step. The order of
 * the steps and what runs beside what is not here: that is the runbook's.
 */
import type { DnsProvider } from "../../components/model.ts";
import { STOPPED_MILLISECONDS, WATCH_MILLISECONDS } from "../failover/decide.ts";
import { convincedSeconds } from "./checks.ts";
import type { Draws } from "./draws.ts";
import type { LatencyTable } from "./latencies.ts";
import type { StepModels } from "./walk.ts";

export const STANDBYS = ["warm", "cold"] as const;
export type Standby = (typeof STANDBYS)[number];
export const GOS = ["automatic", "desk", "paged"] as const;
/** Who says go. */
export type Go = (typeof GOS)[number];

export interface Dns {
  readonly provider: DnsProvider;
  readonly ttlSeconds: number;
  readonly healthCheckIntervalSeconds: number;
  readonly failureThreshold: number;
}

/** What a failover is done with. */
export interface Setting {
  /** `warm`: nodes with room and images wait. `cold`: nodes start first and pull. */
  readonly standby: Standby;
  /** A number: so many seconds after the impact, confirmed in advance. */
  readonly go: Go | number;
  readonly dns: Dns;
  readonly shards: number;
  /** Pods that the promotion starts. */
  readonly pods: number;
  readonly nodes: number;
  /** Addresses of a region's load balancer, each with checks of its own. */
  readonly addresses: number;
}

/** Seconds since the impact. */
export interface Moments {
  readonly draws: Draws;
  readonly setting: Setting;
  readonly place: Pick<LatencyTable, "resolvers" | "checkers" | "takeTurns" | "reached">;
  go: number;
  trafficPlanned: number;
  /** The Deployments have their new size. */
  askedFor: number;
  gatewaysUp: number;
  /** By address: its load balancer has found a gateway healthy. */
  balanced: readonly number[];
  active: number;
  /** The public name leads to the survivor. */
  named: number;
  /** A fresh client's first write was accepted: the end of the outage. */
  recovered: number;
  databaseWritable: number;
}

/** Strong operations one after the other, of which the guard's read of the decision is one. */
export const FENCE_OPERATIONS = 8;
export const SMOKE_OPERATIONS = 4;
/** An order and its cancel; what is not answered is asked elsewhere after so long (`automation/adapters/gateway.ts`). */
const SMOKE_QUESTIONS = 2;
const SMOKE_PATIENCE_SECONDS = 0.06;
/** From a checker's connection attempt to its giving up. */
const CHECK_TIMEOUT_SECONDS = 4;
/** `consecutiveUp` of the program's monitor: a pool is healthy at once, and unhealthy after some failures. */
const CLOUDFLARE_SUCCESSES = 1;

export function momentOfGo({ draws, setting: { go } }: Moments): number {
  if (typeof go === "number") return go;
  return go === "paged" ? draws.take("alarm") + draws.take("paged") : draws.take(go);
}

/** What runs beside something else is walked after it, and may wait for its moments. */
export const MODELS: StepModels<Moments> = {
  /** The silence begins with the impact, or with the last write that still lands: a late go finds it there already. */
  assess(at, moments) {
    const { draws } = moments;
    const begun = at + draws.take("commandStart");
    const planned = begun + draws.take("plan");
    moments.trafficPlanned = planned + draws.take("plan", { index: 1 });
    const silent = draws.take("lastRecord") + draws.wait("silence", STOPPED_MILLISECONDS / 1000);
    return Math.max(begun + WATCH_MILLISECONDS / 1000, planned, silent) + draws.take("strongOperation");
  },

  confirm: (at, { draws, setting: { go } }) =>
    go === "desk" || go === "paged" ? at + draws.take("confirmation") : at,

  fence: (at, { draws, setting }) =>
    at + FENCE_OPERATIONS * draws.take("strongOperation", { of: setting.shards, index: 1 }),

  scale(at, moments) {
    moments.askedFor = at + moments.draws.take("scaleOut");
    return moments.askedFor + moments.draws.take("update");
  },

  rebuild(at, moments) {
    const { draws, setting } = moments;
    const nodes =
      setting.standby === "warm"
        ? 0
        : draws.take("nodeStart", { of: setting.nodes }) + draws.take("imagePull", { of: setting.nodes });
    const pods = draws.take("podStart", { of: setting.pods });
    moments.gatewaysUp = Math.max(at, moments.askedFor) + nodes + pods;
    moments.balanced = Array.from(
      { length: setting.addresses },
      (_, index) => moments.gatewaysUp + draws.take("loadBalancer", { index }),
    );
    return moments.gatewaysUp + draws.take("engineStart");
  },

  /** It asks every address again and again: what reaches a gateway by chance is enough. */
  smoke(at, { draws, balanced, place: { reached } }) {
    const heard =
      reached > 0
        ? at + SMOKE_QUESTIONS * SMOKE_PATIENCE_SECONDS * (1 / reached - 1)
        : Math.max(at, Math.min(...balanced));
    return heard + SMOKE_OPERATIONS * draws.take("strongOperation", { index: 2 });
  },

  /** Ends when the public name leads there; clients' caches run out meanwhile. */
  traffic(at, moments) {
    const { draws, setting, place } = moments;
    moments.active = Math.max(at, moments.trafficPlanned) + draws.take("switch") + draws.take("controlRead");
    moments.named = Math.max(moments.active + healthySeconds(moments), unhealthySeconds(moments));
    const { ttlSeconds } = setting.dns;
    const left = draws.wait("caches", (ttlSeconds * draws.share("caches")) / place.resolvers);
    moments.recovered = moments.named + left + draws.take("clientWrite");
    return moments.named + draws.share("clientWrite", 1);
  },

  "hand-over": (at, { draws }) => at + draws.take("switch", { index: 1 }),

  promote(at, moments) {
    moments.databaseWritable = at + moments.draws.take("promotion");
    return moments.databaseWritable;
  },

  "catch-up": (at, { draws, gatewaysUp }) => Math.max(at, gatewaysUp) + draws.take("catchUp"),

  verdict: (at, { draws }) => at + draws.take("strongOperation", { index: 3 }),
};

/** From the survivor's first good answer until the name's keepers believe it, by any of its addresses. */
function healthySeconds({ draws, setting: { dns }, place, active, balanced }: Moments): number {
  const proxied = dns.provider === "cloudflare";
  const convinced = balanced.map((found, address) =>
    convincedSeconds(
      draws,
      {
        ...{ wait: "healthChecks", verdict: "healthy", address, provider: dns.provider },
        intervalSeconds: dns.healthCheckIntervalSeconds,
        threshold: proxied ? CLOUDFLARE_SUCCESSES : dns.failureThreshold,
        blindSeconds: found - active,
      },
      place,
    ),
  );
  return draws.wait("healthChecks", Math.min(...convinced)) + propagation(draws, dns.provider, 0);
}

/**
 * From the loss of a zone until the last client that honours the TTL is elsewhere: its address counts as healthy that
 * long, and stays in caches as long again as they may keep it. Engines and database are back before.
 */
export function zoneErrorsEnd(moments: Pick<Moments, "draws" | "setting" | "place">): number {
  return unhealthySeconds(moments) + moments.setting.dns.ttlSeconds;
}

/** The same for the lost side: as long as it counts as healthy, the name leads there. */
function unhealthySeconds({
  draws,
  setting: { dns },
  place,
}: Pick<Moments, "draws" | "setting" | "place">): number {
  const convinced = convincedSeconds(
    draws,
    {
      ...{ wait: "lostSide", verdict: "unhealthy", address: 0, provider: dns.provider },
      intervalSeconds: dns.healthCheckIntervalSeconds,
      threshold: dns.failureThreshold,
      blindSeconds: 0,
    },
    place,
  );
  const known = draws.wait("lostSide", convinced + CHECK_TIMEOUT_SECONDS);
  return known + propagation(draws, dns.provider, 1);
}

const propagation = (draws: Draws, provider: DnsProvider, index: number): number =>
  draws.take(provider === "cloudflare" ? "edgePropagation" : "healthPropagation", { index });
