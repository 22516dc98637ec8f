/** The operator's go, with the cut in view. In CI `--yes --confirm-region` gave it, and was checked before. */
import { UsageError } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { describeCuts } from "../decide.ts";
import { known, type RestoreFacts } from "../facts.ts";
import type { RestorePorts } from "../ports.ts";

export const confirm: Step<RestorePorts, RestoreFacts> = {
  id: "confirm",
  title: "the operator confirms by typing the region",
  harmless: true,
  plan: (context) => `ask for the go: type ${known(context, "mission").region}`,
  skip: ({ facts }) =>
    facts.goAt === undefined ? undefined : { state: "already-done", reason: "confirmed earlier in this run" },
  async run(context) {
    const { region, confirmation } = known(context, "mission");
    if (confirmation === "ask") {
      const cuts = describeCuts(known(context, "cuts")).join("\n");
      const typed = await context.ports.operator.ask(
        `${cuts}\nWhat goes never comes back into the journal. Type ${region} to go: `,
      );
      if (typed.trim() !== region) {
        throw new UsageError(`not confirmed: got "${typed.trim()}", must be ${region}. Nothing was changed`);
      }
    }
    await context.remember({ goAt: context.clock.wall() });
    return { detail: confirmation === "ask" ? "confirmed by the operator" : "confirmed by --confirm-region" };
  },
};
