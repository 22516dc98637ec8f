/** The simulation for a person: the answer first, then where the time goes, then what it rests on. */
import { RTO_SECONDS, ZONE_SECONDS } from "../objectives.ts";
import type { WaitName } from "./draws.ts";
import type { LatencyTable } from "./latencies.ts";
import type { Setting } from "./model.ts";
import type { Damaged, RestoreFigures } from "./restore.ts";
import type { Basis } from "./settings.ts";
import type { Draw, Percentiles, Shortening, Simulation, ZoneLoss } from "./simulate.ts";

/** What it takes when the data itself is wrong, with a day of journal. */
export interface RestoreReport {
  readonly of: Readonly<Record<Damaged, RestoreFigures>>;
  readonly records: number;
  readonly foundWithinSeconds: number;
  /** What each further day of journal adds to the median. */
  readonly furtherDaySeconds: Readonly<Record<Damaged, number>>;
}

export interface Report {
  readonly draw: Draw;
  readonly table: LatencyTable;
  readonly cost: Basis["cost"];
  readonly simulations: readonly Simulation[];
  /** By each way to lead the public name. */
  readonly zoneLosses: readonly ZoneLoss[];
  /** The least demanding one that meets the objective at the 99th percentile; else the one that comes nearest. */
  readonly chosen: Simulation;
  readonly shortenings: readonly Shortening[];
  readonly restores: RestoreReport;
}

export const meets = ({ fromImpact }: Simulation): boolean => fromImpact.p99 <= RTO_SECONDS;

/** Of those that meet the objective the last, settings being listed from the most to the least demanding. */
export function choose(simulations: readonly Simulation[]): Simulation {
  const chosen =
    simulations.findLast(meets) ?? simulations.toSorted((a, b) => a.fromImpact.p99 - b.fromImpact.p99)[0];
  if (chosen === undefined) throw new Error("nothing was simulated");
  return chosen;
}

const dollars = (amount: number | null): string =>
  amount === null ? "an unknown amount" : `$${Math.round(amount).toLocaleString("en-US")}`;

const GO_TEXT = {
  automatic: "dr watch starts it",
  desk: "an operator who watches",
  paged: "a paged operator",
} as const;

/** What a setting demands that the least one does not. */
const COSTS: Readonly<Record<string, string>> = {
  warm: "warm: the passive region's nodes run, with reservations for the whole load",
  automatic: "a host in the witness region that is always on, and a decision that nobody takes back",
  desk: "somebody who watches at any hour",
  route53: "Route 53: health checks every 10 s are charged apart",
  cloudflare: "Cloudflare: a load balancer with monitors",
};

/** How a person shortens a wait. */
const LEVERS: Partial<Readonly<Record<WaitName, string>>> = {
  alarm: "watch instead: dr watch sees it within seconds",
  paged: "watch instead: dr watch --until-failing 10s && dr failover --yes",
  desk: "dr watch --until-failing 10s && dr failover --yes",
  confirmation: "--yes --confirm-target",
  update: "--direct spares Pulumi's updates",
  switch: "--direct spares Pulumi's updates",
  plan: "--direct spares Pulumi's plans",
  nodeStart: "keep nodes running: a warm standby",
  imagePull: "pull the images ahead on every node",
  healthChecks: "lower dns.healthCheck.failureThreshold",
  healthPropagation: "cloudflare has no such step",
  caches: "lower dns.ttlSeconds",
  loadBalancer: "a shorter interval of the target check",
};

export const nameOf = ({ standby, go, dns }: Setting): string =>
  `${standby}, ${typeof go === "number" ? `go after ${go} s` : GO_TEXT[go]}, ${dns.provider}`;

