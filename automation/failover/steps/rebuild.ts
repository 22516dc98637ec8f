/** Waits until every engine holds the new epoch and has replayed exactly what the journal holds. */
import type { GatewayStatus } from "../../../workload/api.ts";
import { messageOf } from "../../errors.ts";
import type { Step } from "../../runbook/step.ts";
import { type NotYet, until } from "../../runbook/wait.ts";
import { type Context, type Facts, fact, type ShardProof } from "../facts.ts";
import type { Ports } from "../ports.ts";

const LIMIT_MILLISECONDS = 180_000;
const LOOK_MILLISECONDS = 200;

export const rebuild: Step<Ports, Facts> = {
  id: "rebuild",
  title: "engines load checkpoint and tail, and prove it against the journal",
  plan: () => "wait until every shard reports the journal's own hash under the new generation",
  async run(context) {
    const { shards } = fact(context, "mission");
    const proofs = await until(() => look(context, shards), {
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

async function look(context: Context, shards: number): Promise<readonly ShardProof[] | NotYet> {
  const status = await context.ports.gateway.status().catch((error: unknown) => messageOf(error));
  if (typeof status === "string") return { waitingFor: `a gateway of the target region: ${status}` };
  const generation = fact(context, "generation");
  const proofs: ShardProof[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const proof = proofOf(status, shard, generation);
    if ("waitingFor" in proof) return proof;
    const { epoch, seq, hash } = proof;
    if ((await context.ports.journal.tail(shard, { epoch, seq, hash })) === undefined) {
      throw new Error(
        `shard ${shard} reports ${hash} at epoch ${epoch}, seq ${seq}, which is not in the valid journal`,
      );
    }
    proofs.push(proof);
  }
  return proofs;
}

export function proofOf(status: GatewayStatus, shard: number, generation: number): ShardProof | NotYet {
  const engine = status.shards.find((one) => one.shard === shard);
  if (engine === undefined) return { waitingFor: `engine ${shard} to be known to the gateway` };
  if (!engine.ready) return { waitingFor: `engine ${shard}: ${engine.phase}, ${engine.reason}` };
  if (engine.generation !== generation) {
    return { waitingFor: `engine ${shard} to take generation ${generation}, it has ${engine.generation}` };
  }
  const { head, tailReplayed } = engine;
  if (head === null) return { waitingFor: `engine ${shard} to write the first record of an empty log` };
  return { shard, ...head, tailReplayed };
}
