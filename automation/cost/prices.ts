/** The dated price table, and what an instance costs by it. A price that is not there is unknown, never zero. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { largeUnits } from "../instance-size.ts";

const source = z.object({ url: z.url(), seen: z.boolean() });
const schema = z.object({
  date: z.iso.date(),
  regions: z.array(z.string()),
  note: z.string(),
  perLargeHour: z.object({
    ec2: z.record(z.string(), z.number()),
    aurora: z.record(z.string(), z.number()),
  }),
  perLargeHourSource: z.object({ ec2: source, aurora: source }),
  units: z.record(z.string(), source.extend({ usd: z.number() })),
});
export type Prices = z.output<typeof schema>;

const FILE = new URL("prices.json", import.meta.url);
export const readPrices = (): Prices => schema.parse(JSON.parse(readFileSync(FILE, "utf8")));

/** `m7g.xlarge` or `db.r7g.large`, in dollars per hour; undefined: not in the table. Proportional within a family. */
export function instanceHour(prices: Prices, instance: string): number | undefined {
  const [size = "", family = "", database] = instance.split(".").reverse();
  const perLarge = prices.perLargeHour[database === "db" ? "aurora" : "ec2"][family];
  const units = largeUnits(size);
  return perLarge === undefined || units === undefined ? undefined : perLarge * units;
}
