/** The restored cluster takes the damaged one's place in the program: a flip of config, with the state to match. */
import type { Step } from "../../runbook/step.ts";
import { known, type RestoreFacts } from "../facts.ts";
import type { RestorePorts } from "../ports.ts";

export const cutover: Step<RestorePorts, RestoreFacts> = {
  id: "cutover",
  title: "the program's database is the restored cluster: config flip, state import, clean preview",
  plan: (context) => {
    const { incarnation, restored } = known(context, "mission");
    return `set databaseIncarnation ${incarnation}, import ${restored} into the state, update what names the database`;
  },
  async run(context) {
    const { incarnation, restored } = known(context, "mission");
    const { changed } = await context.ports.cutover.flip({ incarnation, cluster: restored });
    await context.remember({ changed });
    return { detail: `the program's database is ${restored}, a preview is clean`, data: { changed } };
  },
  async verify(context) {
    const { restored } = known(context, "mission");
    const current = await context.ports.cutover.current();
    if (current !== restored) throw new Error(`Pulumi's state names ${current}, not ${restored}`);
  },
};
