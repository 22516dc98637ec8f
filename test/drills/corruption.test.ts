import test from "ava";
import { corruption } from "../../automation/drill/corruption/scenario.ts";
import { drill } from "./drill.ts";

test("wrong rows, encrypted rows, then a journal rewritten to its head, under load: each found, halted, restored or rebuilt, replayed, resumed, and no acknowledged order lost", async (t) => {
  const { evidence } = await drill(t, "corruption", { scenario: corruption });
  t.deepEqual(evidence.reasons, []);
  t.is(evidence.verdict, "met");
  t.is(evidence.rpo.lost, 0);
  t.true(evidence.integrity.checksumsEqual);
  t.deepEqual(
    evidence.cases?.map(({ id, left, quarantined, exitCodes }) => ({ id, left, quarantined, exitCodes })),
    ["bad-deploy", "encryption", "poisoned-journal"].map((id) => ({
      id,
      left: [],
      quarantined: 0,
      exitCodes: [0, 0, 0, 0],
    })),
  );
  for (const one of evidence.cases ?? []) {
    t.regex(
      one.found ?? "",
      /^(orders|trades) of shard \d: .*; the journal says |^record \d+\.\d+ of shard 0 is not what was archived/,
    );
    t.true(one.eventsReplayed > 0);
  }
  t.deepEqual(evidence.preview, { prod: 0, dr: 0 });
});
