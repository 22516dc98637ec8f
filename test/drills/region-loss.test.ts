import test from "ava";
import { drill } from "./drill.ts";

test("a killed region: no acknowledged order lost, no split brain, orders again within the objective", async (t) => {
  const { evidence } = await drill(t, "region-loss");
  t.deepEqual(evidence.reasons, []);
  t.is(evidence.verdict, "met");
  t.is(evidence.rpo.lost, 0);
  t.true(evidence.rpo.acknowledged >= 2_000);
  t.like(evidence.integrity, {
    checksumsEqual: true,
    splitBrainWrites: 0,
    duplicates: 0,
    resurrected: 0,
    phantom: 0,
    staleAnswers: 0,
  });
  t.deepEqual(evidence.preview, { prod: 0, dr: 0 });
});
