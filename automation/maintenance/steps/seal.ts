/**
 * The seals that halt every shard, or end the halt. A halt comes first, before any switch: from here on nobody can
 * write, a frozen engine that wakes included.
 */
import { FenceError, messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { unproven } from "../decide.ts";
import { known, type MaintenanceContext, type MaintenanceFacts } from "../facts.ts";
import type { MaintenancePorts } from "../ports.ts";

const sealing = (reason: "halt" | "resume"): Step<MaintenancePorts, MaintenanceFacts> => ({
  id: reason,
  title:
    reason === "halt"
      ? "seal every shard: nobody may write any more"
      : "seal over the halt of every shard: engines may write again",
  plan: (context) => `put a ${reason} seal into ${known(context, "mission").shards} shard(s)`,
  async run(context) {
    const { generation, region, shards } = known(context, "mission");
    const by = { generation, region, runId: context.run.id };
    const results = await Promise.allSettled(
      Array.from({ length: shards }, (_, shard) => context.ports.journal.seal(shard, reason, by)),
    );
    const failed = results.flatMap((result, shard) =>
      result.status === "rejected" ? [`shard ${shard}: ${messageOf(result.reason)}`] : [],
    );
    if (failed.length > 0) throw notProven(reason, failed);
    const standings = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    await context.remember({ standings, sealedAt: context.clock.wall() });
    const places = standings.map(({ head }) => head.seq).join(", ");
    return {
      detail: `${shards} shard(s) ${reason === "halt" ? "halted" : "resumed"} at ${places}`,
      data: { shards: standings },
    };
  },
  async verify(context) {
    await prove(context, reason);
  },
});

/** Looks again, from outside of what was just written. */
async function prove(context: MaintenanceContext, reason: "halt" | "resume"): Promise<void> {
  const { region, generation } = known(context, "mission");
  const standings = await context.ports.journal.standings();
  const problems = unproven(standings, { region, generation, halted: reason === "halt" });
  if (problems.length > 0) throw notProven(reason, problems);
}

const notProven = (reason: "halt" | "resume", problems: readonly string[]): FenceError =>
  new FenceError(
    reason === "halt"
      ? `the halt is not proven, writes may still be accepted: ${problems.join("; ")}. The same command tries again`
      : `the halt may still hold: ${problems.join("; ")}. The same command tries again`,
  );

export const halt = sealing("halt");
export const resume = sealing("resume");
