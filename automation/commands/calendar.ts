/** `dr calendar`: drills of the real thing, inside the maintenance window. */
import { Argument } from "commander";
import { UsageError } from "../errors.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "calendar",
  options(program) {
    program
      .addArgument(
        new Argument("<action>", "guard: say whether a drill may begin; run: do one").choices([
          "guard",
          "run",
        ]),
      )
      .argument("[command...]", "with run, after --: what moves production, e.g. the failover script")
      .option("--zone <zone>", "with run: this availability zone loses power, by its FIS template")
      .option("--reason <text>", "why it must be outside the window; opens no incident")
      .option("--dry-run", "rehearse all of it: FIS as it was recorded, nobody is told, nothing is run")
      .option("--json", "one JSON value on stdout")
      .addHelpText("after", "\nDR_WEBHOOK_URL: a Slack-compatible webhook that is told of start and end.");
  },
  async run(options, context) {
    const text = (name: string) => (typeof options[name] === "string" ? options[name].trim() : undefined);
    const command_ = options["command"] as readonly string[] | undefined;
    const given = command_ !== undefined && command_.length > 0 ? command_ : undefined;
    const action = options["action"] === "run" ? "run" : "guard";
    const zone = text("zone");
    const reason = text("reason");
    if (reason === "") throw new UsageError("--reason is empty: say why it must be now");
    if (action === "guard" && (zone !== undefined || given !== undefined)) {
      throw new UsageError("guard only says whether a drill may begin: it takes no --zone and no command");
    }
    if (action === "run" && (zone === undefined) === (given === undefined)) {
      throw new UsageError("run needs one of --zone ZONE, or a command after --");
    }
    const { calendar } = await import("../calendar/command.ts");
    const flag = (name: string) => options[name] === true;
    return await calendar(
      { action, reason, zone, command: given, dryRun: flag("dryRun"), json: flag("json") },
      context,
    );
  },
};
