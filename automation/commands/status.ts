/** `dr status`: both regions at a glance; what cannot be seen is said to be unknown. */
import type { Command } from "./command.ts";

export const command: Command = {
  name: "status",
  options(program) {
    program.option("--json", "one JSON value on stdout");
  },
  async run(options, context) {
    const { observe, render } = await import("../status.ts");
    const seen = await observe(context.settings);
    context.stdout.write(options["json"] === true ? `${JSON.stringify(seen)}\n` : render(seen));
    return 0;
  },
};
