/** A drill in which all went well; tests change what they are about. */
import type { Measurements } from "../../../automation/report/evidence.ts";
import type { Promised } from "../../../automation/report/verdict.ts";

export const PROMISED: Promised = {
  coverage: [
    ...(["inFlightAtKill", "gapsAtSeal", "orphans", "lostAnswers", "lateLandings"] as const),
    ...(["measuredGapEvents", "answersAfterReturn"] as const),
  ],
  acknowledged: 2_000,
};

export const measurements = (change: Partial<Measurements> = {}): Measurements => ({
  id: "region-loss-1",
  scenario: "region-loss",
  startedAt: "2026-11-23T12:00:00.000Z",
  commit: "0123456789abcdef0123456789abcdef01234567",
  lost: "us-east-1",
  target: "us-west-2",
  options: { rate: 80, clients: 40, seed: 7, latency: "none", dns: "route53", loss: "kill" },
  rto: {
    targetSeconds: 300,
    fromImpactSeconds: 51.4,
    fromGoSeconds: 50.5,
    everyResolverSeconds: 63.9,
    criticalPathSeconds: 60,
    criticalPath: [
      { name: "loss detected: the journal's heartbeat silent", boundSeconds: 15, measuredSeconds: 15.2 },
      { name: "health checks: 3 × 10 s", boundSeconds: 30, measuredSeconds: 24 },
      { name: "DNS TTL", boundSeconds: 15, measuredSeconds: 3 },
    ],
    ownOverheadSeconds: 9.4,
    phases: [
      { name: "assess", startSeconds: 0.9, endSeconds: 16.1 },
      { name: "fence", startSeconds: 16.1, endSeconds: 16.4 },
      { name: "scale", startSeconds: 16.4, endSeconds: 20.2 },
      { name: "promote", startSeconds: 16.4, endSeconds: 18.4 },
      { name: "rebuild", startSeconds: 20.2, endSeconds: 21.5 },
      { name: "traffic", startSeconds: 22.0, endSeconds: 55.0 },
    ],
  },
  rpo: {
    acknowledged: 5_812,
    lost: 0,
    unknown: 12,
    unknownRecovered: 240,
    predictedGapEvents: 31,
    measuredGapEvents: 31,
  },
  prediction: {
    ...{ madeSeconds: -4, rtoSeconds: 53, rtoErrorSeconds: 1.6, rtoBoundSeconds: 10.3 },
    ...{ gapEvents: 40, gapErrorEvents: 9, gapBoundEvents: 2_400 },
  },
  clients: {
    ...{ sent: 9_000, ok: 6_100, failed: 2_900, neverAppended: 800 },
    ...{ p50OutageSeconds: 56.2, maxOutageSeconds: 63.8, stragglers: 2, pinned: 2 },
  },
  integrity: {
    ...{ checksumsEqual: true, splitBrainWrites: 0, duplicates: 0, resurrected: 0 },
    ...{ phantom: 0, staleAnswers: 0, brokenLinks: 0 },
  },
  coverage: {
    ...{ inFlightAtKill: 6, gapsAtSeal: 2, orphans: 3, lostAnswers: 2, lateLandings: 2 },
    ...{ measuredGapEvents: 31, answersAfterReturn: 140 },
  },
  databaseWritableSeconds: 18.4,
  failover: { run: "20261123-120000-abcd", exitCode: 0 },
  preview: { prod: 3, dr: 0 },
  engine: "3.230.0",
  modelled: ["DynamoDB: dynalite behind a model of the 2-of-3 rule"],
  ...change,
});
