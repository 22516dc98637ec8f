import test from "ava";
import { summary } from "../../../automation/report/summary.ts";
import { zoneMeasurements, zoneRound } from "../drill/zones/rounds.ts";

test("a drill that lost zones says of each what was in it, what took over, and how errors went", (t) => {
  const perSecond = [80, 80, 60, 40, 0, 8, 0].map((failed) => ({ sent: 80, failed }));
  const short = zoneRound({
    ...{ zone: "us-east-1b", loss: "kill", databaseWriter: false, atMaximum: true },
    ...{ shortage: ["gateway-1: 0/6 nodes are available: 4 Insufficient cpu."], redundancySeconds: null },
  });
  const measured = zoneMeasurements(zoneRound({ perSecond }), short);
  const text = summary(
    { type: "evidence", verdict: "met", reasons: [], ...measured },
    "evidence.json",
    false,
  );
  const lines = text.split("\n");
  t.is(lines[1], "MET   us-east-1a (freeze) lost one after the other, nobody intervened");
  t.deepEqual(lines.slice(3, 18), [
    "errors       ended within 44.5 s of 60 s, in each zone",
    "",
    "us-east-1a   freeze: 4 pods, active engine-0, the database's writer",
    "             errors ended after 44.5 s; its address left the name after 31.2 s",
    "             standby took over: engine-0 6.1 s",
    "             database writable after 31.4 s; redundancy again after 76.3 s",
    "             failed, of each second's operations, full block = all:",
    "             ██▆▄ ▁",
    "",
    "us-east-1b   kill, autoscaler at its maximum: 4 pods, active engine-0",
    "             errors ended after 44.5 s; its address left the name after 31.2 s",
    "             standby took over: engine-0 6.1 s",
    "             redundancy again after never",
    "             no room: gateway-1: 0/6 nodes are available: 4 Insufficient cpu.",
    "             failed, of each second's operations, full block = all:",
  ]);
});
