/** What the run achieved, from its own record. */

import { HalfwayError } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { decideVerdict } from "../decide.ts";
import { type Context, type Facts, fact } from "../facts.ts";
import type { Ports } from "../ports.ts";

export const verdict: Step<Ports, Facts> = {
  id: "verdict",
  title: "verdict and evidence",
  plan: () => "judge recovery time and recovery point, and write evidence.json",
  async run(context) {
    const [failure] = context.failures.filter(({ step }) => step !== "verdict");
    const found = decideVerdict({
      recoverySeconds: (fact(context, "trafficMovedAt") - fact(context, "goAt")) / 1000,
      missing: await missing(context),
      degraded: failure && `${failure.step}: ${failure.message}`,
    });
    if (found.verdict === "degraded") throw new HalfwayError(found.message);
    await context.remember({ verdict: found });
    return { detail: found.message, data: found };
  },
};

/** Shards whose replica held something that the valid journal does not: a transaction that nobody may have lost. */
async function missing(context: Context): Promise<number> {
  const marks = context.facts.watermarks ?? [];
  const known = await Promise.all(
    marks.map(
      async (mark, shard) => mark === null || (await context.ports.journal.tail(shard, mark)) !== undefined,
    ),
  );
  return known.filter((isThere) => !isThere).length;
}
