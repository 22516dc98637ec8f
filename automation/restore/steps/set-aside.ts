/** The damaged database is evidence: kept, under another name, read-only. Nobody follows the journal into it any more. */
import type { Step } from "../../runbook/step.ts";
import { known, type RestoreFacts } from "../facts.ts";
import type { RestorePorts } from "../ports.ts";

export const setAside: Step<RestorePorts, RestoreFacts> = {
  id: "set-aside",
  title: "rename the damaged database and make it read-only",
  plan: (context) => {
    const { damaged, kept } = known(context, "mission");
    return `rename ${damaged} to ${kept}, read-only`;
  },
  async run(context) {
    const { damaged, kept } = known(context, "mission");
    await context.ports.database.setAside(damaged, kept);
    return { detail: `${damaged} is ${kept} now, read-only` };
  },
  async verify(context) {
    const { damaged, kept } = known(context, "mission");
    const { database } = context.ports;
    if ((await database.cluster(kept)) === undefined) throw new Error(`there is no cluster ${kept}`);
    if ((await database.cluster(damaged)) !== undefined)
      throw new Error(`${damaged} still answers to its name`);
  },
};
