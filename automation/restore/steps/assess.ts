/** Whether, from where and up to where. Changes nothing. */
import { NotInLogError } from "../../../journal/errors.ts";
import { RefusedError } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { decideRestore, describeCuts } from "../decide.ts";
import { known, type RestoreContext, type RestoreFacts } from "../facts.ts";
import type { RestorePorts, ShardCut } from "../ports.ts";
import { iso, wholeSecond } from "../times.ts";

export const assess: Step<RestorePorts, RestoreFacts> = {
  id: "assess",
  title: "see that nobody writes, what can be restored, and where the journal would be cut",
  async run(context) {
    const mission = known(context, "mission");
    const { journal, database } = context.ports;
    const [standings, source, cuts] = await Promise.all([
      journal.standings(),
      database.cluster(mission.damaged),
      cutsOf(context),
    ]);
    const refusal = decideRestore({
      ...mission,
      ...{ standings, cuts, now: context.clock.wall(), window: source?.window },
    });
    if (refusal !== undefined) throw new RefusedError(`${refusal}. Nothing was changed`);
    await context.remember({ cuts, instances: source?.instances.length ?? 1 });
    for (const line of describeCuts(cuts)) context.note(line);
    return {
      detail: `${mission.damaged} can be restored to ${iso(wholeSecond(mission.restoreTo))}, beside it, as ${mission.restored}`,
      data: { cuts },
    };
  },
};

async function cutsOf(context: RestoreContext): Promise<readonly ShardCut[]> {
  try {
    return await context.ports.journal.cuts(known(context, "mission").cut);
  } catch (error) {
    if (!(error instanceof NotInLogError)) throw error;
    throw new RefusedError(`--cut: ${error.message}. Nothing was changed`, { cause: error });
  }
}
