/** `dr watch`: what clients get, live; ends by itself when asked to. */
import { InvalidArgumentError } from "commander";
import type { Command } from "./command.ts";

/** `90`, `90s` or `2m`, in seconds. */
export function duration(text: string): number {
  const [, number, unit = "s"] = /^(\d+)(s|m)?$/.exec(text) ?? [];
  const seconds = Number(number) * (unit === "m" ? 60 : 1);
  if (number !== undefined && seconds > 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("It must be a time from 1s to 1440m, e.g. 60s or 2m.");
}

const DEFAULT_LIMIT_SECONDS = 600;

export const command: Command = {
  name: "watch",
  options(program) {
    program
      .option("--until-stable <time>", "end well once it was good for so long, e.g. 60s", duration)
      .option("--until-failing <time>", "end once no look was good for so long", duration)
      .option(
        "--limit <time>",
        `give up then; ${DEFAULT_LIMIT_SECONDS / 60}m when it waits to be stable, never otherwise`,
        duration,
      )
      .option("--json", "one look per line, the verdict last");
  },
  async run(options, context) {
    const time = (name: string) => options[name] as number | undefined;
    const untilStableSeconds = time("untilStable");
    const { watch } = await import("../watch/command.ts");
    const request = {
      untilStableSeconds,
      untilFailingSeconds: time("untilFailing"),
      limitSeconds: time("limit") ?? (untilStableSeconds === undefined ? undefined : DEFAULT_LIMIT_SECONDS),
      json: options["json"] === true,
    };
    return await watch(request, context);
  },
};
