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
  const predicted = recovery.fromImpact.p50;
  const known = loss.databaseEvents !== null && gapEvents !== null;
  return {
    madeSeconds: seconds(impactAt, at),
    rtoSeconds: predicted,
    rtoErrorSeconds: rtoSeconds === null ? null : predicted - rtoSeconds,
    rtoBoundSeconds: rtoSeconds === null ? null : Math.max(RTO_SHARE * rtoSeconds, RTO_SECONDS),
    gapEvents: loss.databaseEvents,
    gapErrorEvents: known ? (loss.databaseEvents ?? 0) - (gapEvents ?? 0) : null,
    gapBoundEvents:
      fencedAt === null ? null : Math.ceil((loss.eventsPerSecond * Math.max(0, fencedAt - at)) / 1000),
  };
}

export function predictionFindings({ prediction }: Measurements): readonly Finding[] {
  if (prediction === undefined) return [["failed", "the readiness check predicted nothing"]];
  const { rtoErrorSeconds, rtoBoundSeconds, gapErrorEvents, gapBoundEvents } = prediction;
  const findings: Finding[] = [];
  // Without a recovery that is the finding, and others make it.
  if (rtoErrorSeconds !== null && rtoBoundSeconds !== null && Math.abs(rtoErrorSeconds) > rtoBoundSeconds) {
    findings.push([
      "failed",
      `the predicted recovery time was ${rtoErrorSeconds.toFixed(1)} s off, ${rtoBoundSeconds.toFixed(1)} s are allowed`,
    ]);
  }
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
