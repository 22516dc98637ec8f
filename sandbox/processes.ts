/**
 * Every child process of a sandbox. Each is written to a ledger with its start time, so that what a killed sandbox
 * left behind is found again by the next start, and nothing else is ever killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bootId, isRunning, type ProcessStat, processStat, processTrees } from "./processTable.ts";

export interface ProcessOptions {
  readonly cwd?: string;
  /** The whole environment; nothing is inherited unless given. */
  readonly env: Readonly<Record<string, string>>;
  /** Run as another user; only root may. */
  readonly uid?: number;
  readonly gid?: number;
  /** File descriptor for stdout and stderr; default: discarded. */
  readonly output?: number;
}

interface LedgerEntry {
  readonly pid: number;
  readonly start: string;
  readonly command: string;
}

const GONE_WITHIN_MILLISECONDS = 10_000;

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Groups first, one system call each, so that many processes stop at one instant and none forks on. */
function freezeTrees(roots: readonly number[]): readonly ProcessStat[] {
  for (const pid of roots) signal(-pid, "SIGSTOP");
  const trees = processTrees(roots);
  for (const { pid, start } of trees) if (isRunning(pid, start)) signal(pid, "SIGSTOP");
  return trees;
}

/**
 * No SIGCONT before SIGKILL: a stopped process dies of SIGKILL as it is, and a frozen writer must not get a last
 * instant to write in.
 */
function killTrees(roots: readonly number[]): void {
  for (const { pid, start } of freezeTrees(roots)) if (isRunning(pid, start)) signal(pid, "SIGKILL");
}

async function untilGone(entries: readonly LedgerEntry[]): Promise<void> {
  const deadline = Date.now() + GONE_WITHIN_MILLISECONDS;
  for (;;) {
    const alive = entries.filter(({ pid, start }) => isRunning(pid, start));
    if (alive.length === 0) return;
    if (Date.now() > deadline) {
      const names = alive.map(({ pid, command }) => `${pid} (${command})`).join(", ");
      throw new Error(`processes ${names} are still there ${GONE_WITHIN_MILLISECONDS} ms after SIGKILL`);
    }
    await sleep(10);
  }
}

export class Processes {
  readonly #ledgerPath: string;
  readonly #children = new Map<number, { readonly child: ChildProcess; readonly entry: LedgerEntry }>();
  #closed = false;

  /** Starts an empty ledger; call `Processes.reap` first. */
  constructor(ledgerPath: string) {
    this.#ledgerPath = ledgerPath;
    mkdirSync(dirname(ledgerPath), { recursive: true });
    writeFileSync(ledgerPath, `${JSON.stringify({ boot: bootId() })}\n`);
  }

  /**
   * Kills what the sandbox that wrote this ledger left running, and returns those pids. Processes that merely got
   * the same pid since are left alone. A missing ledger is nothing to do.
   */
  static async reap(ledgerPath: string): Promise<readonly number[]> {
    if (!existsSync(ledgerPath)) return [];
    const [head, ...lines] = readFileSync(ledgerPath, "utf8").split("\n").slice(0, -1);
    const boot = (JSON.parse(head ?? "{}") as { boot?: string }).boot;
    const entries = lines.map((line) => JSON.parse(line) as LedgerEntry);
    const leftovers = boot === bootId() ? entries.filter(({ pid, start }) => isRunning(pid, start)) : [];
    killTrees(leftovers.map(({ pid }) => pid));
    await untilGone(leftovers);
    rmSync(ledgerPath, { force: true });
    return leftovers.map(({ pid }) => pid);
  }

  /** Starts a process in a group of its own, so that the terminal's Ctrl-C reaches only the sandbox. */
  spawn(command: string, args: readonly string[], options: ProcessOptions): ChildProcess {
    if (this.#closed) throw new Error(`cannot start ${command}: the sandbox is closing`);
    const output = options.output ?? "ignore";
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
      env: options.env,
      detached: true,
      stdio: ["ignore", output, output],
    });
    this.adopt(child, command);
    return child;
  }

  /** Takes in a process that was started elsewhere: it, and what it started, ends with the others. */
  adopt(child: ChildProcess, command: string): void {
    const { pid } = child;
    const stat = pid === undefined ? undefined : processStat(pid);
    // Without a pid it never started: the child's "error" event says why. Without a stat it is gone already.
    if (pid === undefined || stat === undefined) return;
    const entry = { pid, start: stat.start, command };
    appendFileSync(this.#ledgerPath, `${JSON.stringify(entry)}\n`);
    this.#children.set(pid, { child, entry });
    child.once("exit", () => this.#children.delete(pid));
  }

  /** Sends to the process alone, e.g. SIGTERM to shut down in order. No effect once it exited. */
  signal(child: ChildProcess, name: NodeJS.Signals): void {
    for (const pid of this.#pids([child])) signal(pid, name);
  }

  /** SIGSTOP to the processes and all they started, at one instant. */
  freeze(...children: readonly ChildProcess[]): void {
    freezeTrees(this.#pids(children));
  }

  thaw(...children: readonly ChildProcess[]): void {
    for (const { pid, start } of processTrees(this.#pids(children))) {
      if (isRunning(pid, start)) signal(pid, "SIGCONT");
    }
  }

  /** SIGKILL to the processes and all they started, frozen or not. */
  kill(...children: readonly ChildProcess[]): void {
    killTrees(this.#pids(children));
  }

  /** Kills everything, waits until it is gone and removes the ledger. */
  async close(): Promise<void> {
    this.#closed = true;
    const entries = [...this.#children.values()].map(({ entry }) => entry);
    killTrees(entries.map(({ pid }) => pid));
    await untilGone(entries);
    rmSync(this.#ledgerPath, { force: true });
  }

  /** Only what still runs and was started here: a pid of the past may be somebody else's by now. */
  #pids(children: readonly ChildProcess[]): readonly number[] {
    return children.flatMap(({ pid }) => (pid !== undefined && this.#children.has(pid) ? [pid] : []));
  }
}
