/** Waits until every engine has opened an epoch over the halt, standing exactly where the journal says. */
import { proveShards } from "../../failover/shard-proof.ts";
import type { Step } from "../../runbook/step.ts";
import { until } from "../../runbook/wait.ts";
import { known, type MaintenanceFacts } from "../facts.ts";
import type { MaintenancePorts } from "../ports.ts";

const LIMIT_MILLISECONDS = 180_000;
const LOOK_MILLISECONDS = 250;

export const restart: Step<MaintenancePorts, MaintenanceFacts> = {
  id: "restart",
  title: "engines load checkpoint and tail, and prove it against the journal",
  plan: () => "wait until every shard's engine reports the journal's own hash",
  async run(context) {
    const { generation, shards } = known(context, "mission");
    const wanted = { generation, shards, where: "a gateway" };
    const proofs = await until(() => proveShards(context.ports, wanted), {
      limitMilliseconds: LIMIT_MILLISECONDS,
      intervalMilliseconds: LOOK_MILLISECONDS,
      clock: context.clock,
      signal: context.signal,
      say: context.wait,
    });
    const replayed = proofs.reduce((sum, { tailReplayed }) => sum + tailReplayed, 0);
    return {
      detail: `${shards} shard(s) ready, ${replayed} records replayed, hashes equal to the journal's`,
    };
  },
};
