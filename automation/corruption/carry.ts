/**
 * Going on behind a cut without the poisoned events: what a filter does not name is written again into a new epoch, and
 * so is each omission, so that no later replay needs to know of the filter. Refused while an event that would stay
 * depends on one that would not.
 */
import type { Client } from "pg";
import type { Region } from "../../components/model.ts";
import {
  type EventPosition,
  type JournalRecord,
  type JournalStore,
  openCarrier,
  type Removed,
  readRemoved,
} from "../../journal/index.ts";
import { RefusedError } from "../errors.ts";
import { type Quarantined, quarantinedOf } from "./quarantine.ts";

export interface JudgeOptions {
  readonly store: JournalStore;
  readonly shard: number;
  /** The cut in force, at which the shard stands. */
  readonly cut: EventPosition;
  /** SQL over `epoch, seq, index, ts, event` (json): true of the events to leave out. */
  readonly filter: string;
  /** A session in which the application's functions are, e.g. on the target; only a temporary table is made in it. */
  readonly client: Client;
  readonly signal?: AbortSignal | undefined;
}

/** What a cut took back of one shard, parted. */
export interface Judged {
  readonly shard: number;
  readonly cut: EventPosition;
  readonly reason: string;
  readonly removed: readonly Removed[];
  readonly isOmitted: (one: Removed, index: number) => boolean;
  /** The commands whose events are left out. */
  readonly omitted: readonly Quarantined[];
}

/** Leaves room for the note of where the events stood, below the journal's limit. */
const BODY_BYTES = 60_000;
const SHOWN_DEPENDENTS = 5;

interface Frame {
  readonly command: object;
  readonly events: readonly object[];
}

/** Throws RefusedError when something that would stay depends on what would go. Writes nothing. */
export async function judge(options: JudgeOptions): Promise<Judged> {
  const { store, shard, cut, filter, signal } = options;
  const removed = await Array.fromAsync(readRemoved(store, shard, cut, signal));
  const places = await placesToOmit(options, removed);
  const reason = `left out: ${filter}`;
  const isOmitted = ({ record }: Removed, index: number) =>
    places.has(placeOf(record.epoch, record.seq, index));
  const omitted = removed.flatMap((one) =>
    quarantinedOf(one, (index) => (isOmitted(one, index) ? reason : undefined)),
  );
  return { shard, cut, reason, removed, isOmitted, omitted };
}

/**
 * Writes what stays, and each omission, behind the cut; returns the number of events. An attempt that was killed is cut
 * off and begun again.
 */
