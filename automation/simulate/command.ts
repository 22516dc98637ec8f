/** Simulates what was asked for and says it. */
import { open, writeFile } from "node:fs/promises";
import type { Context } from "../commands/command.ts";
import { EXIT, messageOf, UsageError } from "../errors.ts";
import { readStackConfig } from "../stack-config.ts";
import { type LatencyTable, type Place, readLatencies } from "./latencies.ts";
import type { Setting } from "./model.ts";
import { choose, meets, type Report, type RestoreReport, render, renderSources } from "./report.ts";
import { FOUND_WITHIN_SECONDS, simulateRestore } from "./restore.ts";
import { type Basis, basisOf, settingsOf, type Wanted } from "./settings.ts";
import { type Draw, shortenings, simulate, simulateZoneLoss } from "./simulate.ts";
import { draw } from "./svg.ts";

export interface SimulateRequest extends Wanted {
  readonly runs: number;
  readonly seed: number;
  readonly latencies: Place;
  readonly svg?: string | undefined;
  readonly sources?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Exit code `rtoMissed` when no configuration meets the objective at the 99th percentile. */
export async function simulateFailovers(
  request: SimulateRequest,
  { settings, stdout, stderr, signal }: Context,
): Promise<number> {
  const table = await readLatencies(request.latencies);
  if (request.sources === true) {
    stdout.write(request.json === true ? `${JSON.stringify(table)}\n` : renderSources(table));
    return EXIT.done;
  }
  if (request.svg !== undefined) await mustBeWritable(request.svg);
  const basis = basisOf(await readStackConfig(settings.projectDirectory, "prod"));
  const wanted = settingsOf(request, basis);
  const { runs, seed } = request;
  const simulations = [];
  for (const setting of wanted) {
    signal.throwIfAborted();
    simulations.push(simulate(setting, table, { runs, seed }));
  }
  const chosen = choose(simulations);
  const report: Report = {
    ...{ draw: { runs, seed }, table, cost: basis.cost, simulations, chosen },
    zoneLosses: onePerProvider(wanted).map((setting) => simulateZoneLoss(setting, table, { runs, seed })),
    shortenings: shortenings(chosen.setting, table, { runs, seed }),
    restores: restoresOf(basis, table, { runs, seed }),
  };
  stdout.write(request.json === true ? `${JSON.stringify(asJson(report))}\n` : render(report));
  if (request.svg !== undefined) {
    await writeFile(request.svg, draw(report));
    stderr.write(`drawn: ${request.svg}\n`);
  }
  return meets(chosen) ? EXIT.done : EXIT.rtoMissed;
}

/** Before anybody waits for it. What stands in it is left. */
async function mustBeWritable(file: string): Promise<void> {
  const handle = await open(file, "a").catch((error: unknown) => {
    throw new UsageError(`--svg ${file}: it cannot be written: ${messageOf(error)}`);
  });
  await handle.close();
}

/** Who says go and what stands by are nothing to a zone's loss. */
const onePerProvider = (settings: readonly Setting[]): readonly Setting[] => [
  ...new Map(settings.map((setting) => [setting.dns.provider, setting])).values(),
];

function restoresOf({ restore }: Basis, table: LatencyTable, draw: Draw): RestoreReport {
  const of = (days: number) => ({
    database: simulateRestore("database", restore(days), table, draw),
    journal: simulateRestore("journal", restore(days), table, draw),
  });
  const [one, two] = [of(1), of(2)];
  const further = (damaged: keyof typeof one) => two[damaged].fromGo.p50 - one[damaged].fromGo.p50;
  return {
    ...{ of: one, records: restore(1).records, foundWithinSeconds: FOUND_WITHIN_SECONDS },
    furtherDaySeconds: { database: further("database"), journal: further("journal") },
  };
}

/** Without the single runs. */
function asJson({ table, simulations, chosen, ...rest }: Report): object {
  const figures = ({ recovered: _, ...one }: Report["chosen"]) => one;
  return {
    ...rest,
    place: table.place,
    meets: meets(chosen),
    chosen: figures(chosen),
    simulations: simulations.map(figures),
  };
}
