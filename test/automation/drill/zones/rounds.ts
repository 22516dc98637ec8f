/** Losses of zones in which all went well; tests change what they are about. */
import type { ZoneRound } from "../../../../automation/report/evidence.ts";
import { measurements } from "../measurements.ts";

export const zoneRound = (change: Partial<ZoneRound> = {}): ZoneRound => ({
  ...{ zone: "us-east-1a", loss: "freeze", lostAt: "2026-11-23T12:01:00.000Z", watchedSeconds: 84 },
  ...{ databaseWriter: true, activeEngines: ["engine-0"], pods: 4, atMaximum: false },
  ...{ errorsEndSeconds: 44.5, nameLeftSeconds: 31.2, takeoverSeconds: { "engine-0": 6.1 } },
  ...{ databaseWritableSeconds: 31.4, redundancySeconds: 76.3, shortage: [] },
  perSecond: [
    { sent: 80, failed: 40 },
    { sent: 80, failed: 0 },
  ],
  ...change,
});

export const zoneMeasurements = (...zones: readonly ZoneRound[]) => {
  const good = measurements();
  const longest = Math.max(
    ...zones.map(({ errorsEndSeconds, watchedSeconds }) => errorsEndSeconds ?? watchedSeconds),
  );
  return measurements({
    ...{ scenario: "az-loss", lost: "us-east-1a (freeze)", target: "us-east-1", failover: null, zones },
    rto: { ...good.rto, targetSeconds: 60, fromImpactSeconds: longest },
    prediction: {
      ...{ madeSeconds: -8, rtoSeconds: 48, rtoErrorSeconds: 3.5, rtoBoundSeconds: 8.9 },
      ...{ gapEvents: null, gapErrorEvents: null, gapBoundEvents: null },
    },
  });
};
