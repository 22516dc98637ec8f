/** `dr deploy`: one stack, or both in the order that the change needs; the same in CI and on a laptop. */
import { type Command as CommanderCommand, InvalidArgumentError, Option } from "commander";
import { STACKS, type StackName } from "../../components/model.ts";
import { UsageError } from "../errors.ts";
import type { Command } from "./command.ts";

const DEFAULT_LOCK_SECONDS = 600;
const DEFAULT_READY_SECONDS = 300;

function seconds(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 86_400) return value;
  throw new InvalidArgumentError("It must be a whole number of seconds from 0 to 86400.");
}

export const command: Command = {
  name: "deploy",
  options(program: CommanderCommand) {
    program
      .option("--stack <stack>", "prod or dr")
      .option(
        "--all",
        "the state's bucket if it is missing, then both stacks in the order that the change needs",
      )
      .option("--yes", "do not ask before each stack")
      .option("--reviewed <directory>", "deploy exactly the plans that `dr preview --out` wrote there")
      .addOption(
        new Option("--accept <names>", "resources whose loss was agreed to, separated by commas")
          .argParser(names)
          .default([], "none"),
      )
      .option("--release", "deploy nothing: give back the lock of a deployment that was killed here")
      .option("--lock-timeout <seconds>", "how long another run is waited for", seconds, DEFAULT_LOCK_SECONDS)
      .option("--ready-timeout <seconds>", "how long pods may take", seconds, DEFAULT_READY_SECONDS)
      .addHelpText(
        "after",
        "\nExit codes: 0 deployed and ready · 2 usage or not confirmed · 10 refused, nothing changed · 13 deployed in part, or not ready · 75 another run",
      );
  },
  async run(options, context) {
    const stack = chosen(options["stack"], options["all"] === true);
    if (options["release"] === true) {
      const { releaseLocks } = await import("../deploy.ts");
      return await releaseLocks(stack === undefined ? STACKS : [stack], context);
    }
    const yes = options["yes"] === true;
    if (!yes && context.stdin.isTTY !== true) {
      throw new UsageError("there is no terminal to confirm on: add --yes");
    }
    const { deploy } = await import("../deploy.ts");
    const request = {
      stack,
      yes,
      bootstrap: options["all"] === true,
      reviewed: options["reviewed"] as string | undefined,
      accepted: options["accept"] as readonly string[],
      lockSeconds: options["lockTimeout"] as number,
      readySeconds: options["readyTimeout"] as number,
    };
    return await deploy(request, context);
  },
};

const names = (value: string): readonly string[] => value.split(",").map((name) => name.trim());

/** Undefined: both. */
function chosen(stack: unknown, all: boolean): StackName | undefined {
  if (all && stack !== undefined)
    throw new UsageError("--stack and --all exclude each other: name one of them");
  if (all) return undefined;
  const found = STACKS.find((name) => name === stack);
  if (found !== undefined) return found;
  throw new UsageError(
    stack === undefined
      ? `say what to deploy: --all, or --stack ${STACKS.join(" or --stack ")}`
      : `--stack ${stack}: must be ${STACKS.join(" or ")}`,
  );
}
