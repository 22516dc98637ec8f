/** How every shard stands before anything is done. Changes nothing. */
import type { Step } from "../../runbook/step.ts";
import { known, type MaintenanceFacts } from "../facts.ts";
import type { MaintenancePorts } from "../ports.ts";

export const assess: Step<MaintenancePorts, MaintenanceFacts> = {
  id: "assess",
  title: "see how every shard stands",
  async run(context) {
    const mission = known(context, "mission");
    const before = await context.ports.journal.standings();
    await context.remember({ before });
    const halted = before.filter(({ halt }) => halt !== null).length;
    return {
      detail: `${mission.region} is active (generation ${mission.generation}), ${halted} of ${mission.shards} shard(s) halted`,
      data: { shards: before },
    };
  },
};
