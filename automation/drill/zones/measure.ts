/** The losses of zones as measurements in the shape of every drill. */
import type { Evidence, Measurements, ZoneRound } from "../../report/evidence.ts";
import type { ClientLog } from "../client-log.ts";
import { type Drill, known } from "../drill.ts";
import { clientFigures, type Moments } from "../outage.ts";
import { compareZoneLoss } from "../prediction.ts";
import { type DnsSettings, seconds } from "../recovery.ts";
import type { Scenario } from "../scenario.ts";
import { outagesOf, roundOf } from "./figures.ts";
import { HIGH_LOAD } from "./rounds.ts";

export function measureZones(drill: Drill, scenario: Scenario, commit: string): Measurements {
  const world = known(drill.world, "world");
  const audit = known(drill.audit, "audit");
  const log = known(drill.log, "clients' log");
  const { prod } = known(drill.stacks, "stacks' outputs");
  const zones = drill.rounds.map((seen) => roundOf(seen, log, drill.answers));
  const writable = zones.map(({ databaseWritableSeconds }) => databaseWritableSeconds);
  return {
    id: drill.settings.id,
    scenario: scenario.id,
    startedAt: drill.startedAt.toISOString(),
    commit,
    lost: zones.map(({ zone, loss }) => `${zone} (${loss})`).join(", "),
    target: prod.region,
    options: drill.settings.options,
    rto: recovery(drill, zones, scenario.targetSeconds, prod.dns),
    rpo: { ...audit.rpo, predictedGapEvents: null, measuredGapEvents: null },
    ...(drill.forecast && { prediction: compareZoneLoss(drill.forecast, longest(zones)) }),
    clients: figures(drill, log, prod.region),
    integrity: audit.integrity,
    coverage: {
      ...audit.coverage,
      // These are of a region's loss: the journal itself spans zones, and loses nothing with one.
      ...{ inFlightAtKill: 0, lostAnswers: 0, lateLandings: 0, measuredGapEvents: 0, answersAfterReturn: 0 },
    },
    databaseWritableSeconds: writable.includes(null) ? null : Math.max(0, ...writable.map(Number)),
    failover: null,
    zones,
    preview: drill.previews,
    engine: world.engine,
    modelled: [...world.modelled, ...highLoad(zones)],
  };
}

/** Of the first loss the time, of the longest the end: the forecast was made before any. */
function longest(zones: readonly ZoneRound[]) {
  const ends = zones.map(({ errorsEndSeconds }) => errorsEndSeconds);
  return {
    impactAt: Date.parse(zones[0]?.lostAt ?? ""),
    errorsEndSeconds: ends.includes(null) ? null : Math.max(...ends.map(Number)),
  };
}

const highLoad = (zones: readonly ZoneRound[]): readonly string[] =>
  zones.some(({ atMaximum }) => atMaximum)
    ? [
        `autoscalers got to their maximum by measurements multiplied by ${HIGH_LOAD}: one machine has no cores for such load`,
      ]
    : [];

/** Errors that did not end count as long as they were watched. */
const lasted = ({ errorsEndSeconds, watchedSeconds }: ZoneRound): number =>
  errorsEndSeconds ?? watchedSeconds;

function recovery(
  drill: Drill,
  zones: readonly ZoneRound[],
  targetSeconds: number,
  { failureThreshold, healthCheckIntervalSeconds, ttlSeconds }: DnsSettings,
): Evidence["rto"] {
  const worst = zones.toSorted((a, b) => lasted(b) - lasted(a))[0];
  if (worst === undefined) throw new Error("no zone was lost: an earlier phase did not do it");
  const checks = failureThreshold * healthCheckIntervalSeconds;
  const total = lasted(worst);
  const health = Math.min(checks, worst.nameLeftSeconds);
  const ttl = Math.min(ttlSeconds, Math.max(0, total - worst.nameLeftSeconds));
  const impactAt = known(drill.moments.impact, "impact");
  return {
    targetSeconds,
    fromImpactSeconds: total,
    fromGoSeconds: null,
    everyResolverSeconds: total,
    criticalPathSeconds: checks + ttlSeconds,
    criticalPath: [
      {
        name: `health checks, ${failureThreshold} × ${healthCheckIntervalSeconds} s`,
        boundSeconds: checks,
        measuredSeconds: worst.nameLeftSeconds,
      },
      { name: `DNS TTL, ${ttlSeconds} s`, boundSeconds: ttlSeconds, measuredSeconds: ttl },
    ],
    ownOverheadSeconds: Math.max(0, Math.round(1_000 * (total - health - ttl)) / 1_000),
    phases: zones.map((round) => {
      const startSeconds = seconds(impactAt, Date.parse(round.lostAt));
      return { name: round.zone, startSeconds, endSeconds: startSeconds + lasted(round) };
    }),
  };
}

function figures(drill: Drill, log: ClientLog, target: string): Evidence["clients"] {
  const [first] = drill.rounds;
  const last = drill.rounds.at(-1);
  if (first === undefined || last === undefined) throw new Error("no zone was lost");
  const moments: Moments = {
    impactAt: first.lostAt,
    watchedUntil: last.watchedUntil,
    lostHosts: new Set([last.address]),
    target,
  };
  const outages = drill.rounds.flatMap((seen) => outagesOf(seen, log)).sort((a, b) => a - b);
  return {
    ...clientFigures(log, moments),
    p50OutageSeconds: outages[Math.floor((outages.length - 1) / 2)] ?? 0,
    maxOutageSeconds: outages.at(-1) ?? 0,
  };
}
