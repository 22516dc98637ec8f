/** Done means that clients are served: an order and its cancel on every shard, by the public name. */
import { tradeOnEveryShard } from "../../failover/shard-proof.ts";
import type { Step } from "../../runbook/step.ts";
import { known, type MaintenanceFacts } from "../facts.ts";
import type { MaintenancePorts } from "../ports.ts";

const LIMIT_MILLISECONDS = 120_000;
const LOOK_MILLISECONDS = 500;

export const open: Step<MaintenancePorts, MaintenanceFacts> = {
  id: "open",
  title: "an order on a reserved instrument of every shard, by the public name",
  plan: (context) => `place and cancel an order on SMOKE-0 to SMOKE-${known(context, "mission").shards - 1}`,
  async run(context) {
    const { shards } = known(context, "mission");
    const { door, journal } = context.ports;
    await tradeOnEveryShard(context, {
      ...{ shards, journal, door },
      limitMilliseconds: LIMIT_MILLISECONDS,
      intervalMilliseconds: LOOK_MILLISECONDS,
    });
    await context.remember({ verifiedAt: context.clock.wall() });
    return { detail: `${shards} shard(s) took an order and its cancel by the public name` };
  },
};
