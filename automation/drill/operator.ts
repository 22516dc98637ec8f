/** The operator: runs the failover script as a person would, in a process of its own, and passes on what it says. */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Region } from "../../components/model.ts";
import type { RunEvent } from "../runbook/events.ts";

const SCRIPTS = path.join(import.meta.dirname, "..", "..", "infra", "scripts");
export const FAILOVER_SCRIPT = path.join(SCRIPTS, "failover-region.sh");
export const MAINTENANCE_SCRIPT = path.join(SCRIPTS, "toggle-maintenance.sh");
export const DR_SCRIPT = path.join(SCRIPTS, "dr.sh");
const TYPES: ReadonlySet<unknown> = new Set<RunEvent["type"]>(["run", "step", "wait", "note", "result"]);

export interface FailoverOptions extends Omit<ScriptOptions, "arguments"> {
  readonly target: Region;
  /** Where the evidence does not settle it, a person decides. */
  readonly force: boolean;
}

export interface ScriptOptions {
  readonly script: string;
  /** `--json` is added. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Gets what the script writes to stderr. */
  readonly logFile: string;
  readonly signal: AbortSignal;
  /** Gets every line of stdout that is no event. */
  readonly said?: (line: string) => void;
}

export const runFailover = (
  { target, force, ...options }: FailoverOptions,
  heard: (event: RunEvent) => void,
) => {
  const arguments_ = ["--target", target, "--yes", "--confirm-target", target, ...(force ? ["--force"] : [])];
  return runScript({ ...options, arguments: arguments_ }, heard);
};

/** Resolves with the exit code, null when a signal ended it. The signal interrupts it as Ctrl-C would. */
export async function runScript(
  { script, arguments: arguments_, environment, logFile, signal, said }: ScriptOptions,
  heard: (event: RunEvent) => void,
): Promise<number | null> {
  const child = spawn(script, [...arguments_, "--json"], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    // Ctrl-C reaches the drill alone, which passes it on once.
    detached: true,
  });
  const interrupt = (): void => {
    child.kill("SIGINT");
  };
  signal.addEventListener("abort", interrupt, { once: true });
  child.stderr.pipe(createWriteStream(logFile, { flags: "a" }));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = runEventOf(line);
    if (event === undefined) said?.(line);
    else heard(event);
  });
  try {
    return await new Promise<number | null>((resolve, reject) => {
      child.once("error", (cause) => reject(new Error(`cannot run ${script}: ${cause.message}`, { cause })));
      child.once("close", (code) => resolve(code));
    });
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}

function runEventOf(line: string): RunEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isEvent = typeof value === "object" && value !== null && "type" in value && TYPES.has(value.type);
    return isEvent ? (value as RunEvent) : undefined;
  } catch {
    return undefined;
  }
}
