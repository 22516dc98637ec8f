/** The simulation as a drawing: how sure each configuration is of its recovery time, and where the chosen one's time goes. */
import { RTO_SECONDS } from "../objectives.ts";
import { interpolated } from "./latencies.ts";
import { nameOf, type Report } from "./report.ts";
import type { Simulation } from "./simulate.ts";

const WIDTH = 900;
const LEFT = 150;
const RIGHT = 30;
const CURVES_HEIGHT = 260;
const ROW = 22;
const COLOURS = ["#0b7285", "#5f3dc4", "#2b8a3e", "#e67700", "#c92a2a", "#495057"] as const;
const POINTS = 100;

/** Seconds shown: all of the slowest curve's p95, and the objective. */
function scaleOf(simulations: readonly Simulation[]): (seconds: number) => number {
  const most = Math.max(RTO_SECONDS * 1.2, ...simulations.map(({ fromImpact }) => fromImpact.p95));
  return (seconds) => LEFT + (Math.min(seconds, most) / most) * (WIDTH - LEFT - RIGHT);
}

export function draw({ draw: { runs, seed }, table, simulations, chosen }: Report): string {
  const x = scaleOf(simulations);
  const legendTop = CURVES_HEIGHT + 40;
  const barsTop = legendTop + simulations.length * 18 + 50;
  const height = barsTop + chosen.phases.length * ROW + 50;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(LEFT, 18, `Recovered by then, share of ${runs} failovers, seed ${seed}: ${table.place}`, "start"),
    ...objective(x, 30, CURVES_HEIGHT),
    ...[0, 0.5, 0.95, 1].map((share) => gridLine(share)),
    ...simulations.map((one, index) => curve(one, colour(index), index, x)),
    ...simulations.map((one, index) => legend(one, index, legendTop + index * 18)),
    text(
      LEFT,
      barsTop - 18,
      `Phases of: ${nameOf(chosen.setting)} (median; the thin line reaches to its p95)`,
      "start",
    ),
    ...objective(x, barsTop - 8, barsTop + chosen.phases.length * ROW),
    ...chosen.phases.flatMap((phase, index) => bar(phase, barsTop + index * ROW, x)),
    text(LEFT, height - 12, "seconds since the impact", "start"),
    "</svg>",
    "",
  ].join("\n");
}

const colour = (index: number): string => COLOURS[Math.floor(index / 2) % COLOURS.length] ?? "#000";
/** Every other one is dashed: the two DNS providers of one configuration share their colour. */
const dash = (index: number): string => (index % 2 === 0 ? "" : ' stroke-dasharray="5 3"');
const y = (share: number): number => CURVES_HEIGHT - share * (CURVES_HEIGHT - 40);

function gridLine(share: number): string {
  const at = y(share).toFixed(1);
  return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#dee2e6"/>${text(LEFT - 8, y(share) + 4, `${share * 100} %`, "end")}`;
}

function objective(x: (seconds: number) => number, top: number, bottom: number): string[] {
  const at = x(RTO_SECONDS).toFixed(1);
  return [
    `<line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}" stroke="#c92a2a" stroke-dasharray="2 3"/>`,
    text(x(RTO_SECONDS), bottom + 14, `${RTO_SECONDS} s`, "middle"),
  ];
}

function curve(
  { recovered }: Simulation,
  stroke: string,
  index: number,
  x: (seconds: number) => number,
): string {
  const points = Array.from({ length: POINTS + 1 }, (_, step) => {
    const share = step / POINTS;
    return `${x(interpolated(recovered, share)).toFixed(1)},${y(share).toFixed(1)}`;
  });
  return `<polyline fill="none" stroke="${stroke}" stroke-width="2"${dash(index)} points="${points.join(" ")}"/>`;
}

function legend({ setting, fromImpact }: Simulation, index: number, top: number): string {
  const line = `<line x1="${LEFT}" x2="${LEFT + 28}" y1="${top}" y2="${top}" stroke="${colour(index)}" stroke-width="2"${dash(index)}/>`;
  return line + text(LEFT + 36, top + 4, `${nameOf(setting)}: p99 ${fromImpact.p99.toFixed(0)} s`, "start");
}

function bar(
  { phase, seconds, start }: Simulation["phases"][number],
  top: number,
  x: (seconds: number) => number,
): string[] {
  const from = x(start);
  const width = Math.max(1.5, x(start + seconds.p50) - from);
  const middle = top + 8;
  return [
    text(LEFT - 8, top + 12, phase, "end"),
    `<line x1="${from.toFixed(1)}" x2="${x(start + seconds.p95).toFixed(1)}" y1="${middle}" y2="${middle}" stroke="#868e96"/>`,
    `<rect x="${from.toFixed(1)}" y="${top + 2}" width="${width.toFixed(1)}" height="12" fill="#0b7285"/>`,
  ];
}

function text(x: number, y_: number, content: string, anchor: "start" | "middle" | "end"): string {
  const safe = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x.toFixed(1)}" y="${y_.toFixed(1)}" text-anchor="${anchor}" fill="#212529">${safe}</text>`;
}
