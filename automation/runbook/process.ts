/** A process told apart from a later one with the same number. */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";

export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970 when it was noted; it started before. */
  readonly startedAt: number;
  /** Start time in the kernel's clock ticks; null where there is no /proc. */
  readonly startTicks: string | null;
}

/** Field 22 of /proc/PID/stat; the second field may hold spaces and brackets, so count from its end. */
async function startTicks(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended; where nobody reaps it, it stays listed for ever.
  return state === "Z" || state === "X" ? null : (rest[18] ?? null);
}

export async function processIdentity(pid: number): Promise<ProcessIdentity> {
  return { pid, host: hostname(), startedAt: Date.now(), startTicks: await startTicks(pid) };
}

/** Undefined: it ran on another host, and cannot be seen from here. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean | undefined> {
  if (identity.host !== hostname()) return undefined;
  const ticks = await startTicks(identity.pid);
  if (identity.startTicks !== null) return ticks === identity.startTicks;
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Tells processes that outlived their run to stop, as Ctrl-C would: they work for nobody, and an engine told so once
 * releases its lock. Ours are known by their start time; nothing else is touched. Gives those that were told.
 */
export async function stopOrphans(
  identities: readonly ProcessIdentity[],
): Promise<readonly ProcessIdentity[]> {
  const told: ProcessIdentity[] = [];
  for (const identity of identities) {
    // Without its start time a number may be anybody's by now.
    if (identity.startTicks === null || (await isAlive(identity)) !== true) continue;
    try {
      process.kill(identity.pid, "SIGINT");
      told.push(identity);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  return told;
}
