/** What the outage was for the clients, from their own logs. */
import type { ClientFigures } from "../report/evidence.ts";
import type { Attempt, ClientLog } from "./client-log.ts";
import { seconds } from "./recovery.ts";

export interface Moments {
  /** Milliseconds since 1970. */
  readonly impactAt: number;
  /** When the watch for stragglers ended: before the lost region returned. */
  readonly watchedUntil: number;
  /** Hosts of the lost region's load balancer. */
  readonly lostHosts: ReadonlySet<string>;
  readonly target: string;
}

/** Conclusive answers: also "no such order is open" is service. */
export const SERVED: ReadonlySet<Attempt["outcome"]> = new Set<Attempt["outcome"]>([
  "accepted",
  "read",
  "refused",
]);

export function clientFigures(log: ClientLog, moments: Moments): ClientFigures {
  const regular = log.attempts.filter(({ fresh }) => !fresh);
  const first = regular.filter(({ attempt }) => attempt === 1);
  const outages = log.clients
    .map(({ client }) =>
      outageSeconds(
        regular.filter((attempt) => attempt.client === client),
        moments,
      ),
    )
    .filter((outage) => outage !== null)
    .sort((a, b) => a - b);
  const left = stragglers(regular, moments);
  return {
    sent: first.length,
    ok: first.filter(({ outcome }) => SERVED.has(outcome)).length,
    failed: first.filter(({ outcome }) => !SERVED.has(outcome)).length,
    neverAppended: first.filter(({ outcome }) => outcome === "never-appended").length,
    p50OutageSeconds: outages[Math.floor((outages.length - 1) / 2)] ?? null,
    maxOutageSeconds: outages.at(-1) ?? null,
    stragglers: left.size,
    pinned: log.clients.filter(({ client, pinned }) => pinned && left.has(client)).length,
  };
}

/** Null: the client was not served again. */
function outageSeconds(attempts: readonly Attempt[], { impactAt, target }: Moments): number | null {
  const served = attempts
    .filter(({ sent, outcome, region }) => sent >= impactAt && SERVED.has(outcome) && region === target)
    .map(({ answered }) => answered);
  return served.length === 0 ? null : seconds(impactAt, Math.min(...served));
}

function stragglers(attempts: readonly Attempt[], { watchedUntil, lostHosts }: Moments): Set<string> {
  const last = new Map<string, Attempt>();
  for (const attempt of attempts) {
    const known = last.get(attempt.client);
    if (attempt.sent < watchedUntil && (known === undefined || attempt.sent >= known.sent)) {
      last.set(attempt.client, attempt);
    }
  }
  const left = [...last.values()].filter(({ address }) => lostHosts.has(address?.split(":")[0] ?? ""));
  return new Set(left.map(({ client }) => client));
}
