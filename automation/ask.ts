/** A question to the operator, on stderr, answered by one line. */
import { createInterface } from "node:readline/promises";
import type { Context } from "./commands/command.ts";

/** The line without its end; empty when there is nobody any more. Rejects with the signal's reason on Ctrl-C. */
export async function ask(
  { stdin, stderr, signal }: Pick<Context, "stdin" | "stderr" | "signal">,
  question: string,
): Promise<string> {
  signal.throwIfAborted();
  // Not as a terminal: readline would take Ctrl-C for itself, and nobody would be interrupted.
  const lines = createInterface({ input: stdin, output: stderr, terminal: false });
  const left = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  try {
    return await Promise.race([lines.question(question, { signal }), left]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    lines.close();
  }
}
