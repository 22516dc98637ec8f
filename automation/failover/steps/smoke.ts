/** One order and its cancel on every shard, through the load balancer that clients will use. */
import type { Step } from "../../runbook/step.ts";
import { type Facts, fact } from "../facts.ts";
import type { Ports } from "../ports.ts";
import { tradeOnEveryShard } from "../shard-proof.ts";

const LIMIT_MILLISECONDS = 60_000;
const LOOK_MILLISECONDS = 300;

export const smoke: Step<Ports, Facts> = {
  id: "smoke",
  title: "an order on a reserved instrument of every shard, through the target's load balancer",
  plan: (context) => `place and cancel an order on SMOKE-0 to SMOKE-${fact(context, "mission").shards - 1}`,
  async run(context) {
    const { shards } = fact(context, "mission");
    const { gateway, journal } = context.ports;
    await tradeOnEveryShard(context, {
      ...{ shards, journal, door: gateway },
      limitMilliseconds: LIMIT_MILLISECONDS,
      intervalMilliseconds: LOOK_MILLISECONDS,
    });
    return { detail: `${shards} shard(s) took an order and its cancel, both in the journal` };
  },
};
