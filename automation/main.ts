#!/usr/bin/env node
/** The `dr` command. A verb's module is loaded only when that verb is called. */
import process from "node:process";
import { CommanderError, Command as Program } from "commander";
import type { Context, Options } from "./commands/command.ts";
import { VERBS } from "./commands/index.ts";
import { DrError, EXIT, exitCodeOf, InterruptedError, messageOf } from "./errors.ts";
import { readSettings } from "./settings.ts";

async function main(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  const onSignal = () => {
    const again = interrupt.signal.aborted;
    interrupt.abort(new InterruptedError("interrupted; the same command goes on"));
    // A second abort would make the engine leave its lock behind.
    process.stderr.write(again ? "still stopping: the engine must release its lock\n" : "stopping…\n");
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  let exitCode: number = EXIT.done;
  const program = new Program("dr")
    .description("Disaster recovery: move production between two regions, and prove it.")
    .exitOverride()
    .showHelpAfterError("(dr --help lists the verbs)");
  const wanted = args.find((argument) => VERBS.some(({ name }) => name === argument));
  for (const verb of VERBS) {
    const sub = program.command(verb.name).description(verb.describe);
    if (verb.name !== wanted) continue;
    sub.showHelpAfterError(`(dr ${verb.name} --help lists the options)`);
    const { command } = await verb.load();
    sub
      .option("--project-dir <directory>", "directory with Pulumi.yaml and the stack files")
      .option("--resolver <address>", "resolver to watch as IP:PORT, repeatable", collect, []);
    command.options(sub);
    sub.action(async () => {
      const given = optionsOf(sub);
      exitCode = await command.run(given, contextOf(given, interrupt.signal));
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

const optionsOf = (verb: Program): Options => ({
  ...verb.opts(),
  ...Object.fromEntries(verb.registeredArguments.map((one, n) => [one.name(), verb.processedArgs[n]])),
});

function contextOf(options: Options, signal: AbortSignal): Context {
  const environment = { ...process.env };
  if (typeof options["projectDir"] === "string") environment["DR_PROJECT_DIR"] = options["projectDir"];
  const resolvers = options["resolver"] as readonly string[];
  if (resolvers.length > 0) environment["DR_RESOLVER"] = resolvers.join(",");
  return {
    settings: readSettings(environment, process.cwd()),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal,
  };
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Our own errors are one line; anything else is a bug and shows where. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const code = exitCodeOf(error);
  const known = error instanceof DrError || code !== EXIT.bug;
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`dr: ${known ? messageOf(error) : trace}\n`);
  return code;
}

// A reader that went away (`| head`) ends nothing: a failover must not stop because nobody listens any more.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
const exitCode = await main(process.argv.slice(2));
// Questions that a dead region never answers would keep the process waiting; what was said must still get out.
await Promise.all(
  [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((done) => stream.write("", () => done())),
  ),
);
process.exit(exitCode);
