/** One order and its cancel on every shard, through the load balancer that clients will use. */
import { messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { type NotYet, until } from "../../runbook/wait.ts";
import { type Context, type Facts, fact } from "../facts.ts";
import type { Ports } from "../ports.ts";

const LIMIT_MILLISECONDS = 60_000;
const LOOK_MILLISECONDS = 300;

export const smoke: Step<Ports, Facts> = {
  id: "smoke",
  title: "an order on a reserved instrument of every shard, through the target's load balancer",
  plan: (context) => `place and cancel an order on SMOKE-0 to SMOKE-${fact(context, "mission").shards - 1}`,
  async run(context) {
    const { shards } = fact(context, "mission");
    await Promise.all(Array.from({ length: shards }, (_, shard) => trade(context, shard)));
    return { detail: `${shards} shard(s) took an order and its cancel, both in the journal` };
  },
};

async function trade(context: Context, shard: number): Promise<void> {
  const { gateway, journal } = context.ports;
  const { placed, cancelled } = await until(
    () =>
      gateway.smoke(shard, context.run.id).catch(
        (error: unknown): NotYet => ({
          waitingFor: `shard ${shard} to take an order: ${messageOf(error)}`,
        }),
      ),
    {
      limitMilliseconds: LIMIT_MILLISECONDS,
      intervalMilliseconds: LOOK_MILLISECONDS,
      clock: context.clock,
      signal: context.signal,
      say: context.wait,
    },
  );
  for (const { epoch, seq, hash } of [placed, cancelled]) {
    if ((await journal.tail(shard, { epoch, seq, hash })) === undefined) {
      throw new Error(
        `shard ${shard} acknowledged epoch ${epoch}, seq ${seq}, which is not in the valid journal`,
      );
    }
  }
}
