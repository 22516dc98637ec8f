/** `dr deploy`: the stacks in the order that they need each other. */
import { STACKS, type StackName } from "../../components/model.ts";
import { UsageError } from "../errors.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "deploy",
  describe: "deploy one stack, or both in the order that they need",
  options(program) {
    program
      .option("--stack <stack>", "prod or dr")
      .option("--all", "the state's bucket if it is missing, then prod, then dr")
      .option("--yes", "do not ask before each stack");
  },
  async run(options, context) {
    const stacks = chosen(options["stack"], options["all"] === true);
    const yes = options["yes"] === true;
    if (!yes && context.stdin.isTTY !== true) {
      throw new UsageError("there is no terminal to confirm on: add --yes");
    }
    const { deploy } = await import("../deploy.ts");
    return await deploy({ stacks, yes, bootstrap: options["all"] === true }, context);
  },
};

function chosen(stack: unknown, all: boolean): readonly StackName[] {
  if (all && stack !== undefined)
    throw new UsageError("--stack and --all exclude each other: name one of them");
  if (all) return STACKS;
  const found = STACKS.find((name) => name === stack);
  if (found !== undefined) return [found];
  throw new UsageError(
    stack === undefined
      ? `say what to deploy: --all, or --stack ${STACKS.join(" or --stack ")}`
      : `--stack ${stack}: must be ${STACKS.join(" or ")}`,
  );
}
