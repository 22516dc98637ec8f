/** `dr park`: the old region came back; its stack becomes passive, so that both stacks say who is active. */
import { UsageError } from "../errors.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "park",
  options(program) {
    program.option("--region <region>", "the region that is no longer active");
  },
  async run(options, context) {
    const { region } = options;
    if (typeof region !== "string") {
      throw new UsageError(
        "--region is missing: name the region that is no longer active, e.g. --region us-east-1",
      );
    }
    const { park } = await import("../park.ts");
    return await park(region, context);
  },
};
