/** Everything that a drill saw, as the measurements that are judged. */
import type { Evidence, Measurements, Phase } from "../report/evidence.ts";
import type { Audit } from "./audit.ts";
import type { ClientLog } from "./client-log.ts";
import { type Drill, known } from "./drill.ts";
import { clientFigures } from "./outage.ts";
import { compare } from "./prediction.ts";
import { recoveryTime, seconds, unavoidableWaits } from "./recovery.ts";
import type { Scenario } from "./scenario.ts";

export function measure(drill: Drill, scenario: Scenario, commit: string): Measurements {
  const world = known(drill.world, "world");
  const audit = known(drill.audit, "audit");
  const log = known(drill.log, "clients' log");
  const impactAt = known(drill.moments.impact, "impact");
  const { database } = drill.moments;
  const loss = world.coverage();
  const recovered = recovery(drill, scenario);
  return {
    id: drill.settings.id,
    scenario: scenario.id,
    startedAt: drill.startedAt.toISOString(),
    commit,
    lost: drill.lost,
    target: drill.target,
    options: drill.settings.options,
    rto: recovered,
    rpo: {
      ...audit.rpo,
      predictedGapEvents: drill.predictedGapEvents,
      measuredGapEvents: audit.measuredGapEvents,
    },
    ...(drill.forecast && {
      prediction: compare(drill.forecast, {
        impactAt,
        fencedAt: drill.moments.fenced ?? null,
        rtoSeconds: recovered.fromImpactSeconds,
        gapEvents: audit.measuredGapEvents,
      }),
    }),
    clients: figures(drill, log),
    integrity: audit.integrity,
    coverage: { ...coverage(loss, audit), answersAfterReturn: answersAfterReturn(drill, log) },
    databaseWritableSeconds: database === undefined ? null : seconds(impactAt, database),
    failover: { run: drill.run, exitCode: drill.exitCode },
    preview: drill.previews,
    engine: world.engine,
    modelled: world.modelled,
  };
}

function coverage(
  loss: { readonly inFlightAtKill: number; readonly lostAnswers: number; readonly lateLandings: number },
  audit: Audit,
): Omit<Evidence["coverage"], "answersAfterReturn"> {
  const { inFlightAtKill, lostAnswers, lateLandings } = loss;
  return {
    ...audit.coverage,
    ...{ inFlightAtKill, lostAnswers, lateLandings },
    measuredGapEvents: audit.measuredGapEvents ?? 0,
  };
}

function answersAfterReturn({ moments: { returned }, lost }: Drill, { attempts }: ClientLog): number {
  return attempts.filter(({ sent, region }) => returned !== undefined && sent > returned && region === lost)
    .length;
}

function recovery(drill: Drill, { targetSeconds }: Scenario): Evidence["rto"] {
  const { moments, fresh, target } = drill;
  const impactAt = known(moments.impact, "impact");
  const goAt = moments.go ?? impactAt;
  const bounds = unavoidableWaits(
    known(drill.stacks, "stacks' outputs").dr.dns,
    known(drill.world, "world").dyingSeconds,
  );
  const observed = {
    ...{ impactAt, goAt, target, fresh },
    lastRecordAt: drill.lastRecordAt,
    assessedAt: moments.assessed ?? null,
    activeAt: moments.active ?? null,
    nameAt: moments.name ?? null,
  };
  return recoveryTime(targetSeconds, bounds, observed, phases(drill, impactAt));
}

/** The runbook's steps, and the waits around them that are nobody's step. */
function phases({ moments, steps }: Drill, impactAt: number): Phase[] {
  const { go, active, name, recovered } = moments;
  const between = (title: string, from: number | undefined, to: number | undefined): Phase[] =>
    from === undefined || to === undefined || to <= from
      ? []
      : [{ name: title, startSeconds: seconds(impactAt, from), endSeconds: seconds(impactAt, to) }];
  return [
    ...between("decision", impactAt, go),
    ...steps,
    ...between("health checks", active, name ?? recovered),
    ...between("caches", name, recovered),
  ].toSorted((a, b) => a.startSeconds - b.startSeconds);
}

function figures(drill: Drill, log: ClientLog): Evidence["clients"] {
  const { prod } = known(drill.stacks, "stacks' outputs");
  return clientFigures(log, {
    impactAt: known(drill.moments.impact, "impact"),
    watchedUntil: drill.moments.watched ?? Date.now(),
    lostHosts: new Set(prod.elasticIps),
    target: drill.target,
  });
}
