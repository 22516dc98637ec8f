import test from "ava";
import type { Evidence } from "../../../automation/report/evidence.ts";
import { summary } from "../../../automation/report/summary.ts";
import { measurements } from "../drill/measurements.ts";

const evidence = (change: Partial<Evidence> = {}): Evidence => ({
  type: "evidence",
  ...measurements(),
  verdict: "met",
  reasons: [],
  ...change,
});

const WHOLE = `────────────────────────────────────────────────────────────────────────
MET   us-east-1 lost (kill), us-west-2 took over

RTO          51.4 s of 300 s, to a fresh client's first write
             50.5 s from the operator's go
             9.4 s our own work, 42.0 s unavoidable:
               15.0 s  loss detected: the journal's heartbeat silent
               24.0 s  health checks: 3 × 10 s
                3.0 s  DNS TTL
             every resolver led there after 63.9 s
             database writable after 18.4 s
predicted    53.0 s by dr check before the loss, 1.6 s off
             database behind by 40 events, 9 off; the write rate allows 2,400

  assess            ███████████                             0.9 – 16.1 s
  fence                        █                            16.1 – 16.4 s
  scale                        ███                          16.4 – 20.2 s
  promote                      █                            16.4 – 18.4 s
  rebuild                         █                         20.2 – 21.5 s
  traffic                          ████████████████████████ 22.0 – 55.0 s

RPO          0 lost of 5,812 acknowledged writes
             without an answer 12; settled by asking again 240
             database behind by 31 events, predicted 31
integrity    0 split-brain writes, 0 duplicates, 0 cancels undone
             0 phantom orders, 0 stale answers, 0 broken links
             projection equals a second fold of the journal
coverage     6 writes in flight at the loss: 2 applied unanswered, 2 landed later
             2 gaps at the seal, 3 orphans beyond it
             140 requests answered by the old region after its return

clients      9,000 operations, 6,100 good, 2,900 failed
             outage: half of them within 56.2 s, all within 63.8 s
             2 never moved, of them 2 that ignore the TTL for ever
after it     preview: prod 3 operations, dr 0 operations

run          seed 7, 80 operations/s by 40 clients, latency none, route53
             Pulumi 3.230.0, commit 0123456789ab
evidence     evidence/region-loss-1/evidence.json

A model here, not the real thing:
  · DynamoDB: dynalite behind a model of the 2-of-3 rule
────────────────────────────────────────────────────────────────────────`;

test("the answer comes first, then what it rests on", (t) => {
  t.is(summary(evidence(), "evidence/region-loss-1/evidence.json", false), WHOLE);
});

test("a verdict other than met says why", (t) => {
  const reasons = ["2 acknowledged writes lost, of 5812"];
  const lines = summary(evidence({ verdict: "rpo-missed", reasons }), "e.json", false).split("\n");
  t.deepEqual(lines.slice(1, 3), [
    "RPO MISSED   us-east-1 lost (kill), us-west-2 took over",
    "  · 2 acknowledged writes lost, of 5812",
  ]);
});

test("what never happened is said so, not shown as a number", (t) => {
  const { rto } = measurements();
  const never = {
    ...rto,
    fromImpactSeconds: null,
    fromGoSeconds: null,
    ownOverheadSeconds: null,
    phases: [],
  };
  const text = summary(evidence({ rto: never, databaseWritableSeconds: null }), "e.json", false);
  t.regex(text, /us-east-1 lost \(kill\), us-west-2 did not take over/);
  t.regex(text, /RTO {10}never of 300 s/);
  t.regex(text, /database writable after never/);
});

test("a corruption says of each damage how long it took from the go, and what was foretold; the worst counts", (t) => {
  const foretold = {
    ...{ madeSeconds: -4, rtoSeconds: 25, rtoErrorSeconds: -5.5, rtoBoundSeconds: 6.1 },
    ...{ gapEvents: null, gapErrorEvents: null, gapBoundEvents: null },
  };
  const one = {
    ...{ id: "bad-deploy", title: "a bad release", found: "orders of shard 0", haltedSeconds: 5 },
    ...{ restoreSeconds: 4, replaySeconds: 0.5, eventsReplayed: 900, quarantined: 0, servedSeconds: 33.1 },
    ...{ fromGoSeconds: 30.5, left: [], exitCodes: [0], prediction: foretold },
  };
  const prediction = { ...foretold, orders: { lost: 0, error: 0 } };
  const text = summary(evidence({ cases: [one], prediction }), "e.json", false);
  t.true(
    text.includes("30.5 s from the operator's go, predicted 25.0 s by dr check before the damage, 5.5 s off"),
  );
  t.regex(
    text,
    /^predicted {4}at worst 25\.0 s by dr check before the damage, 5\.5 s off\n {13}0 orders lost, 0 off$/m,
  );
});

test("colour only where a terminal shows it", (t) => {
  t.false(summary(evidence(), "e.json", false).includes("\x1b"));
  t.true(summary(evidence(), "e.json", true).includes("\x1b[1;32mMET\x1b[0m"));
});

test("no line is wider than a terminal of 110 columns", (t) => {
  for (const line of summary(evidence(), "e.json", false).split("\n")) t.true(line.length <= 110, line);
});
