/**
 * The point of no return: the decision is put, then every shard is sealed under it. Before the put an abort is
 * free; after it the only way back is a failover the other way.
 */
import { FenceError, LockedError, messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { type Context, type Facts, fact } from "../facts.ts";
import type { Ports, ShardFence } from "../ports.ts";

export const fence: Step<Ports, Facts> = {
  id: "fence",
  title: "put the decision, then seal every shard so that the old region cannot acknowledge",
  plan: (context) => {
    const { target, seenGeneration, shards } = fact(context, "mission");
    return `put generation ${seenGeneration + 1} with ${target} active, then seal ${shards} shard(s)`;
  },
  async run(context) {
    const generation = await decide(context);
    const { target, shards, endHalt: endsHalt } = fact(context, "mission");
    const seal = { generation, region: target, runId: context.run.id, endsHalt };
    const results = await Promise.allSettled(
      Array.from({ length: shards }, (_, shard) => context.ports.journal.fence(shard, seal)),
    );
    const failed = results.flatMap((result, shard) =>
      result.status === "rejected" ? [`shard ${shard}: ${messageOf(result.reason)}`] : [],
    );
    if (failed.length > 0) throw new FenceError(notProven(generation, failed));
    const fences = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    await context.remember({ fences });
    const gapsAtSeal = fences.reduce((sum, { gapsAtSeal: gaps }) => sum + gaps, 0);
    const orphans = fences.reduce((sum, { orphans: beyond }) => sum + beyond, 0);
    return {
      detail: `generation ${generation}, ${shards} shard(s) sealed at ${fences.map(({ base }) => base.seq).join(", ")}`,
      data: { generation, gapsAtSeal, orphans, shards: fences },
    };
  },
  async verify(context) {
    const generation = fact(context, "generation");
    const { target } = fact(context, "mission");
    const wrong = fact(context, "fences").filter((one) => !holds(one, generation, target));
    if (wrong.length > 0) {
      throw new FenceError(
        notProven(
          generation,
          wrong.map(
            ({ shard, region, generation: found }) => `shard ${shard} is ${region}'s, generation ${found}`,
          ),
        ),
      );
    }
  },
};

const holds = (one: ShardFence, generation: number, target: string): boolean =>
  one.generation === generation && one.region === target;

const notProven = (generation: number, problems: readonly string[]): string =>
  `the fence of generation ${generation} is not proven, the old region may still acknowledge: ${problems.join("; ")}. The same command tries again`;

/** The generation of this run's decision, put now or found from an earlier start. */
async function decide(context: Context): Promise<number> {
  const { target, seenGeneration } = fact(context, "mission");
  const generation = seenGeneration + 1;
  await context.remember({ generation });
  const { journal } = context.ports;
  const runId = context.run.id;
  if (await journal.decide({ generation, active: target, runId })) return generation;
  // A put whose answer was lost looks like a rival's: what stands tells them apart.
  const standing = await journal.decision();
  if (standing.generation === generation && standing.runId === runId) return generation;
  throw new LockedError(
    `generation ${standing.generation} was decided meanwhile by run ${standing.runId}: ${standing.active} is active`,
  );
}
