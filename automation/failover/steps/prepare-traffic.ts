/** Plans the traffic switch while the engines load: the plan costs the recovery no time of its own. */
import { messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { type Context, type Facts, fact } from "../facts.ts";
import type { Flip, Ports } from "../ports.ts";

/** The second flip; by API when the first one went so. */
export function trafficFlip(context: Context): Flip {
  // A dry run has decided nothing: it shows what would be.
  const acceptGeneration = context.facts.generation ?? fact(context, "mission").seenGeneration + 1;
  const flip: Flip = { role: "active", traffic: "on", acceptGeneration };
  return context.facts.via?.how === "direct" ? { ...flip, direct: true } : flip;
}

export const prepareTraffic: Step<Ports, Facts> = {
  id: "prepare-traffic",
  title: "plan the traffic switch",
  plan: () => "plan role active and traffic on, without doing it",
  skip: (context) =>
    trafficFlip(context).direct
      ? { state: "skipped", reason: "it goes by API, as the scaling did" }
      : undefined,
  async run(context) {
    const reason = await context.ports.stack.prepare(trafficFlip(context)).catch(messageOf);
    return {
      detail: reason === undefined ? "one control item, nothing else" : `it will go by API: ${reason}`,
    };
  },
};
