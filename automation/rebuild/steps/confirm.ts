/** The operator's go, with what stays in view. In CI `--yes --confirm-region` gave it, and was checked before. */
import { UsageError } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { describeSurvey } from "../decide.ts";
import { known, type RebuildFacts } from "../facts.ts";
import type { RebuildPorts } from "../ports.ts";

export const confirm: Step<RebuildPorts, RebuildFacts> = {
  id: "confirm",
  title: "the operator confirms by typing the region",
  harmless: true,
  plan: (context) => `ask for the go: type ${known(context, "mission").region}`,
  async run(context) {
    const { region, confirmation, from } = known(context, "mission");
    if (confirmation === "ask") {
      const lines = known(context, "surveys").map(describeSurvey).join("\n");
      const typed = await context.ports.operator.ask(
        `${lines}\n${from} is closed for good. Type ${region} to go: `,
      );
      if (typed.trim() !== region) {
        throw new UsageError(`not confirmed: got "${typed.trim()}", must be ${region}. Nothing was changed`);
      }
    }
    await context.remember({ goAt: context.clock.wall() });
    return { detail: confirmation === "ask" ? "confirmed by the operator" : "confirmed by --confirm-region" };
  },
};
