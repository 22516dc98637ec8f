import path from "node:path";
import test from "ava";
import { openSandboxWith } from "../../automation/commands/drill-world.ts";
import { drill } from "./drill.ts";

const STALE = path.join(import.meta.dirname, "staleActive.ts");

test.serial(
  "a region cut off from the others, which its clients still reach, leaves the public name by itself",
  async (t) => {
    const { evidence } = await drill(t, "partition", { options: { loss: "partition" } });
    t.deepEqual(evidence.reasons, []);
    t.is(evidence.verdict, "met");
    t.is(evidence.rpo.lost, 0);
    t.is(evidence.integrity.splitBrainWrites, 0);
  },
);

test.serial(
  "sabotage: /active kept on a failed read holds the name where nobody can trade until the engines there give up, and the drill fails",
  async (t) => {
    const { evidence } = await drill(t, "stale-active", {
      options: { loss: "partition" },
      open: (...given) => openSandboxWith({ workload: STALE }, ...given),
    });
    t.is(evidence.verdict, "failed");
    t.regex(evidence.reasons.join("; "), /^the predicted recovery time was -\d\d\.\d s off, /);
    t.is(evidence.integrity.splitBrainWrites, 0);
  },
);
