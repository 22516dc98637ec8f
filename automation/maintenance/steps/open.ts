/** Done means that clients are served: an order and its cancel on every shard, by the public name. */
import { messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { type NotYet, until } from "../../runbook/wait.ts";
import { known, type MaintenanceContext, type MaintenanceFacts } from "../facts.ts";
import type { MaintenancePorts } from "../ports.ts";

const LIMIT_MILLISECONDS = 120_000;
const LOOK_MILLISECONDS = 500;

export const open: Step<MaintenancePorts, MaintenanceFacts> = {
  id: "open",
  title: "an order on a reserved instrument of every shard, by the public name",
  plan: (context) => `place and cancel an order on SMOKE-0 to SMOKE-${known(context, "mission").shards - 1}`,
  async run(context) {
    const { shards } = known(context, "mission");
    await Promise.all(Array.from({ length: shards }, (_, shard) => trade(context, shard)));
    await context.remember({ verifiedAt: context.clock.wall() });
    return { detail: `${shards} shard(s) took an order and its cancel by the public name` };
  },
};

async function trade(context: MaintenanceContext, shard: number): Promise<void> {
  const { door, journal } = context.ports;
  const { placed, cancelled } = await until(
    () =>
      door.smoke(shard, context.run.id).catch(
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
