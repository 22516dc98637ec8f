/** Waits until every engine holds the new epoch and has replayed exactly what the journal holds. */
import type { Step } from "../../runbook/step.ts";
import { until } from "../../runbook/wait.ts";
import { type Facts, fact } from "../facts.ts";
import type { Ports } from "../ports.ts";
import { proveShards } from "../shard-proof.ts";

const LIMIT_MILLISECONDS = 180_000;
const LOOK_MILLISECONDS = 200;

export const rebuild: Step<Ports, Facts> = {
  id: "rebuild",
  title: "engines load checkpoint and tail, and prove it against the journal",
  plan: () => "wait until every shard reports the journal's own hash under the new generation",
  async run(context) {
    const { shards } = fact(context, "mission");
    const wanted = {
      generation: fact(context, "generation"),
      shards,
      where: "a gateway of the target region",
    };
    const proofs = await until(() => proveShards(context.ports, wanted), {
      limitMilliseconds: LIMIT_MILLISECONDS,
      intervalMilliseconds: LOOK_MILLISECONDS,
      clock: context.clock,
      signal: context.signal,
      say: context.wait,
    });
    await context.remember({ proofs });
    const replayed = proofs.reduce((sum, { tailReplayed }) => sum + tailReplayed, 0);
    return {
      detail: `${shards} shard(s) ready, ${replayed} records replayed, hashes equal to the journal's`,
      data: { shards: proofs },
    };
  },
};
