/** What Linux says about processes. A pid alone names nobody: pids are reused, (boot, pid, start time) is not. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessStat {
  readonly pid: number;
  readonly state: string;
  readonly parent: number;
  /** User and system time in clock ticks of 10 ms. */
  readonly cpuTicks: number;
  /** Clock ticks between boot and the process' start. */
  readonly start: string;
}

/** Identifies this boot: start times count from it. */
export const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/** Undefined: no such process. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function processStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // Field 2 is the command in parentheses and may itself contain spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent] = fields;
  const [userTicks, systemTicks] = [fields[11], fields[12]];
  const start = fields[19];
  if (state === undefined || parent === undefined || start === undefined) return undefined;
  return { pid, state, parent: Number(parent), cpuTicks: Number(userTicks) + Number(systemTicks), start };
}

/** Whether the process that was seen with this start time still runs (a zombie does not). */
export function isRunning(pid: number, start: string): boolean {
  const stat = processStat(pid);
  return stat !== undefined && stat.start === start && stat.state !== "Z" && stat.state !== "X";
}

/** The processes and all their descendants, whatever group or session they moved to (PostgreSQL's do). */
export function processTrees(roots: readonly number[]): readonly ProcessStat[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processStat(Number(name)) ?? []);
  const trees = all.filter(({ pid }) => roots.includes(pid));
  for (let index = 0; index < trees.length; index++) {
    trees.push(...all.filter(({ parent }) => parent === trees[index]?.pid));
  }
  return trees;
}
