/** One call of `dr`, apart from the process that it runs in. A verb's module is loaded only when that verb is called. */
import { CommanderError, Command as Program } from "commander";
import type { Context, Options } from "./commands/command.ts";
import { VERBS } from "./commands/index.ts";
import { DrError, EXIT, exitCodeOf, messageOf } from "./errors.ts";
import { type Environment, readSettings } from "./settings.ts";

export interface Surroundings extends Omit<Context, "settings"> {
  readonly environment: Environment;
  readonly workingDirectory: string;
}

/** @returns the exit code; what went wrong has been said on stderr */
export async function dr(args: readonly string[], around: Surroundings): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = new Program("dr")
    .description("Disaster recovery: move production between two regions, and prove it.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => around.stdout.write(text),
      writeErr: (text) => around.stderr.write(text),
    })
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
      exitCode = await command.run(given, contextOf(given, around));
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, around.stderr);
  }
}

const optionsOf = (verb: Program): Options => ({
  ...verb.opts(),
  ...Object.fromEntries(verb.registeredArguments.map((one, n) => [one.name(), verb.processedArgs[n]])),
});

function contextOf(options: Options, { environment, workingDirectory, ...rest }: Surroundings): Context {
  const { projectDir } = options;
  const resolvers = options["resolver"] as readonly string[];
  const given = {
    ...environment,
    ...(typeof projectDir === "string" && { DR_PROJECT_DIR: projectDir }),
    ...(resolvers.length > 0 && { DR_RESOLVER: resolvers.join(",") }),
  };
  return { ...rest, settings: readSettings(given, workingDirectory) };
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Our own errors are one line; anything else is a bug and shows where. */
function report(error: unknown, stderr: NodeJS.WritableStream): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const code = exitCodeOf(error);
  const known = error instanceof DrError || code !== EXIT.bug;
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  stderr.write(`dr: ${known ? messageOf(error) : trace}\n`);
  return code;
}
