import test from "ava";
import { azLoss } from "../../../../automation/drill/az-loss.ts";
import { zoneFindings } from "../../../../automation/drill/zones/findings.ts";
import type { ZoneRound } from "../../../../automation/report/evidence.ts";
import { judge } from "../../../../automation/report/verdict.ts";
import { zoneMeasurements, zoneRound } from "./rounds.ts";

const judged = (...zones: readonly ZoneRound[]) => {
  const measured = zoneMeasurements(...zones);
  const { verdict, reasons } = judge(measured, { coverage: [], acknowledged: 1_000 }, zoneFindings(measured));
  return [verdict, ...reasons];
};

test("errors that end in time in every zone, with nobody's help: met", (t) => {
  t.deepEqual(judged(zoneRound(), zoneRound({ zone: "us-east-1b", databaseWriter: false })), ["met"]);
});

test("too little capacity in the zones left fails the drill, in Kubernetes' own words", (t) => {
  const line = "engine-0-1: 0/6 nodes are available: 2 node(s) were not ready, 4 Insufficient cpu.";
  t.deepEqual(judged(zoneRound({ shortage: [line], redundancySeconds: null })), [
    "failed",
    `us-east-1a lost (freeze): too little capacity in the zones left: ${line}`,
  ]);
});

test("a Deployment that does not get whole again fails the drill", (t) => {
  t.deepEqual(judged(zoneRound({ redundancySeconds: null })), [
    "failed",
    "us-east-1a lost (freeze): not every Deployment was whole again",
  ]);
});

test("errors that last longer than a minute in one zone miss the objective, however short in the others", (t) => {
  t.deepEqual(judged(zoneRound(), zoneRound({ zone: "us-east-1b", loss: "kill", errorsEndSeconds: 60.5 })), [
    "rto-missed",
    "RTO 60.5 s, objective 60 s",
    "us-east-1b lost (kill): errors ended after 60.5 s",
  ]);
});

test("without standbys nobody takes over, and errors do not end", (t) => {
  const alone = zoneRound({ errorsEndSeconds: null, takeoverSeconds: { "engine-0": null } });
  t.deepEqual(judged(alone), [
    "failed",
    "RTO 84.0 s, objective 60 s",
    "us-east-1a lost (freeze): errors had not ended after 84 s",
    "us-east-1a lost (freeze): no other engine-0 took over",
  ]);
});

test("a forecast that was far off fails the drill, and so does none", (t) => {
  const { prediction, ...measured } = zoneMeasurements(zoneRound());
  const failed = (of: Parameters<typeof zoneFindings>[0]) => zoneFindings(of);
  t.deepEqual(failed(measured), [["failed", "the readiness check predicted nothing"]]);
  const far = { madeSeconds: -8, rtoSeconds: 70, rtoErrorSeconds: 25.5, rtoBoundSeconds: 8.9 };
  t.deepEqual(failed({ ...measured, ...(prediction && { prediction: { ...prediction, ...far } }) }), [
    ["failed", "the predicted recovery time was 25.5 s off, 8.9 s are allowed"],
  ]);
});

test("zones without an engine, without the database's writer, or that nobody missed, prove nothing", (t) => {
  const quiet = { activeEngines: [], takeoverSeconds: {}, databaseWriter: false, perSecond: [] };
  t.deepEqual(judged(zoneRound(quiet)), [
    "inconclusive",
    "no zone that was lost had an active engine in it",
    "no zone that was lost had the database's writer in it",
    "no client noticed the loss of a zone",
  ]);
});

test("the scenario loses the writer's zone both ways, every zone, and both ways at the autoscaler's maximum", (t) => {
  t.is(azLoss.targetSeconds, 60);
  t.deepEqual(
    azLoss.phases.map(({ id, title }) => `${id}: ${title}`),
    [
      "set-up: deploy both regions with the real engine",
      "warm-up: clients start, by the public name",
      "zone-1: the zone of the database's writer is lost (kill)",
      "zone-2: the zone of the database's writer is lost (freeze)",
      "zone-3: a zone not lost yet is lost (kill), the autoscaler at its maximum",
      "zone-4: the zone of the database's writer is lost (freeze), the autoscaler at its maximum",
      "judge: every acknowledgement against journal, API and projection",
      "preview: what a plain preview of each stack would do now",
    ],
  );
});
