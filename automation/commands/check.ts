/** `dr check`: whether a failover now would work, and what it would take. */
import type { Command } from "./command.ts";

export const command: Command = {
  name: "check",
  describe: "judge whether a failover now would work, and predict what it would take",
  options(program) {
    program
      .option("--host", "judge this machine instead: whether it could run the failover")
      .option("--json", "one JSON value on stdout");
  },
  async run(options, context) {
    const { check } = await import("../check/command.ts");
    return await check({ host: options["host"] === true, json: options["json"] === true }, context);
  },
};
