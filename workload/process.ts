/** How a program starts and ends. */
import { type Log, messageOf } from "./log.ts";
import { SettingsError } from "./settings.ts";

export const EXIT_FATAL = 1;
export const EXIT_USAGE = 2;
/** As the shell says of what SIGTERM ended. */
export const EXIT_STOPPED = 143;

/** One line on stderr, then the end: nothing that was under way is answered any more. */
export function fatal(error: unknown): never {
  if (error instanceof SettingsError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_USAGE);
  }
  process.stderr.write(`fatal: ${messageOf(error)}\n`);
  process.exit(EXIT_FATAL);
}

/**
 * Runs until it resolves (exit 0) or rejects (`fatal`). The signal aborts on SIGTERM and SIGINT.
 * @param stoppedHard exit code of one that was told to stop and rejects
 */
export async function runProgram(
  program: (signal: AbortSignal) => Promise<void>,
  log: Log,
  stoppedHard: number,
): Promise<never> {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.once(name, () => {
      log("stopping", { signal: name });
      stop.abort();
    });
  }
  process.on("uncaughtException", fatal);
  process.on("unhandledRejection", fatal);
  try {
    await program(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) fatal(error);
    log("stopped-hard", { error: messageOf(error) });
    process.exit(stoppedHard);
  }
  process.exit(0);
}
