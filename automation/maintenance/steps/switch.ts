/** `maintenance` in the stack's config: what gateways say to clients, and what a preview shows to everybody else. */
import type { OnOff } from "../../../components/model.ts";
import type { Step } from "../../runbook/step.ts";
import { known, type MaintenanceContext, type MaintenanceFacts } from "../facts.ts";
import type { MaintenancePorts } from "../ports.ts";

export const flip: Step<MaintenancePorts, MaintenanceFacts> = {
  id: "switch",
  title: "set maintenance in the stack's config and deploy that one control item",
  plan: (context) =>
    `set maintenance ${known(context, "mission").maintenance}: one control item, nothing else`,
  async skip(context) {
    const { region, maintenance } = known(context, "mission");
    const { journal, stack } = context.ports;
    const said: readonly (OnOff | undefined)[] = [
      (await journal.control(region))?.maintenance,
      (await stack.deployed()).maintenance,
      await stack.writtenMaintenance(),
    ];
    if (said.some((value) => value !== maintenance)) return;
    await remember(context, { how: "already" });
    return {
      state: "already-done",
      reason: `maintenance is ${maintenance} in the stack file, the state and the table`,
    };
  },
  async run(context) {
    const { maintenance } = known(context, "mission");
    const { via, reason } = await context.ports.stack.flip({ maintenance });
    await remember(context, reason === undefined ? { how: via } : { how: via, reason });
    return {
      detail: `maintenance is ${maintenance}, ${via === "pulumi" ? "by Pulumi" : `by API (${reason ?? "--direct"})`}`,
    };
  },
  async verify(context) {
    const { region, maintenance } = known(context, "mission");
    const control = await context.ports.journal.control(region);
    if (control?.maintenance !== maintenance)
      throw new Error(`the control item of ${region} says maintenance ${control?.maintenance}`);
  },
};

const remember = (context: MaintenanceContext, via: MaintenanceFacts["via"]): Promise<void> =>
  context.remember({ via });
