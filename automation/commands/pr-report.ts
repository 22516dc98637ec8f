/** `dr pr-report`: what a reviewer must see of a change, from the previews of its stacks. */
import { Option } from "commander";
import type { Gate } from "../review/report.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "pr-report",
  options(program) {
    program
      .argument("<files...>", "what `pulumi preview --json` printed, one file per stack, of any project")
      .option(
        "--comment",
        "write it as the one comment of the pull request (GITHUB_TOKEN, GITHUB_EVENT_PATH)",
      )
      .option("--issue <title>", "keep one open issue with it, closed when no stack has changes")
      .option("--drift", "the previews were made with --refresh: judge what the clouds changed by themselves")
      .addOption(
        new Option("--fail-on <verdict>", "from where the exit code is not 0")
          .choices(["danger", "eyes", "never"])
          .default("danger"),
      )
      .option("--json", "the verdict as JSON instead of Markdown")
      .addHelpText(
        "after",
        "\nExit codes: 0 below the gate · 20 needs eyes · 21 breaks the promise · 22 cannot be judged · 2 usage · 3 token",
      );
  },
  async run(options, context) {
    const { prReport } = await import("../review/report.ts");
    return await prReport(
      {
        files: options["files"] as readonly string[],
        comment: options["comment"] === true,
        issue: options["issue"] as string | undefined,
        drift: options["drift"] === true,
        gate: options["failOn"] as Gate,
        json: options["json"] === true,
      },
      context,
    );
  },
};
