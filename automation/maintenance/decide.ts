/**
 * What a halt decides, without clock or network.
 *
 * Invariants: a platform is halted when every shard's newest epoch says so, and not before; an engine that does not
 * answer changes nothing about that, and an answer by the public name that is not "maintenance" is never overlooked.
 */
import type { Region } from "../../components/model.ts";
import type { GatewayStatus } from "../../workload/api.ts";
import type { Decision } from "../failover/decide.ts";
import type { Knock, ShardStanding } from "./ports.ts";

/** Why the run must stop now; undefined: the decision that it started from still stands. */
export function decideStillValid(
  { generation, active, runId }: Decision,
  mission: { readonly region: Region; readonly generation: number },
): string | undefined {
  if (generation === mission.generation && active === mission.region) return;
  const by = runId === null ? "nobody" : `run ${runId}`;
  return `generation ${generation} (${active} active) was decided meanwhile by ${by}: give the command again`;
}

type Begun = { readonly id: string; readonly steps: Readonly<Record<string, unknown>> };

/** Why the halt must not end yet; undefined: it may. @param restores and rebuildings that have not finished */
export function decideResume(restores: readonly Begun[], rebuildings: readonly Begun[]): string | undefined {
  const closed = rebuildings.find(({ steps }) => steps["close"] !== undefined);
  if (closed !== undefined) {
    return `run ${closed.id} has closed the journal's table and has not finished: give its command again first (dr journal rebuild)`;
  }
  const begun = restores.find(({ steps }) => steps["set-aside"] !== undefined);
  if (begun === undefined) return;
  return `restore ${begun.id} has taken the database out of use and has not finished: give its command again first. What is written before it cuts the journal would go with the cut`;
}

/** What keeps the seals from being proof, one line each; none: every shard is as wanted. */
export function unproven(
  standings: readonly ShardStanding[],
  wanted: { readonly region: Region; readonly generation: number; readonly halted: boolean },
): readonly string[] {
  return standings.flatMap(({ shard, region, generation, halt }) => {
    if (region !== wanted.region) return [`shard ${shard} belongs to ${region}`];
    if (generation !== wanted.generation) return [`shard ${shard} has generation ${generation}`];
    if ((halt !== null) === wanted.halted) return [];
    return [`shard ${shard} ${halt === null ? "takes orders" : `is halted by ${halt.by}`}`];
  });
}

/** Engines that are not known to have stopped, with what they say instead. */
export function unstopped(status: GatewayStatus, shards: number): readonly string[] {
  return Array.from({ length: shards }, (_, shard) => shard).flatMap((shard) => {
    const engine = status.shards.find((one) => one.shard === shard);
    if (engine?.phase === "halted") return [];
    return [`engine ${shard} is ${engine?.phase ?? "unknown to the gateway"}`];
  });
}

/** What is still missing until the public name refuses every write; undefined: nothing. */
export function decideClosed(knocks: readonly Knock[]): string | undefined {
  const heard = knocks.filter(({ status }) => status !== null);
  const byName = knocks.filter(({ resolver }) => resolver !== null);
  if (byName.every(({ status }) => status === null)) {
    const reasons = new Set(byName.map(({ reason }) => reason ?? "no address"));
    return `an answer by the public name (${[...reasons].join("; ")})`;
  }
  const open = heard.filter(
    ({ status, said, retryAfter }) => status !== 503 || said !== "maintenance" || retryAfter === null,
  );
  if (open.length === 0) return;
  const seen = open.map(({ address, status, said }) =>
    `${address} answers ${status} ${said ?? ""}`.trimEnd(),
  );
  return `the public name to say maintenance: ${seen.join(", ")}`;
}