/** Lines of the whole report. */
export function render(report: Report): string {
  const { draw, table, cost, simulations, zoneLosses, chosen, shortenings, restores } = report;
  return [
    `${draw.runs.toLocaleString("en-US")} failovers per configuration, seed ${draw.seed}: ${table.place}`,
    "",
    row("seconds from the impact", "p50", "p95", "p99", `inside ${RTO_SECONDS} s`),
    ...simulations.map((one) => row(nameOf(one.setting), ...figures(one.fromImpact), percent(one.inside))),
    "",
    meets(chosen)
      ? `MEETS ${RTO_SECONDS} s at p99: ${nameOf(chosen.setting)} (${chosen.fromImpact.p99.toFixed(0)} s; ${chosen.fromGo.p99.toFixed(0)} s from the go)`
      : `NONE MEETS ${RTO_SECONDS} s at p99. The nearest: ${nameOf(chosen.setting)} (${chosen.fromImpact.p99.toFixed(0)} s)`,
    ...costs(chosen.setting).map((line) => `  costs ${line}`),
    `  in money ${dollars(cost[chosen.setting.standby].nodes)} a month for the passive region's nodes, ${dollars(cost[chosen.setting.standby].all)} for everything but the DNS: an estimate, dr cost says of what`,
    "",
    row("seconds of each phase", "p50", "p95", "p99", "begins at"),
    ...chosen.phases.map(({ phase, seconds, start }) => row(phase, ...figures(seconds), start.toFixed(1))),
    row("database writable", ...figures(chosen.databaseWritable), "since impact"),
    "",
    row("a zone's loss, nobody intervenes", "p50", "p95", "p99", `inside ${ZONE_SECONDS} s`),
    ...zoneLosses.map(({ dns: { provider }, fromImpact, inside }) =>
      row(`errors end, ${provider}`, ...figures(fromImpact), percent(inside)),
    ),
    "",
    "Shorten next (what half of it would take off the p99):",
    ...shortenings.slice(0, 5).map((one) => `  ${shortening(one, table)}`),
    "",
    ...restoreLines(restores),
    "",
    "A model: how long things take is data, each with its source (--sources); what is assumed says so.",
    "Not modelled: whether EC2 has the capacity, clients that ignore TTLs, a failover that stops half-way.",
    "",
  ].join("\n");
}

function restoreLines({
  of,
  records,
  foundWithinSeconds,
  furtherDaySeconds,
}: RestoreReport): readonly string[] {
  const minutes = (seconds: number) => (seconds / 60).toFixed(0);
  const line = (what: string, damaged: Damaged) => [
    row(what, ...figures(of[damaged].fromGo)),
    `  most of it: ${of[damaged].shares
      .slice(0, 4)
      .map(({ name, seconds }) => `${name} ${seconds.toFixed(0)} s`)
      .join(", ")}`,
    `  every further day of journal adds ${minutes(furtherDaySeconds[damaged])} min: every record counts, from the first`,
  ];
  return [
    row("seconds from the go until orders again", "p50", "p95", "p99"),
    ...line("database halted and restored", "database"),
    ...line("journal halted and rebuilt", "journal"),
    `  with ${(records / 1e6).toFixed(1)} million records, a day's; damage found within ${minutes(foundWithinSeconds)} min; confirmed in advance`,
  ];
}

function costs({ standby, go, dns }: Setting): readonly string[] {
  return [standby, String(go), dns.provider].flatMap((key) => COSTS[key] ?? []);
}

export function shortening({ wait, savedSeconds }: Shortening, { latencies }: LatencyTable): string {
  const title = wait in latencies ? latencies[wait as keyof typeof latencies].title : WAIT_TITLES[wait];
  const lever = LEVERS[wait];
  return `${savedSeconds.toFixed(1).padStart(6)} s  ${title ?? wait}${lever === undefined ? "" : `: ${lever}`}`;
}

const WAIT_TITLES: Partial<Readonly<Record<WaitName, string>>> = {
  silence: "silence of the journal, by which its region is known to be lost",
  lostSide: "health checks of the lost side",
  healthChecks: "health checks of the survivor",
  caches: "resolvers' caches",
};

/** Every latency with its source. */
export function renderSources({ place, latencies }: LatencyTable): string {
  const lines = Object.entries(latencies).flatMap(([name, { title, seconds, basis, source, says }]) => [
    `${name}: ${title}`,
    `  ${JSON.stringify(seconds)} s, ${basis}`,
    `  ${says}`,
    `  ${source}`,
  ]);
  return [`Latencies of ${place}`, "", ...lines, ""].join("\n");
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

const figures = ({ p50, p95, p99 }: Percentiles): [string, string, string] => [
  p50.toFixed(1),
  p95.toFixed(1),
  p99.toFixed(1),
];

const row = (label: string, ...cells: readonly string[]): string =>
  `${label.padEnd(46)}${cells.map((cell, index) => cell.padStart(index === 3 ? 14 : 8)).join("")}`;
