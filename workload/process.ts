/** How a program starts and ends. */
import { type Log, messageOf } from "./log.ts";
import { SettingsError } from "./settings.ts";

export const EXIT_FATAL = 1;
export const EXIT_USAGE = 2;
/** As `dr` ends when it refuses: nothing was written, and another try would be refused too. */
export const EXIT_REFUSED = 10;
/** As the shell says of what SIGTERM ended. */
export const EXIT_STOPPED = 143;

/** What a program refuses to do, under its own error's name and in its words. */
export class RefusedRunError extends Error {
  override readonly name: string;

  constructor({ name, message, cause }: Error) {
    super(message, { cause });
    this.name = name;
  }
}

/** One line on stderr, then the end: nothing that was under way is answered any more. */
export function fatal(error: unknown): never {
  if (error instanceof SettingsError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_USAGE);
  }
  process.stderr.write(`fatal: ${messageOf(error)}\n`);
  process.exit(error instanceof RefusedRunError ? EXIT_REFUSED : EXIT_FATAL);
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
