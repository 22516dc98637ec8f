/** Which database a replay may fill: an empty one, or one that this journal filled before. */
import type { Client } from "pg";
import { type Anchor, type JournalStore, NotInLogError, readValid } from "../journal/index.ts";
import { Projection } from "./contract.ts";
import type { Application } from "./fold.ts";

/** Nothing was changed in it. */
export class TargetError extends Error {
  override readonly name = "TargetError";
}

export interface Target {
  readonly application: Application;
  readonly shards: readonly number[];
  readonly store: JournalStore;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where each shard stands in it. Throws TargetError for a database that is not ours, holds rows of unknown origin,
 * stands beyond the valid log, or has a projector at work.
 */
export async function openTarget(
  client: Client,
  { application, shards, store, signal }: Target,
): Promise<ReadonlyMap<number, Anchor | undefined>> {
  const { name, tables } = await describe(client);
  if (tables.length > 0 && !tables.includes("watermark")) {
    throw new TargetError(
      `database ${name} has the tables ${tables.join(", ")} but no watermark: it is no projection of this journal; name an empty database or a restored one`,
    );
  }
  if (tables.length > 0) await refuseUnmarkedRows(client, name, tables);
  const projection = new Projection(client, application);
  if (!(await projection.writable())) {
    throw new TargetError(`database ${name} is a replica: name the writer, or promote it first`);
  }
  if (!(await projection.lock("shared"))) {
    throw new TargetError(
      `a projector is at work in database ${name}: stop it first, or let it catch up by itself`,
    );
  }
  await projection.createSchema();
  const marks = new Map<number, Anchor | undefined>();
  for (const shard of shards) {
    const mark = await projection.watermark(shard);
    if (mark !== undefined) await refuseBeyond(store, shard, mark, name, signal);
    marks.set(shard, mark);
  }
  return marks;
}

async function describe(
  client: Client,
): Promise<{ readonly name: string; readonly tables: readonly string[] }> {
  const { rows } = await client.query<{ name: string; tables: readonly string[] }>(
    `SELECT current_database() AS name, array(
       SELECT relname::text FROM pg_class
       WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
     ) AS tables`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("the database does not say what it is");
  return row;
}

/** Rows that no watermark speaks of would be applied a second time, or stay for ever. */
async function refuseUnmarkedRows(client: Client, name: string, tables: readonly string[]): Promise<void> {
  const { rowCount } = await client.query("SELECT FROM watermark WHERE seq > 0 LIMIT 1");
  if (rowCount !== 0) return;
  for (const table of tables.filter((one) => one !== "watermark")) {
    const { rowCount: found } = await client.query(`SELECT FROM ${client.escapeIdentifier(table)} LIMIT 1`);
    if (found === 0) continue;
    throw new TargetError(
      `database ${name} has rows in ${table} but no watermark above 0: it is not empty, and what is in it did not come from the journal; empty it, or name another`,
    );
  }
}

async function refuseBeyond(
  store: JournalStore,
  shard: number,
  mark: Anchor,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    // The walk proves its start before it reads on.
    await readValid(store, shard, { after: mark, signal }).next();
  } catch (error) {
    if (!(error instanceof NotInLogError)) throw error;
    throw new TargetError(
      `database ${name} stands at ${mark.epoch}.${mark.seq} in shard ${shard}, which is not in the valid log: restore it to an earlier time, before the cut`,
      { cause: error },
    );
  }
}
