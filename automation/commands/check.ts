/** `dr check`: whether a failover now would work, and what it would take. */
import { UsageError } from "../errors.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "check",
  options(program) {
    program
      .option("--host", "judge this machine instead: whether it could run the failover")
      .option(
        "--forecast",
        "only predict what a failover or a restore now would take, in seconds instead of a minute",
      )
      .option("--json", "one JSON value on stdout");
  },
  async run(options, context) {
    const { host, forecast, json } = options;
    if (host === true && forecast === true) {
      throw new UsageError("--host and --forecast exclude each other: name one of them");
    }
    const { check } = await import("../check/command.ts");
    const about = host === true ? "host" : forecast === true ? "forecast" : "readiness";
    return await check({ about, json: json === true }, context);
  },
};
