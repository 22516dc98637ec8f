/** An estimate for a person. */
import { type Estimate, type Line, total } from "./estimate.ts";

const dollars = (amount: number | null): string =>
  amount === null ? "unknown" : `$${Math.round(amount).toLocaleString("en-US")}`;
const column = (text: string): string => text.padStart(10);

export function render({ lines, standbys, assumptions, pricesDate, notCounted }: Estimate): string {
  const regions = [...new Set(lines.map(({ region }) => region))];
  const parts = [...new Set(lines.map(({ part }) => part))];
  const sum = (keep: (line: Line) => boolean) => column(dollars(total(lines.filter(keep))));
  const unknown = lines.filter(({ monthly }) => monthly === null);
  return `${[
    "An estimate per month in US dollars, by list prices; no bill.",
    "",
    `${"".padEnd(14)}${regions.map(column).join("")}`,
    ...parts.map(
      (part) =>
        `${part.padEnd(14)}${regions.map((region) => sum((line) => line.part === part && line.region === region)).join("")}`,
    ),
    `${"in all".padEnd(14)}${regions.map((region) => sum((line) => line.region === region)).join("")}`,
    "",
    `The nodes of ${regions.at(-1)} depend on how it stands by:`,
    "",
    `${"".padEnd(14)}${column("its nodes")}${column("everything")}`,
    ...standbys.flatMap(({ standby, nodesMonthly, totalMonthly, means }) => [
      `${standby.padEnd(14)}${column(dollars(nodesMonthly))}${column(dollars(totalMonthly))}   ${means}`,
    ]),
    "",
    `assumed       ${assumptions.averageKilobytesPerSecond} KB/s appended on average (--average-kilobytes), ${assumptions.databaseGigabytes} GB of database (--database-gigabytes)`,
    `prices        of ${pricesDate}, automation/cost/prices.json, each with its source`,
    `not counted   ${notCounted.join("; ")}`,
    ...(unknown.length > 0
      ? [
          `unknown       ${[...new Set(unknown.map(({ item, region }) => `${item} in ${region}`))].join("; ")}: add the price to automation/cost/prices.json`,
        ]
      : []),
  ].join("\n")}\n`;
}
