import test from "ava";
import { azLossBy } from "../../automation/drill/az-loss.ts";
import { drill } from "./drill.ts";

test("the zone of the database's writer and of an active engine freezes: errors end by themselves, nothing acknowledged is lost", async (t) => {
  const scenario = azLossBy([{ which: "writer", loss: "freeze", atMaximum: false }], 1_000);
  const { evidence } = await drill(t, "az-loss", { scenario, options: { loss: "each" } });
  t.log(JSON.stringify({ ...evidence.zones?.[0], perSecond: undefined }));
  t.deepEqual(evidence.reasons, []);
  t.is(evidence.verdict, "met");
  t.is(evidence.rpo.lost, 0);
  t.is(evidence.failover, null, "nobody intervened");
  const [round] = evidence.zones ?? [];
  t.true(round?.databaseWriter);
  t.true((round?.activeEngines.length ?? 0) > 0);
  t.true((evidence.clients.maxOutageSeconds ?? Infinity) <= 60);
});
