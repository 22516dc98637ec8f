/** `dr simulate`: thousands of failovers at AWS' scale on a virtual clock, by the runbook's own steps. */
import { type Command as CommanderCommand, Option } from "commander";
import { DNS_PROVIDERS } from "../../components/model.ts";
import type { Command } from "./command.ts";
import { LARGEST_SEED, wholeNumber } from "./numbers.ts";

const DEFAULT_RUNS = 10_000;

export const command: Command = {
  name: "simulate",
  options(program: CommanderCommand): void {
    program
      .option("--runs <n>", "failovers per configuration", wholeNumber(100, 1_000_000), DEFAULT_RUNS)
      .option("--seed <n>", "of the draws", wholeNumber(0, LARGEST_SEED), 1)
      .addOption(
        new Option("--latencies <place>", "where it happens").choices(["aws", "sandbox"]).default("aws"),
      )
      .addOption(
        new Option("--standby <kind>", "of the passive region; both without").choices(["warm", "cold"]),
      )
      .addOption(new Option("--go <who>", "says go; all without").choices(["automatic", "desk", "paged"]))
      .addOption(new Option("--dns <provider>", "of the public name; both without").choices(DNS_PROVIDERS))
      .option("--svg <file>", "draw it")
      .option("--sources", "show every latency with its source, simulate nothing")
      .option("--json", "one JSON value on stdout");
  },
  async run(options, context) {
    const { simulateFailovers } = await import("../simulate/command.ts");
    return await simulateFailovers(options as unknown as Parameters<typeof simulateFailovers>[0], context);
  },
};
