/** Whether, and what can be proven. Changes nothing. */
import { TamperedError } from "../../../journal/errors.ts";
import { RefusedError } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { decideRebuild, describeSurvey } from "../decide.ts";
import { known, type RebuildContext, type RebuildFacts } from "../facts.ts";
import type { RebuildPorts } from "../ports.ts";

export const assess: Step<RebuildPorts, RebuildFacts> = {
  id: "assess",
  title: "see that nobody writes, and what of the journal the archive proves",
  async run(context) {
    const { region, shards } = known(context, "mission");
    const standings = await context.ports.damaged.standings();
    const surveys = await Promise.all(Array.from({ length: shards }, (_, shard) => survey(context, shard)));
    const refusal = decideRebuild(region, standings, surveys);
    if (refusal !== undefined) throw new RefusedError(`${refusal}. Nothing was changed`);
    await context.remember({ surveys });
    for (const one of surveys) context.note(describeSurvey(one));
    const total = (of: "rewritten" | "refused") => surveys.reduce((sum, one) => sum + one[of], 0);
    const [rewritten, refused] = [total("rewritten"), total("refused")];
    return {
      detail: `${rewritten} record(s) were rewritten and can be had again, ${refused} cannot`,
      data: { rewritten, refused },
    };
  },
};

async function survey({ ports }: RebuildContext, shard: number) {
  try {
    return await ports.damaged.survey(shard);
  } catch (error) {
    if (!(error instanceof TamperedError)) throw error;
    throw new RefusedError(`${error.message}. Nothing was changed`, { cause: error });
  }
}
