/** A forecast against what happened: one that is far off is worth nothing on the day it is needed. */
import type { Forecast } from "../check/forecast.ts";
import type { Measurements, Prediction } from "../report/evidence.ts";
import type { Finding } from "../report/verdict.ts";
import { seconds } from "./recovery.ts";

/** Of the measured recovery time, or so many seconds: whichever is more. */
const RTO_SHARE = 0.2;
const RTO_SECONDS = 2;

export interface Happened {
  /** Milliseconds since 1970. */
  readonly impactAt: number;
  /** Null: nobody fenced. */
  readonly fencedAt: number | null;
  readonly rtoSeconds: number | null;
  readonly gapEvents: number | null;
}

export function compare({ at, recovery, loss }: Forecast, happened: Happened): Prediction {
  const { impactAt, fencedAt, rtoSeconds, gapEvents } = happened;
  const known = loss.databaseEvents !== null && gapEvents !== null;
  return {
    madeSeconds: seconds(impactAt, at),
    ...recoveryError(recovery.fromImpact.p50, rtoSeconds),
    gapEvents: loss.databaseEvents,
    gapErrorEvents: known ? (loss.databaseEvents ?? 0) - (gapEvents ?? 0) : null,
    gapBoundEvents:
      fencedAt === null ? null : Math.ceil((loss.eventsPerSecond * Math.max(0, fencedAt - at)) / 1000),
  };
}

/** @param errorsEndSeconds of the longest of all losses; null: in one they did not end */
export function compareZoneLoss(
  { at, zoneLoss }: Forecast,
  { impactAt, errorsEndSeconds }: { readonly impactAt: number; readonly errorsEndSeconds: number | null },
): Prediction {
  return {
    madeSeconds: seconds(impactAt, at),
    ...recoveryError(zoneLoss.p50, errorsEndSeconds),
    // The database fails over to a synchronous standby: there is no gap to foretell.
    ...{ gapEvents: null, gapErrorEvents: null, gapBoundEvents: null },
  };
}

const recoveryError = (predicted: number, measured: number | null) => ({
  rtoSeconds: predicted,
  rtoErrorSeconds: measured === null ? null : predicted - measured,
  rtoBoundSeconds: measured === null ? null : Math.max(RTO_SHARE * measured, RTO_SECONDS),
});

export function predictionFindings(measurements: Measurements): readonly Finding[] {
  const { prediction } = measurements;
  if (prediction === undefined) return recoveryFindings(measurements);
  const { gapErrorEvents, gapBoundEvents } = prediction;
  const findings = [...recoveryFindings(measurements)];
  if (gapErrorEvents === null)
    findings.push(["failed", "the predicted gap of the database was not shown to hold"]);
  else if (gapBoundEvents !== null && Math.abs(gapErrorEvents) > gapBoundEvents) {
    findings.push([
      "failed",
      `the predicted gap of the database was ${gapErrorEvents} event(s) off, the write rate allows ${gapBoundEvents}`,
    ]);
  }
  return findings;
}

export function recoveryFindings({ prediction }: Measurements): readonly Finding[] {
  if (prediction === undefined) return [["failed", "the readiness check predicted nothing"]];
  const { rtoErrorSeconds, rtoBoundSeconds } = prediction;
  // Without a recovery that is the finding, and others make it.
  if (rtoErrorSeconds === null || rtoBoundSeconds === null) return [];
  if (Math.abs(rtoErrorSeconds) <= rtoBoundSeconds) return [];
  return [
    [
      "failed",
      `the predicted recovery time was ${rtoErrorSeconds.toFixed(1)} s off, ${rtoBoundSeconds.toFixed(1)} s are allowed`,
    ],
  ];
}