export async function carryOver(
  store: JournalStore,
  { shard, cut, reason, removed, isOmitted }: Judged,
  {
    region,
    run,
    signal,
  }: { readonly region: Region; readonly run: string; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  const writer = await openCarrier({ store, shard, region, cut, run, signal });
  try {
    let carried = 0;
    for (const one of removed) {
      for (const { entries, events } of bodiesOf(one, (index) => isOmitted(one, index), reason)) {
        await writer.append(`[${entries.join(",")}]`, events);
        carried += events;
      }
    }
    await writer.append(JSON.stringify([{ command: { type: COMPLETE, run, reason }, events: [] }]), 0);
    return carried;
  } finally {
    writer.close();
  }
}

/** Ends a carry-over: without it, the run was cut short, and what it wrote is not all that stays. */
const COMPLETE = "carry-complete";

export const isComplete = (last: JournalRecord | undefined): boolean =>
  last !== undefined &&
  (JSON.parse(last.body) as readonly Frame[]).some(
    ({ command }) => "type" in command && command.type === COMPLETE,
  );

const placeOf = (epoch: number, seq: number, index: number): string => `${epoch}.${seq}#${index}`;

/**
 * The events that the filter names. An event depends on an earlier omitted one when both touch the same thing; whoever
 * depends on what is left out must be left out too, and only a person may say so.
 */
async function placesToOmit(
  { client, filter, shard }: JudgeOptions,
  removed: readonly Removed[],
): Promise<ReadonlySet<string>> {
  await client.query(
    "CREATE TEMPORARY TABLE IF NOT EXISTS removed (epoch integer, seq bigint, index integer, ts bigint, event json)",
  );
  await client.query("DELETE FROM removed");
  for (const one of removed) {
    const events = eventsOf(one);
    await client.query(
      "INSERT INTO removed SELECT $1, $2, i, $3, e FROM unnest($4::integer[], $5::json[]) AS t (i, e)",
      [
        one.record.epoch,
        one.record.seq,
        one.record.ts,
        events.map(([index]) => index),
        events.map(([, e]) => JSON.stringify(e)),
      ],
    );
  }
  const { rows } = await client.query<{ epoch: number; seq: string; index: number }>(
    `SELECT epoch, seq, index FROM removed WHERE ${filter}`,
  );
  const dependents = await client.query<{ later: string; event: string; earlier: string; thing: string }>(
    `WITH touched AS (
       SELECT r.*, coalesce((${filter}), false) AS omitted, thing
       FROM removed AS r CROSS JOIN LATERAL unnest(projection_touches(r.event)) AS thing
     ), first AS (
       SELECT DISTINCT ON (thing) thing, epoch, seq, index FROM touched WHERE omitted ORDER BY thing, epoch, seq, index
     )
     SELECT DISTINCT ON (t.epoch, t.seq, t.index)
       format('%s.%s#%s', t.epoch, t.seq, t.index) AS later, t.event::text AS event,
       format('%s.%s#%s', f.epoch, f.seq, f.index) AS earlier, thing
     FROM touched AS t JOIN first AS f USING (thing)
     WHERE NOT t.omitted AND (t.epoch, t.seq, t.index) > (f.epoch, f.seq, f.index)
     ORDER BY t.epoch, t.seq, t.index, f.epoch, f.seq, f.index`,
  );
  if (dependents.rows.length > 0) {
    const shown = dependents.rows
      .slice(0, SHOWN_DEPENDENTS)
      .map(({ later, event, earlier, thing }) => `${later} ${event} depends on ${earlier} (${thing})`);
    const more = dependents.rows.length - shown.length;
    const list = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].map((line) => `\n  ${line}`).join("");
    throw new RefusedError(
      `${dependents.rows.length} event(s) of shard ${shard} that would stay depend on what would be left out; nothing was written; let the filter name them too:${list}`,
    );
  }
  return new Set(rows.map(({ epoch, seq, index }) => placeOf(epoch, Number(seq), index)));
}

function eventsOf({ record, from, upTo }: Removed): (readonly [index: number, event: object])[] {
  const events = (JSON.parse(record.body) as readonly Frame[]).flatMap((entry) => entry.events);
  return events.slice(from, upTo).map((event, offset) => [from + offset, event]);
}

/**
 * The record's events that stay, under their commands; before them where they stood, so that an acknowledgement of old
 * can be traced, and in their places what was left out and why. More than one body where they do not fit.
 */
function bodiesOf(
  { record, from, upTo }: Removed,
  isOmitted: (index: number) => boolean,
  reason: string,
): { readonly entries: readonly string[]; readonly events: number }[] {
  const { epoch, seq, hash, ts } = record;
  const origin = JSON.stringify({ command: { type: "carried", epoch, seq, hash, ts }, events: [] });
  const bodies: { entries: string[]; events: number; bytes: number }[] = [];
  const add = (entry: Frame) => {
    const text = JSON.stringify(entry);
    let body = bodies.at(-1);
    if (body === undefined || body.bytes + Buffer.byteLength(text) > BODY_BYTES) {
      body = { entries: [origin], events: 0, bytes: origin.length };
      bodies.push(body);
    }
    body.entries.push(text);
    body.bytes += Buffer.byteLength(text) + 1;
    body.events += entry.events.length;
  };
  let next = 0;
  for (const { command, events } of JSON.parse(record.body) as readonly Frame[]) {
    const first = next;
    next += events.length;
    const stay: object[] = [];
    for (const [offset, event] of events.entries()) {
      const index = first + offset;
      if (index < from || index >= upTo) continue;
      if (isOmitted(index))
        add({ command: { type: "omitted", epoch, seq, index, event, reason }, events: [] });
      else stay.push(event);
    }
    if (stay.length > 0) add({ command, events: stay });
  }
  return bodies;
}
