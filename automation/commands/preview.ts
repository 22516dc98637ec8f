/** `dr preview`: what `dr pr-report` reads, and what `dr deploy --reviewed` then does and nothing else. */
import type { Command } from "./command.ts";

export const command: Command = {
  name: "preview",
  options(program) {
    program
      .requiredOption("--out <directory>", "where previews and plans go")
      .option("--refresh", "look at the clouds first: what differs has drifted")
      .addHelpText("after", "\nExit codes: 0 both previewed · 2 usage · 10 one failed, its file says why");
  },
  async run(options, context) {
    const { preview } = await import("../preview.ts");
    return await preview(
      { directory: options["out"] as string, refresh: options["refresh"] === true },
      context,
    );
  },
};
