/** The losses of zones as a block of text: the answer of each, then its errors second by second. */
import type { ZoneRound } from "./evidence.ts";
import { row, seconds } from "./summary.ts";

const BLOCKS = " ▁▂▃▄▅▆▇█";

export function zoneLines(zones: readonly ZoneRound[], targetSeconds: number): string[] {
  const worst = Math.max(...zones.map(({ errorsEndSeconds }) => errorsEndSeconds ?? Infinity));
  return [
    row(
      "errors",
      `ended within ${seconds(Number.isFinite(worst) ? worst : null)} of ${targetSeconds} s, in each zone`,
    ),
    ...zones.flatMap((round) => ["", ...roundLines(round)]),
  ];
}

function roundLines(round: ZoneRound): string[] {
  const engines = Object.entries(round.takeoverSeconds).map(([name, taken]) => `${name} ${seconds(taken)}`);
  const inside = [
    `${round.pods} pods`,
    ...(round.activeEngines.length > 0 ? [`active ${round.activeEngines.join(", ")}`] : []),
    ...(round.databaseWriter ? ["the database's writer"] : []),
  ];
  return [
    row(
      round.zone,
      `${round.loss}${round.atMaximum ? ", autoscaler at its maximum" : ""}: ${inside.join(", ")}`,
    ),
    row(
      "",
      `errors ended after ${seconds(round.errorsEndSeconds)}; its address left the name after ${seconds(round.nameLeftSeconds)}`,
    ),
    row("", `standby took over: ${engines.join(", ") || "no active engine was there"}`),
    row(
      "",
      `${round.databaseWriter ? `database writable after ${seconds(round.databaseWritableSeconds)}; ` : ""}redundancy again after ${seconds(round.redundancySeconds)}`,
    ),
    ...round.shortage.map((line) => row("", `no room: ${line}`)),
    row("", `failed, of each second's operations, full block = all:`),
    row("", sparkline(round)),
  ];
}

/** One character a second. */
const sparkline = ({ perSecond }: ZoneRound): string =>
  perSecond
    .map(({ sent, failed }) => BLOCKS[sent === 0 ? 0 : Math.ceil((failed / sent) * (BLOCKS.length - 1))])
    .join("")
    .trimEnd();
