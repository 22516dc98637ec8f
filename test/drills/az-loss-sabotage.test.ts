/** Drills that must fail. */
import test from "ava";
import { openSandbox } from "../../automation/commands/drill-world.ts";
import { azLossBy, CORES_PER_NODE } from "../../automation/drill/az-loss.ts";
import type { OpenWorld } from "../../automation/drill/world.ts";
import { drill } from "./drill.ts";

/** Each of the two zones left has half of what a zone has otherwise: together one zone's worth. */
const HALF_A_NODE = CORES_PER_NODE / 2;
const cut: OpenWorld = async (...given) => {
  const world = await openSandbox(...given);
  const lose: typeof world.zonal.lose = async (zone, loss) => {
    world.zonal.setCapacity("us-east-1", HALF_A_NODE);
    await world.zonal.lose(zone, loss);
  };
  return { ...world, zonal: { ...world.zonal, lose } };
};

test.serial(
  "sabotage: with one zone's worth of capacity left the drill fails, and shows the shortage",
  async (t) => {
    const scenario = azLossBy([{ which: "writer", loss: "kill", atMaximum: true }], 500);
    const { evidence } = await drill(t, "az-loss-capacity", {
      scenario,
      open: cut,
      options: { loss: "each" },
    });
    t.is(evidence.verdict, "failed");
    t.regex(
      evidence.reasons.join("\n"),
      /too little capacity in the zones left: .*: 0\/\d+ nodes are available: .*Insufficient cpu/,
    );
    t.is(evidence.rpo.lost, 0);
  },
);

test.serial(
  "sabotage: without hot standbys errors last until pods are rescheduled, and the drill fails",
  async (t) => {
    const scenario = azLossBy([{ which: "engine", loss: "kill", atMaximum: false }], 500);
    const { evidence } = await drill(t, "az-loss-alone", {
      scenario: { ...scenario, world: { ...scenario.world, standbys: "off" } },
      options: { loss: "each" },
    });
    t.true(["failed", "rto-missed"].includes(evidence.verdict), evidence.verdict);
    t.regex(evidence.reasons.join("\n"), /lost \(kill\): errors (ended after|had not ended after)/);
    t.is(evidence.rpo.lost, 0);
  },
);
