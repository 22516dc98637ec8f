/** Waits until every engine has opened an epoch over the halt, standing exactly where the journal says. */
import { messageOf } from "../../errors.ts";
import { proofOf } from "../../failover/steps/rebuild.ts";
import type { Step } from "../../runbook/step.ts";
import { type NotYet, until } from "../../runbook/wait.ts";
import { known, type MaintenanceContext, type MaintenanceFacts } from "../facts.ts";
import type { MaintenancePorts } from "../ports.ts";

const LIMIT_MILLISECONDS = 180_000;
const LOOK_MILLISECONDS = 250;

export const restart: Step<MaintenancePorts, MaintenanceFacts> = {
  id: "restart",
  title: "engines load checkpoint and tail, and prove it against the journal",
  plan: () => "wait until every shard's engine reports the journal's own hash",
  async run(context) {
    const { replayed } = await until(() => look(context), {
      limitMilliseconds: LIMIT_MILLISECONDS,
      intervalMilliseconds: LOOK_MILLISECONDS,
      clock: context.clock,
      signal: context.signal,
      say: context.wait,
    });
    const { shards } = known(context, "mission");
    return {
      detail: `${shards} shard(s) ready, ${replayed} records replayed, hashes equal to the journal's`,
    };
  },
};

async function look(context: MaintenanceContext): Promise<{ readonly replayed: number } | NotYet> {
  const { generation, shards } = known(context, "mission");
  const status = await context.ports.gateway.status().catch((error: unknown) => messageOf(error));
  if (typeof status === "string") return { waitingFor: `a gateway: ${status}` };
  let replayed = 0;
  for (let shard = 0; shard < shards; shard++) {
    const proof = proofOf(status, shard, generation);
    if ("waitingFor" in proof) return proof;
    const { epoch, seq, hash } = proof;
    if ((await context.ports.journal.tail(shard, { epoch, seq, hash })) === undefined) {
      throw new Error(
        `shard ${shard} reports ${hash} at epoch ${epoch}, seq ${seq}, which is not in the valid journal`,
      );
    }
    replayed += proof.tailReplayed;
  }
  return { replayed };
}
