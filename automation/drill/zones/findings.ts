/** What is held against the loss of zones, besides what every drill is judged by. */
import type { Measurements } from "../../report/evidence.ts";
import type { Finding } from "../../report/verdict.ts";
import { recoveryFindings } from "../prediction.ts";

export function zoneFindings(measurements: Measurements): Finding[] {
  const {
    zones = [],
    rto: { targetSeconds },
  } = measurements;
  const findings = zones.flatMap((round): Finding[] => {
    const when = `${round.zone} lost (${round.loss})`;
    const { errorsEndSeconds, watchedSeconds, redundancySeconds, shortage, takeoverSeconds } = round;
    const found: Finding[] = [];
    if (errorsEndSeconds === null)
      found.push(["rto-missed", `${when}: errors had not ended after ${watchedSeconds.toFixed(0)} s`]);
    else if (errorsEndSeconds > targetSeconds)
      found.push(["rto-missed", `${when}: errors ended after ${errorsEndSeconds.toFixed(1)} s`]);
    for (const [engine, taken] of Object.entries(takeoverSeconds)) {
      if (taken === null) found.push(["failed", `${when}: no other ${engine} took over`]);
    }
    if (shortage.length > 0)
      found.push(["failed", `${when}: too little capacity in the zones left: ${shortage.join("; ")}`]);
    else if (redundancySeconds === null)
      found.push(["failed", `${when}: not every Deployment was whole again`]);
    return found;
  });
  return [...findings, ...recoveryFindings(measurements), ...untested(zones)];
}

function untested(zones: NonNullable<Measurements["zones"]>): Finding[] {
  const findings: Finding[] = [];
  if (!zones.some(({ activeEngines }) => activeEngines.length > 0))
    findings.push(["inconclusive", "no zone that was lost had an active engine in it"]);
  if (!zones.some(({ databaseWriter }) => databaseWriter))
    findings.push(["inconclusive", "no zone that was lost had the database's writer in it"]);
  if (!zones.some(({ perSecond }) => perSecond.some(({ failed }) => failed > 0)))
    findings.push(["inconclusive", "no client noticed the loss of a zone"]);
  return findings;
}
