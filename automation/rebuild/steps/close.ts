/** The point of no return: a `move` seal in every shard of the damaged table, over which nobody ever seals. */
import { FenceError, messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { known, type RebuildFacts } from "../facts.ts";
import type { RebuildPorts } from "../ports.ts";

export const close: Step<RebuildPorts, RebuildFacts> = {
  id: "close",
  title: "close the damaged table for good: a move seal in every shard",
  plan: (context) => `put a move seal into every shard of ${known(context, "mission").from}`,
  async run(context) {
    const { generation, region, shards, from } = known(context, "mission");
    const by = { generation, region, runId: context.run.id };
    const results = await Promise.allSettled(
      Array.from({ length: shards }, (_, shard) => context.ports.damaged.close(shard, by)),
    );
    const failed = results.flatMap((result, shard) =>
      result.status === "rejected" ? [`shard ${shard}: ${messageOf(result.reason)}`] : [],
    );
    if (failed.length > 0)
      throw new FenceError(`not every shard is closed: ${failed.join("; ")}. The same command tries again`);
    return { detail: `${shards} shard(s) of ${from} are closed for good` };
  },
  async verify(context) {
    const open = (await context.ports.damaged.standings()).filter(({ halt }) => halt?.reason !== "move");
    if (open.length > 0) throw new Error(`shard ${open.map(({ shard }) => shard).join(", ")} is not closed`);
  },
};
