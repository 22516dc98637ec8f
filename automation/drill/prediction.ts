/** A forecast against what happened: one that is far off is worth nothing on the day it is needed. */
import type { Forecast } from "../check/forecast.ts";
import { isUnknown } from "../fact.ts";
import type { Measurements, Prediction } from "../report/evidence.ts";
import type { Finding } from "../report/verdict.ts";
import type { Damaged } from "../simulate/restore.ts";
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
    ...NO_GAP,
  };
}

/** Undefined: nothing was said of a restore. @param fromGoSeconds null: orders were not taken again */
export function compareRestore(
  { at, restore }: Forecast,
  damaged: Damaged,
  { impactAt, fromGoSeconds }: { readonly impactAt: number; readonly fromGoSeconds: number | null },
): Prediction | undefined {
  if (isUnknown(restore)) return undefined;
  return {
    madeSeconds: seconds(impactAt, at),
    ...recoveryError(restore.of[damaged].fromGo.p50, fromGoSeconds),
    // The journal is whole, and says what the restored database lacks.
    ...NO_GAP,
  };
}

const NO_GAP = { gapEvents: null, gapErrorEvents: null, gapBoundEvents: null };

/** The one that is furthest off, by what it may be off; one that cannot be compared comes last. */
export function furthestOff(predictions: readonly Prediction[]): Prediction | undefined {
  const share = ({ rtoErrorSeconds, rtoBoundSeconds }: Prediction): number =>
    rtoErrorSeconds === null || rtoBoundSeconds === null ? -1 : Math.abs(rtoErrorSeconds) / rtoBoundSeconds;
  return predictions.toSorted((a, b) => share(b) - share(a))[0];
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

export function recoveryFindings({ prediction }: Pick<Measurements, "prediction">): readonly Finding[] {
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

/** @param lost acknowledged orders that were; without a cut nothing that was acknowledged goes */
export const orderError = (
  { loss: { orders } }: Forecast,
  lost: number,
): NonNullable<Prediction["orders"]> => ({
  lost: orders,
  error: orders - lost,
});

export function orderFindings({ prediction }: Pick<Measurements, "prediction">): readonly Finding[] {
  if (prediction?.orders === undefined || prediction.orders.error === 0) return [];
  const { lost, error } = prediction.orders;
  return [["failed", `${lost} acknowledged order(s) were predicted to be lost, ${lost - error} were`]];
}
