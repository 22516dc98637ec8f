/** `dr journal rebuild`: what the operator asks for, checked before anything else is loaded. */
import { Argument } from "commander";
import { UsageError } from "../errors.ts";
import type { Command, Context, Options } from "./command.ts";

export interface RebuildRequest {
  /** Undefined: the region that is active. */
  readonly region: string | undefined;
  readonly confirmedRegion: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export const command: Command = {
  name: "journal",
  describe: "rebuild the halted journal in a fresh table, when somebody wrote into the present one",
  options(program) {
    program
      .addArgument(new Argument("<action>", "what to do").choices(["rebuild"]))
      .option("--region <region>", "the active region; refused when another one is active")
      .option("--dry-run", "show what the archive proves and what would be set aside, change nothing")
      .option("--yes", "do not ask; needs --confirm-region")
      .option("--confirm-region <region>", "the region once more, as confirmation of --yes")
      .option("--json", "one event per line on stdout");
  },
  async run(options, context) {
    const request = parseRequest(options, context);
    const { runRebuild } = await import("../rebuild/start.ts");
    return await runRebuild(request, context);
  },
};

/** @throws UsageError */
export function parseRequest(options: Options, { stdin }: Pick<Context, "stdin">): RebuildRequest {
  const text = (name: string) => (typeof options[name] === "string" ? options[name] : undefined);
  const flag = (name: string) => options[name] === true;
  const confirmedRegion = text("confirmRegion");
  if (flag("yes") !== (confirmedRegion !== undefined)) {
    throw new UsageError("--yes and --confirm-region REGION go together: nothing was changed");
  }
  if (!flag("yes") && !flag("dryRun") && stdin.isTTY !== true) {
    throw new UsageError(
      "there is no terminal to confirm on: add --yes --confirm-region REGION, or --dry-run to look only",
    );
  }
  return { region: text("region"), confirmedRegion, dryRun: flag("dryRun"), json: flag("json") };
}
