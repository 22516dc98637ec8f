/** The operator's go. In CI `--yes --confirm-target` gave it, and was checked before the run began. */
import { RefusedError, UsageError } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { decideHalt } from "../decide.ts";
import { type Facts, fact } from "../facts.ts";
import type { Ports } from "../ports.ts";

export const confirm: Step<Ports, Facts> = {
  id: "confirm",
  title: "the operator confirms by typing the target region",
  harmless: true,
  plan: (context) => `ask for the go: type ${fact(context, "mission").target}`,
  skip: ({ facts }) =>
    facts.goAt === undefined ? undefined : { state: "already-done", reason: "confirmed earlier in this run" },
  async run(context) {
    const { target, confirmation, endHalt } = fact(context, "mission");
    const halt = decideHalt(fact(context, "assessment").halted, endHalt);
    if (halt !== undefined) throw new RefusedError(halt);
    if (confirmation.kind === "ask") {
      const typed = await context.ports.operator.ask(
        `This moves production to ${target}. After it the only way back is a failover the other way. Type ${target} to go: `,
      );
      if (typed.trim() !== target) {
        throw new UsageError(`not confirmed: got "${typed.trim()}", must be ${target}. Nothing was changed`);
      }
    }
    await context.remember({ goAt: context.clock.wall() });
    return {
      detail: confirmation.kind === "ask" ? "confirmed by the operator" : "confirmed by --confirm-target",
    };
  },
};
