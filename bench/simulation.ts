/**
 * How quick the simulation is, and how well it foretells drills: `node bench/simulation.ts [EVIDENCE_DIRECTORY…]`.
 * Without directories only the speed, and how often one drill is far from the median by chance alone. Of each drill the
 * durations of its steps are printed too, with the model's medians: what `automation/simulate/latencies.sandbox.json` is
 * made of.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { CorruptionCase, Evidence, Phase } from "../automation/report/evidence.ts";
import { readLatencies } from "../automation/simulate/latencies.ts";
import type { Setting } from "../automation/simulate/model.ts";
import { defaultDns } from "../automation/simulate/settings.ts";
import { type Simulation, simulate } from "../automation/simulate/simulate.ts";
import { DNS_PROVIDERS } from "../components/model.ts";

const RUNS = 10_000;
const draw = { runs: RUNS, seed: 1 };
/** As `sandbox/project.ts` deploys it. */
const SANDBOX = { standby: "warm", shards: 2, pods: 6, nodes: 6, addresses: 3 } as const;
const STEPS = ["scale", "rebuild", "smoke", "catch-up", "promote", "fence", "health checks", "caches"];

const AGREEMENT = 0.1;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const seconds = (value: number): string => `${value.toFixed(1)} s`;

const aws = await readLatencies("aws");
const setting: Setting = { ...SANDBOX, go: "automatic", dns: defaultDns("route53") };
const began = performance.now();
simulate(setting, aws, draw);
console.log(`${RUNS} failovers in ${((performance.now() - began) / 1000).toFixed(2)} s on one core`);

const table = await readLatencies("sandbox");
/** Share of the runs that are further from their median than drills may be from the forecast. */
const farOff = ({ recovered, fromImpact: { p50 } }: Simulation): number =>
  recovered.filter((one) => Math.abs(one / p50 - 1) > AGREEMENT).length / recovered.length;
for (const provider of DNS_PROVIDERS) {
  const chance = farOff(simulate({ ...SANDBOX, go: 1.5, dns: defaultDns(provider) }, table, draw));
  console.log(
    `${provider}: ${percent(chance)} of the runs are more than ${percent(AGREEMENT)} from their median`,
  );
}
const errors: number[] = [];
for (const directory of process.argv.slice(2)) {
  const evidence = JSON.parse(await readFile(path.join(directory, "evidence.json"), "utf8")) as Evidence;
  const { fromImpactSeconds, fromGoSeconds, phases } = evidence.rto;
  for (const one of evidence.cases ?? []) console.log(`${evidence.id}, ${restored(one, phases)}`);
  if (evidence.cases !== undefined) continue;
  if (fromImpactSeconds === null || fromGoSeconds === null) continue;
  const go = fromImpactSeconds - fromGoSeconds;
  const predicted = simulate({ ...SANDBOX, go, dns: defaultDns(evidence.options.dns) }, table, draw);
  const { p50 } = predicted.fromImpact;
  const error = p50 / fromImpactSeconds - 1;
  errors.push(error);
  const durations = STEPS.map((step) => {
    const measured = phases.find(({ name }) => name === step);
    const median = predicted.phases.find(({ phase }) => phase === step)?.seconds.p50 ?? 0;
    return `${step} ${measured === undefined ? "-" : seconds(measured.endSeconds - measured.startSeconds)} (${seconds(median)})`;
  });
  console.log(
    `${evidence.id} (${evidence.options.dns}): measured ${seconds(fromImpactSeconds)}, simulated ${seconds(p50)} (${percent(error)}); ${durations.join(", ")}`,
  );
}
/** What `dr check` foretold of it, and the steps of its commands. */
function restored({ id, fromGoSeconds, prediction }: CorruptionCase, phases: readonly Phase[]): string {
  const steps = phases.flatMap(({ name, startSeconds, endSeconds }) =>
    name.startsWith(`${id} `) ? [`${name.slice(id.length + 1)} ${seconds(endSeconds - startSeconds)}`] : [],
  );
  const told = prediction?.rtoSeconds ?? Number.NaN;
  const error = 100 * (told / (fromGoSeconds ?? Number.NaN) - 1);
  return `${id}: measured ${seconds(fromGoSeconds ?? Number.NaN)} from the go, foretold ${seconds(told)} (${error.toFixed(1)} %); ${steps.join(", ")}`;
}

if (errors.length > 0) {
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  console.log(`mean error over ${errors.length} drills: ${percent(mean)}`);
}
