import { setImmediate } from "node:timers/promises";

/**
 * Runs a program as Pulumi's hosts do. One failure rejects many outputs that nobody awaits: the first is the program's
 * answer and the others are no news. The program shortens stack traces, which tests want whole.
 */
export async function hosted<T>(run: () => Promise<T>): Promise<T> {
  const frames = Error.stackTraceLimit;
  const theirs = process.rawListeners("unhandledRejection") as NodeJS.UnhandledRejectionListener[];
  process.removeAllListeners("unhandledRejection");
  const failures: unknown[] = [];
  const note = (failure: unknown) => failures.push(failure);
  process.on("unhandledRejection", note);
  try {
    const result = await run();
    if (failures.length > 0) throw failures[0];
    return result;
  } finally {
    await setImmediate();
    Error.stackTraceLimit = frames;
    process.off("unhandledRejection", note);
    for (const listener of theirs) process.on("unhandledRejection", listener);
  }
}
