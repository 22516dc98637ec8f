/** What an engine or an order claims counts once the journal itself has it: shared by the runbooks that start engines. */
import type { GatewayStatus } from "../../workload/api.ts";
import { messageOf } from "../errors.ts";
import type { StepContext } from "../runbook/step.ts";
import { type NotYet, until } from "../runbook/wait.ts";
import type { ShardProof } from "./facts.ts";
import type { GatewayPort, JournalPort } from "./ports.ts";

type Tail = Pick<JournalPort, "tail">;

/** Every shard's engine under the generation, standing where the journal does; or what is still waited for. */
export async function proveShards(
  { gateway, journal }: { readonly gateway: Pick<GatewayPort, "status">; readonly journal: Tail },
  {
    generation,
    shards,
    where,
  }: { readonly generation: number; readonly shards: number; readonly where: string },
): Promise<readonly ShardProof[] | NotYet> {
  const status = await gateway.status().catch((error: unknown) => messageOf(error));
  if (typeof status === "string") return { waitingFor: `${where}: ${status}` };
  const proofs: ShardProof[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const proof = proofOf(status, shard, generation);
    if ("waitingFor" in proof) return proof;
    const { epoch, seq, hash } = proof;
    if ((await journal.tail(shard, { epoch, seq, hash })) === undefined) {
      throw new Error(
        `shard ${shard} reports ${hash} at epoch ${epoch}, seq ${seq}, which is not in the valid journal`,
      );
    }
    proofs.push(proof);
  }
  return proofs;
}

function proofOf(status: GatewayStatus, shard: number, generation: number): ShardProof | NotYet {
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

export interface TradeOptions {
  readonly shards: number;
  readonly door: Pick<GatewayPort, "smoke">;
  readonly journal: Tail;
  readonly limitMilliseconds: number;
  readonly intervalMilliseconds: number;
}

/** An order and its cancel on a reserved instrument of every shard, both found in the journal. */
export async function tradeOnEveryShard<P, F>(
  context: StepContext<P, F>,
  { shards, door, journal, ...timing }: TradeOptions,
): Promise<void> {
  const { clock, signal, run, wait: say } = context;
  const trade = async (shard: number): Promise<void> => {
    const place = () =>
      door.smoke(shard, run.id).catch(
        (error: unknown): NotYet => ({
          waitingFor: `shard ${shard} to take an order: ${messageOf(error)}`,
        }),
      );
    const { placed, cancelled } = await until(place, { ...timing, clock, signal, say });
    for (const { epoch, seq, hash } of [placed, cancelled]) {
      if ((await journal.tail(shard, { epoch, seq, hash })) === undefined) {
        throw new Error(
          `shard ${shard} acknowledged epoch ${epoch}, seq ${seq}, which is not in the valid journal`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: shards }, (_, shard) => trade(shard)));
}
