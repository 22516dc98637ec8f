/** `dr cost`: what the configuration would cost, so that the standby is chosen with open eyes. */
import { UsageError } from "../errors.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "cost",
  options(program) {
    program
      .option("--json", "one JSON value on stdout")
      .option(
        "--average-kilobytes <n>",
        "KB/s appended on average; a tenth of journal.kilobytesPerSecond without",
      )
      .option("--database-gigabytes <n>", "size of the database");
  },
  async run(options, { settings, stdout }) {
    const average = positive(options["averageKilobytes"], "--average-kilobytes");
    const gigabytes = positive(options["databaseGigabytes"], "--database-gigabytes");
    const [
      { AVERAGE_OF_PEAK, DEFAULT_DATABASE_GIGABYTES, estimate },
      { readPrices },
      { render },
      { readStackConfig },
    ] = await Promise.all([
      import("../cost/estimate.ts"),
      import("../cost/prices.ts"),
      import("../cost/render.ts"),
      import("../stack-config.ts"),
    ]);
    const config = await readStackConfig(settings.projectDirectory, "dr");
    const result = estimate(config, readPrices(), {
      averageKilobytesPerSecond: average ?? config.journal.kilobytesPerSecond * AVERAGE_OF_PEAK,
      databaseGigabytes: gigabytes ?? DEFAULT_DATABASE_GIGABYTES,
    });
    stdout.write(options["json"] === true ? `${JSON.stringify(result)}\n` : render(result));
    return 0;
  },
};

/** @throws UsageError */
function positive(value: unknown, option: string): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new UsageError(`${option} ${String(value)}: must be a number above 0`);
}
