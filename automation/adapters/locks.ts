/** Whose lock is on the state. A killed engine leaves its lock behind; nobody else's may be taken away. */
import type { ProcessIdentity } from "../runbook/process.ts";
import type { StateLock } from "./state.ts";

export type LockOwner =
  /** An engine that this run started, and which has ended: its lock may go. */
  | "mine-dead"
  /** An engine that this run started, still at work. */
  | "mine-alive"
  | "foreign";

/** How much earlier than its process was noted a lock may be dated, for clocks that are set meanwhile. */
const CLOCK_SLACK_MILLISECONDS = 2_000;

/**
 * Ours only when pid, host and time agree with a child in the run's record: a pid alone comes back.
 * @param alive whether that very child still runs
 */
export function decideLock(
  lock: StateLock,
  children: readonly { readonly child: ProcessIdentity; readonly alive: boolean | undefined }[],
): LockOwner {
  const taken = Date.parse(lock.timestamp);
  const owners = children.filter(
    ({ child }) =>
      child.pid === lock.pid &&
      child.host === lock.hostname &&
      taken >= child.startedAt - CLOCK_SLACK_MILLISECONDS,
  );
  // Of two children with one pid the later is the one that may still run.
  const owner = owners.at(-1);
  if (owner === undefined || owner.alive === undefined) return "foreign";
  return owner.alive ? "mine-alive" : "mine-dead";
}

/** Owner and age, for a person. */
export function describeLock(lock: StateLock, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(lock.timestamp)) / 1000));
  return `${lock.username}@${lock.hostname} (pid ${lock.pid}) since ${seconds} s`;
}
