/** `dr journal rebuild`: what the operator asks for, checked before anything else is loaded. */
import { Argument } from "commander";
import type { Command } from "./command.ts";
import { type HaltedRequest, parseHalted } from "./halted.ts";

export type RebuildRequest = HaltedRequest;

export const command: Command = {
  name: "journal",
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
    const request = parseHalted(options, context);
    const { runRebuild } = await import("../rebuild/start.ts");
    return await runRebuild(request, context);
  },
};
