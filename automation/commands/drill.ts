/** `dr drill`: rehearse a disaster in a sandbox as an operator would meet it, measure, and say what it was worth. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Argument, type Command as CommanderCommand, Option } from "commander";
import { DNS_PROVIDERS } from "../../components/model.ts";
import { DEFAULT_SCENARIO, SCENARIOS, type ScenarioName } from "../drill/scenarios.ts";
import { UsageError } from "../errors.ts";
import type { Evidence } from "../report/evidence.ts";
import { LATENCIES, LOSSES } from "../report/evidence.ts";
import { Narrator } from "../report/narrator.ts";
import { VERDICT_EXIT_CODES } from "../report/verdict.ts";
import type { Command, Context, Options } from "./command.ts";
import { LARGEST_SEED, wholeNumber } from "./numbers.ts";

export const DEFAULT_RATE = 80;
export const DEFAULT_CLIENTS = 40;

export const command: Command = {
  name: "drill",
  options(program: CommanderCommand): void {
    program
      .addArgument(
        new Argument("[scenario]", "what happens").choices(Object.keys(SCENARIOS)).default(DEFAULT_SCENARIO),
      )
      .option("--json", "events as JSON, one a line, the evidence last")
      .option("--rate <n>", "operations per second over all clients", wholeNumber(1, 1_000), DEFAULT_RATE)
      .option("--clients <n>", "number of clients", wholeNumber(1, 1_000), DEFAULT_CLIENTS)
      .option(
        "--seed <n>",
        "repeat the draws of an earlier drill; random without",
        wholeNumber(0, LARGEST_SEED),
      )
      .addOption(new Option("--latency <kind>", "of the cloud").choices(LATENCIES).default(LATENCIES[0]))
      .addOption(
        new Option("--dns <provider>", "who answers the public name")
          .choices(DNS_PROVIDERS)
          .default(DNS_PROVIDERS[0]),
      )
      .addOption(new Option("--loss <kind>", "how region or zones are lost").choices([...LOSSES, "each"]))
      .option("--keep", "leave the sandbox running afterwards, until Ctrl-C")
      .addHelpText("after", scenarios);
  },
  async run(options, context) {
    return await drill(options, context);
  },
};

function scenarios(): string {
  const lines = Object.entries(SCENARIOS).map(
    ([name, { describe, losses }]) =>
      `  ${name.padEnd(14)} ${describe}${losses.length > 0 ? `; --loss ${losses.join(", ")}` : ""}`,
  );
  return `\nScenarios:\n${lines.join("\n")}`;
}

type Parsed = Evidence["options"] & {
  readonly scenario: ScenarioName;
  readonly json: boolean;
  readonly keep: boolean;
};

/** Throws UsageError. Exported for its tests: whatever else is wrong with a drill shows only when it runs. */
export function parsed(options: Options): Parsed {
  const { scenario, rate, clients, latency, dns, json, keep } = options as unknown as Parsed;
  const losses: readonly Parsed["loss"][] = SCENARIOS[scenario].losses;
  const asked = options["loss"] as Parsed["loss"] | undefined;
  if (asked !== undefined && !losses.includes(asked))
    throw new UsageError(
      `--loss ${asked}: ${losses.length > 0 ? `for ${scenario} it must be one of ${losses.join(", ")}` : `${scenario} takes none`}`,
    );
  const loss = asked ?? losses[0] ?? "kill";
  const seed = (options["seed"] as number | undefined) ?? Math.floor(Math.random() * LARGEST_SEED);
  return { scenario, rate, clients, seed, latency, dns, loss, json: json === true, keep: keep === true };
}

async function drill(given: Options, { stdout, stderr, signal }: Context): Promise<number> {
  const { scenario: name, json, keep, ...options } = parsed(given);
  // Loaded only now, so that bad usage is answered at once.
  const [scenario, { runDrill }, { FAILOVER_SCRIPT }, { openSandbox }] = await Promise.all([
    SCENARIOS[name].load(),
    import("../drill/run.ts"),
    import("../drill/operator.ts"),
    import("./drill-world.ts"),
  ]);
  const stamp = new Date().toISOString().replaceAll(/[-:]|\..*/g, "");
  const id = `${scenario.id}-${stamp}-${options.seed}`;
  const directory = path.join(import.meta.dirname, "..", "..", "evidence", id);
  await mkdir(directory, { recursive: true });
  const narrator = new Narrator(json, { stdout, stderr }, path.join(directory, "events.ndjson"));
  try {
    narrator.say({ type: "note", at: Date.now(), message: title(scenario.title, options) });
    const evidence = await runDrill(scenario, {
      ...{ id, options, directory, open: openSandbox, failoverScript: FAILOVER_SCRIPT, signal },
      say: (event) => narrator.say(event),
      concluded: async (concluded) => {
        narrator.conclude(concluded, path.relative(process.cwd(), path.join(directory, "evidence.json")));
        if (keep) await untilInterrupted(signal, narrator);
      },
    });
    return VERDICT_EXIT_CODES[evidence.verdict];
  } finally {
    await narrator.close();
  }
}

function title(scenario: string, { seed, rate, clients, latency, dns, loss }: Evidence["options"]): string {
  const load = `${rate} operations/s by ${clients} clients`;
  return `drill: ${scenario} · seed ${seed} · ${load} · loss ${loss} · latency ${latency} · ${dns}`;
}

async function untilInterrupted(signal: AbortSignal, narrator: Narrator): Promise<void> {
  narrator.say({
    type: "note",
    at: Date.now(),
    message: "the sandbox is kept: npm run sandbox -- status; Ctrl-C ends it",
  });
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
