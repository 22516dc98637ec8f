/** The recovery time, and which part of it no work of ours could have spared. */
import type { DnsProvider } from "../../components/model.ts";
import { STOPPED_MILLISECONDS } from "../failover/decide.ts";
import type { Phase, RecoveryTime, Wait } from "../report/evidence.ts";
import type { ClientEvent } from "./client-log.ts";

export interface DnsSettings {
  readonly provider: DnsProvider;
  readonly ttlSeconds: number;
  readonly healthCheckIntervalSeconds: number;
  readonly failureThreshold: number;
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000;

/** To the millisecond, from times in milliseconds. */
export const seconds = (from: number, to: number): number => rounded((to - from) / 1_000);

export type WaitKind = "dying" | "detection" | "health" | "ttl";

/** A wait and how long it may take, from config alone: known before anything happens. */
export interface Bound {
  readonly kind: WaitKind;
  readonly name: string;
  readonly seconds: number;
}

/** @param dyingSeconds how long the region may take to be lost, from the impact on */
export function unavoidableWaits(dns: DnsSettings, dyingSeconds: number): readonly Bound[] {
  const { failureThreshold, healthCheckIntervalSeconds, ttlSeconds } = dns;
  const checks = failureThreshold * healthCheckIntervalSeconds;
  return [
    {
      kind: "dying",
      name: `the dying region still writes, up to ${dyingSeconds} s`,
      seconds: dyingSeconds,
    },
    {
      kind: "detection",
      // It begins while the operator still wonders: their reaction costs nothing more.
      name: "silence of the journal, by which its region is known to be lost",
      seconds: STOPPED_MILLISECONDS / 1000,
    },
    {
      kind: "health",
      name: `health checks, ${failureThreshold} × ${healthCheckIntervalSeconds} s`,
      seconds: checks,
    },
    { kind: "ttl", name: `DNS TTL, ${ttlSeconds} s`, seconds: ttlSeconds },
  ];
}

/** Milliseconds since 1970; null: it did not happen. */
export interface Observed {
  readonly impactAt: number;
  /** Start of the confirmed command. */
  readonly goAt: number;
  /** When the last record that the command saw was written; null: it saw none. */
  readonly lastRecordAt: number | null;
  /** The command had its evidence that the region is lost. */
  readonly assessedAt: number | null;
  /** The new region's `/active` answered 200 first. */
  readonly activeAt: number | null;
  /** The authoritative answer first led to the new region; null also where it never changes (a proxied name). */
  readonly nameAt: number | null;
  readonly target: string;
  readonly fresh: readonly Extract<ClientEvent, { type: "fresh" }>[];
}

export function recoveryTime(
  targetSeconds: number,
  bounds: readonly Bound[],
  observed: Observed,
  phases: readonly Phase[],
): RecoveryTime {
  const { impactAt, goAt } = observed;
  const firsts = firstSuccesses(observed);
  const reached = firsts.filter((at) => at !== null);
  const recoveredAt = reached.length === 0 ? null : Math.min(...reached);
  const lastAt = reached.length === 0 || reached.length < firsts.length ? null : Math.max(...reached);
  const since = (at: number | null, from: number) => (at === null ? null : seconds(from, at));
  const fromImpactSeconds = since(recoveredAt, impactAt);
  const criticalPath = bounds.map(
    (bound): Wait => ({
      name: bound.name,
      boundSeconds: bound.seconds,
      measuredSeconds: measured(bound, observed, recoveredAt),
    }),
  );
  const spared = criticalPath.reduce(
    (sum, wait) => sum + Math.min(wait.boundSeconds, wait.measuredSeconds),
    0,
  );
  return {
    targetSeconds,
    fromImpactSeconds,
    fromGoSeconds: since(recoveredAt, goAt),
    everyResolverSeconds: since(lastAt, impactAt),
    criticalPathSeconds: bounds.reduce((sum, { seconds }) => sum + seconds, 0),
    criticalPath,
    ownOverheadSeconds: fromImpactSeconds === null ? null : rounded(fromImpactSeconds - spared),
    phases,
  };
}

/** Per resolver, when a fresh client behind it first wrote to the new region; null: never. Empty: nobody tried. */
function firstSuccesses({ fresh, impactAt, target }: Observed): (number | null)[] {
  const after = fresh.filter(({ sent }) => sent >= impactAt);
  return [...Map.groupBy(after, ({ resolver }) => resolver).values()].map((tries) => {
    const good = tries.filter(({ ok, region }) => ok && region === target).map(({ at }) => at);
    return good.length === 0 ? null : Math.min(...good);
  });
}

function measured({ kind }: Bound, observed: Observed, recoveredAt: number | null): number {
  const { impactAt, lastRecordAt, assessedAt, activeAt, nameAt } = observed;
  const silentAt = Math.max(impactAt, lastRecordAt ?? impactAt);
  const between = (from: number | null, to: number | null): number =>
    from === null || to === null ? 0 : Math.max(0, seconds(from, to));
  switch (kind) {
    case "dying":
      return between(impactAt, silentAt);
    case "detection":
      return between(silentAt, assessedAt);
    case "health":
      return between(activeAt, nameAt ?? recoveredAt);
    case "ttl":
      return between(nameAt, recoveredAt);
  }
}
