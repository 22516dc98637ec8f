/** Drills of corruption that must fail. */
import test from "ava";
import { DAMAGES, poisonedJournal } from "../../automation/drill/corruption/damage.ts";
import { corruptionBy } from "../../automation/drill/corruption/scenario.ts";
import { drill } from "./drill.ts";

test.serial(
  "sabotage: a journal that verifies by itself, and that nobody holds against its archive: the drill fails",
  async (t) => {
    const scenario = corruptionBy([{ ...poisonedJournal, mend: () => null }]);
    const { evidence } = await drill(t, "corruption-unarchived", { scenario });
    t.log(evidence.reasons);
    t.is(evidence.verdict, "rpo-missed");
    t.true(evidence.rpo.lost > 0);
  },
);

test.serial("sabotage: wrong rows that nobody restores from: the drill fails", async (t) => {
  const scenario = corruptionBy(DAMAGES.slice(0, 1).map((damage) => ({ ...damage, mend: () => null })));
  const { evidence } = await drill(t, "corruption-unrestored", { scenario });
  t.log(evidence.reasons);
  // An acknowledged order that the projection tells otherwise counts as lost.
  t.is(evidence.verdict, "rpo-missed");
});
