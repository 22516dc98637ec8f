/** Waits until the projection holds everything up to the seal, hash for hash. */
import type { Anchor } from "../../../journal/model.ts";
import { messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { type NotYet, until } from "../../runbook/wait.ts";
import { type Context, type Facts, fact } from "../facts.ts";
import type { Ports, ShardFence } from "../ports.ts";

const LIMIT_MILLISECONDS = 20 * 60_000;
const LOOK_MILLISECONDS = 500;

export const catchUp: Step<Ports, Facts> = {
  id: "catch-up",
  title: "the projection catches up with the seal",
  plan: () => "wait until every shard's watermark is at the seal with the journal's hash",
  async run(context) {
    const fences = fact(context, "fences").filter(({ base }) => base.seq > 0);
    await until(() => look(context, fences), {
      limitMilliseconds: LIMIT_MILLISECONDS,
      intervalMilliseconds: LOOK_MILLISECONDS,
      clock: context.clock,
      signal: context.signal,
      say: context.wait,
    });
    const measuredGapEvents = await measuredGap(context, fences);
    await context.remember({ measuredGapEvents });
    return {
      detail: `projection at the seal; the promoted database had missed ${measuredGapEvents ?? "an unknown number of"} event(s)`,
      data: { measuredGapEvents },
    };
  },
};

async function look(context: Context, fences: readonly ShardFence[]): Promise<{ done: true } | NotYet> {
  const status = await context.ports.gateway.status().catch((error: unknown) => messageOf(error));
  if (typeof status === "string") return { waitingFor: `a gateway of the target region: ${status}` };
  const { projector } = status;
  if (projector === null) return { waitingFor: "the projector to answer" };
  const [stopped] = projector.stopped;
  if (stopped !== undefined)
    return { waitingFor: `the projector of shard ${stopped.shard}: ${stopped.reason}` };
  if (!projector.writable) return { waitingFor: "the database to take writes" };
  for (const { shard, base } of fences) {
    const mark = projector.watermarks.find((one) => one.shard === shard);
    if (mark === undefined || mark.seq < base.seq) {
      return { waitingFor: `shard ${shard} of the projection: at ${mark?.seq ?? 0} of ${base.seq}` };
    }
    if ((await context.ports.journal.tail(shard, mark)) === undefined) {
      throw new Error(
        `the projection of shard ${shard} holds ${mark.hash} at seq ${mark.seq}, which is not in the valid journal`,
      );
    }
  }
  return { done: true };
}

/** Events between what the replica held when it was promoted and the seal; null: the replica could not be read. */
async function measuredGap(context: Context, fences: readonly ShardFence[]): Promise<number | null> {
  const marks = context.facts.watermarks ?? null;
  if (marks === null) return null;
  const tails = await Promise.all(
    fences.map(({ shard, base }) => {
      const mark: Anchor | null = marks[shard] ?? null;
      if (mark !== null && mark.seq >= base.seq) return { events: 0 };
      return context.ports.journal.tail(shard, mark ?? undefined, base);
    }),
  );
  // A watermark outside the valid log: the projector rebuilt that shard from its beginning.
  return tails.reduce<number | null>((sum, tail) => (sum === null || !tail ? null : sum + tail.events), 0);
}
