/** The one shape of a verb of `dr`: `automation/commands/<verb>.ts` exports `command: Command`. */
import type { Command as CommanderCommand } from "commander";
import type { Settings } from "../settings.ts";

export interface Context {
  readonly settings: Settings;
  /** Data: results, `--json` lines. */
  readonly stdout: NodeJS.WritableStream;
  /** Talk: progress, questions, errors. */
  readonly stderr: NodeJS.WritableStream;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Options and arguments as commander parsed them, by name. */
export type Options = Readonly<Record<string, unknown>>;

export interface Command {
  readonly name: string;
  /** Declares options and arguments; must not import anything heavy. */
  options(program: CommanderCommand): void;
  /** Resolves to the exit code; a thrown `DrError` carries its own. */
  run(options: Options, context: Context): Promise<number>;
}

/** What the list of verbs knows without loading one, so that `--help` is quick. */
export interface Verb {
  readonly name: string;
  readonly describe: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}
