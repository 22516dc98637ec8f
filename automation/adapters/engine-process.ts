/**
 * The engine's process under our control: the run knows it before it can take a lock, and Ctrl-C reaches it once.
 *
 * The Automation API offers no way to any of this, so its command's `run` is replaced. That also saves three CLI
 * calls of half a second each per update: selecting the stack, reading its outputs and its history, which the
 * state itself tells (see `state.ts`).
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { type ProcessIdentity, processIdentity } from "../runbook/process.ts";

export interface EngineProcessOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Puts the child on record; the engine starts only when this resolves. */
  readonly started: (child: ProcessIdentity) => Promise<void>;
}

/** What the Automation API takes from a command that ended well. */
interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export class EngineExitError extends Error {
  override readonly name = "EngineExitError";
}

/** Answers to questions that are not asked. */
const ANSWERED: Readonly<Record<string, string>> = { select: "", output: "{}", history: "[]" };

/** A shell that waits for one line and then becomes the engine: same pid, same start time. */
const GATE = 'read -r _ && exec "$0" "$@"';

export function supervised(command: PulumiCommand, options: EngineProcessOptions): PulumiCommand {
  const run = async (
    args: string[],
    cwd: string,
    environment: Record<string, string>,
    onOutput?: (text: string) => void,
    onError?: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<CommandResult> => {
    const [verb, noun = ""] = args;
    const answer = verb === "stack" ? ANSWERED[noun] : undefined;
    if (answer !== undefined) return { stdout: answer, stderr: "", code: 0 };
    signal?.throwIfAborted();
    const child = spawn("/bin/sh", ["-c", GATE, command.command, ...unasked(args)], {
      cwd,
      env: { ...options.environment, ...environment, PULUMI_AUTOMATION_API: "true" },
      // Its own process group: a terminal's Ctrl-C would reach it besides ours, and a second abort leaves the lock.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const ended = finish(child, onOutput, onError);
    // It also ends when it could not be put on record: that error is the one to tell.
    ended.catch(() => {});
    if (child.pid === undefined) return await ended;
    const abort = () => child.kill("SIGINT");
    try {
      await options.started(await processIdentity(child.pid));
      child.stdin.end("\n");
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
      return await ended;
    } finally {
      signal?.removeEventListener("abort", abort);
      child.stdin.destroy();
    }
  };
  return Object.create(command, { run: { value: run, writable: true } }) as PulumiCommand;
}

/** Behind `--` every word is a value. */
function unasked(args: readonly string[]): readonly string[] {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  return args.toSpliced(end, 0, "--non-interactive");
}

async function finish(
  child: ChildProcess,
  onOutput: ((text: string) => void) | undefined,
  onError: ((text: string) => void) | undefined,
): Promise<CommandResult> {
  let stdout = "";
  let stderr = "";
  child.stdin?.on("error", () => {});
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    onOutput?.(text);
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    onError?.(text);
  });
  const { code, reason } = await new Promise<{ code: number | null; reason: string }>((resolve) => {
    child.once("error", (error) => resolve({ code: null, reason: error.message }));
    child.once("close", (status, killedBy) =>
      resolve({ code: status, reason: killedBy === null ? `exit code ${status}` : `killed by ${killedBy}` }),
    );
  });
  if (code === 0) return { stdout, stderr, code };
  throw new EngineExitError(`the Pulumi engine ended with ${reason}: ${whatWentWrong(stderr, stdout)}`);
}

/** Its error lines, each once; without any, its last words. */
function whatWentWrong(...texts: readonly string[]): string {
  const lines = texts.flatMap((text) => text.split("\n")).map((line) => line.trim());
  const errors = [...new Set(lines.filter((line) => /^error:/.test(line)))];
  return (errors.length > 0 ? errors : lines.filter((line) => line !== "").slice(-5)).join("\n");
}
