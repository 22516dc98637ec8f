/** What replay, validation and search say to a person. */
import type { Progress, Replayed } from "../../replay/index.ts";
import type { Aside } from "./aside.ts";
import { inWords } from "./difference.ts";
import type { Found } from "./find.ts";
import type { ShardValidation } from "./validate.ts";

const count = (number: number | bigint): string => number.toLocaleString("en-US");
const at = (place: { readonly epoch: number; readonly seq: number } | null): string =>
  place === null ? "the beginning" : `${place.epoch}.${place.seq}`;

export function progressLine({ phase, events, total, eventsPerSecond, etaSeconds }: Progress): string {
  const of = total === null ? "" : ` of ${count(total)}`;
  const left = etaSeconds === null ? "" : `, ${count(etaSeconds)} s left`;
  return `${phase}: ${count(events)}${of} events, ${count(eventsPerSecond)}/s${left}`;
}

export function resultLines({ shards, events, verifySeconds, applySeconds }: Replayed): string {
  const lines = shards.map(({ shard, from, to, records, events: own, anchors }) => {
    const vouched =
      anchors.agreeing === 0 && anchors.cutOff === 0
        ? "no archived head"
        : `${count(anchors.agreeing)} archived head(s) agree`;
    return `shard ${shard}: from ${at(from)} to ${at(to)}, ${count(records)} records, ${count(own)} events; ${vouched}, ${count(anchors.unanchored)} record(s) behind the last`;
  });
  const rate = applySeconds === 0 ? 0 : Math.round(events / applySeconds);
  const total = `${count(events)} events: verified in ${verifySeconds.toFixed(1)} s, applied in ${applySeconds.toFixed(1)} s, ${count(rate)}/s`;
  return `${[...lines, total].join("\n")}\n`;
}

export function asideLine({ file, acknowledgedAfterCut, carriedEvents }: Aside): string {
  const carried = carriedEvents === 0 ? "" : `; ${count(carriedEvents)} event(s) carried over behind the cut`;
  return `${count(acknowledgedAfterCut)} acknowledged command(s) set aside in ${file}${carried}`;
}

export function validationLines(results: readonly ShardValidation[]): string {
  const lines = results.flatMap(({ shard, watermark, chain, tables, conserved, engine, broken, valid }) => [
    `shard ${shard} at ${at(watermark)}: ${valid ? "valid" : "NOT VALID"}`,
    chain.holds
      ? `  chain    holds over ${count(chain.log.records)} records; ${count(chain.log.anchors.agreeing)} archived head(s) agree`
      : `  chain    ${chain.why}`,
    ...tables.map(({ table, equal, database, journal, first }) => {
      const sums = `${count(database.rows)} rows, the journal says ${count(journal.rows)}`;
      const difference = first === null ? "" : `; first: ${inWords(first)}`;
      return `  ${table.padEnd(8)} ${equal ? "equal" : "DIFFERS"}, ${sums}${difference}`;
    }),
    `  totals   ${conserved ? "conserved" : "NOT conserved"}${totalsOf(tables)}`,
    `  engine   ${engine}`,
    ...broken.map((what) => `  journal  ${what}`),
  ]);
  return `${lines.join("\n")}\n`;
}

function totalsOf(tables: ShardValidation["tables"]): string {
  const [orders, trades] = ["orders", "trades"].map((name) => tables.find(({ table }) => table === name));
  if (orders === undefined || trades === undefined) return "";
  const { bought, sold } = orders.database;
  const { bought: traded, notional } = trades.database;
  const quantities = `bought ${count(bought)}, sold ${count(sold)}, traded ${count(traded)}`;
  return `: ${quantities}, notional ${count(notional)}, the journal says ${count(trades.journal.notional)}`;
}

export function foundLines({ shard, epoch, seq, index, ts, event, rows, after }: Found): string {
  const lines = [
    `shard ${shard}, record ${epoch}.${seq}, event ${index}, at ${new Date(ts).toISOString()}`,
    `  event    ${JSON.stringify(event)}`,
    ...rows.map((row) => `  answer   ${JSON.stringify(row)}`),
    `  a cut that keeps all before it: ${shard}:${epoch}:${seq}:${index}; restore the database to before ${new Date(ts).toISOString()}`,
    `  the last good record of this shard is ${at(after)}`,
  ];
  return `${lines.join("\n")}\n`;
}
