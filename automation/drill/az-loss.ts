/** Lose each zone of the active region in turn, under load, and nobody does anything about it. */
import { ZONE_SECONDS } from "../objectives.ts";
import { type Drill, known } from "./drill.ts";
import { previews, setUp, warmUp } from "./phases.ts";
import type { DrillPhase, Scenario } from "./scenario.ts";
import { takeEvidence } from "./testimony.ts";
import { activeAddresses } from "./witness/api.ts";
import { zoneFindings } from "./zones/findings.ts";
import { measureZones } from "./zones/measure.ts";
import { loseZone, type ZonePlan } from "./zones/rounds.ts";

/**
 * Any two zones have room for everything at its maximum, one alone has not: four nodes with two pods of 100m each, of ten
 * pods. A test holds it against the stack files, which say how many nodes and pods there are.
 */
export const CORES_PER_NODE = 0.2;
/** AWS says "often less than 30 seconds". https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html */
const DATABASE_FAILOVER_SECONDS = 30;

/** Each zone once, the database's writer by both kinds of loss, and both kinds at the autoscaler's maximum. */
export const EVERY_WAY: readonly ZonePlan[] = [
  { which: "writer", loss: "kill", atMaximum: false },
  { which: "writer", loss: "freeze", atMaximum: false },
  { which: "next", loss: "kill", atMaximum: true },
  { which: "writer", loss: "freeze", atMaximum: true },
];

const judgement: DrillPhase = {
  id: "judge",
  title: "every acknowledgement against journal, API and projection",
  async run(drill: Drill) {
    await drill.load?.stop();
    drill.load = undefined;
    const { prod } = known(drill.stacks, "stacks' outputs");
    // A returned zone's address answers when Kubernetes has reason to put a gateway there, and not before.
    const { elasticIps: addresses, listenerPort: port, publicName } = prod;
    const hosts = await activeAddresses({ addresses, port, publicName });
    drill.audit = await takeEvidence(drill, { stack: prod, lost: null, hosts });
  },
};

/** @param acknowledged writes, at least, for the verdict to say anything */
export const azLossBy = (plans: readonly ZonePlan[], acknowledged: number): Scenario => ({
  id: "az-loss",
  title: "zones of the active region are lost one after the other; nobody intervenes",
  targetSeconds: ZONE_SECONDS,
  promised: { coverage: [], acknowledged },
  world: { coresPerNode: CORES_PER_NODE, zoneFailoverSeconds: DATABASE_FAILOVER_SECONDS },
  phases: [setUp, warmUp, ...plans.map((plan, index) => loseZone(plan, index + 1)), judgement, previews],
  measure: measureZones,
  findings: zoneFindings,
});

export const azLoss = azLossBy(EVERY_WAY, 10_000);
