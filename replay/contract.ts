/**
 * What a database must offer to be a projection of the journal, in SQL, so that replay knows nothing of what the
 * events mean. docs/projection.md says it for those who write one.
 *
 * The invariant: a shard's watermark moves in the transaction of its rows, and only from where the caller saw it, so
 * that each record is applied once whoever else is at work, and however the records are cut into batches.
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Client, DatabaseError, type QueryConfig } from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { Anchor, ValidRecord } from "../journal/index.ts";
import { ProjectionError, WatermarkMovedError } from "./errors.ts";
import { type Application, type Copy, type Folding, STAGED, stagingOf } from "./fold.ts";
import { Gathering, type Prepared } from "./gathering.ts";
import { EventReader } from "./reader.ts";

/** Held by whoever fills a projection: alone by a projector, shared by the replays of its shards. Spells "proj". */
export const PROJECTION_LOCK = 0x70_72_6f_6a;

/** Held while the schema is made: "if not exists" alone lets two sessions make it at once, and one of them fail. */
const SCHEMA_LOCK = PROJECTION_LOCK + 1;

/** Part of every projection's schema. */
export const WATERMARK_TABLE = `
CREATE TABLE IF NOT EXISTS watermark (
  shard integer PRIMARY KEY,
  epoch integer NOT NULL,
  seq bigint NOT NULL,
  hash text NOT NULL,
  -- Set where a cut left only the first events of the record.
  events integer
);`;

/** What one transaction is copied into, by default a row per event: its place, and what the application named. */
const STAGED_TABLE = `
CREATE TEMPORARY TABLE IF NOT EXISTS ${STAGED} (
  epoch integer NOT NULL,
  seq bigint NOT NULL,
  ts bigint NOT NULL,
  index integer NOT NULL,
  LIKE projection_event
) ON COMMIT DELETE ROWS`;
const FIELDS = `
SELECT array_agg(attname::text ORDER BY attnum) AS fields FROM pg_attribute
WHERE attrelid = 'projection_event'::regclass AND attnum > 0 AND NOT attisdropped`;

/** Before the first record. */
const ORIGIN: Anchor = { epoch: 0, seq: 0, hash: "" };
/** Emptying a large table takes longer than any other statement may. */
const REBUILD_TIMEOUT_MS = 600_000;

/** Of one shard, behind `from`. */
export interface Part {
  readonly shard: number;
  readonly from: Anchor | undefined;
  readonly batch: Prepared;
}

class NotKeptError extends Error {}

export class Projection {
  readonly #client: Client;
  readonly #application: Application;
  /** Shards may share a connection, and a connection has one transaction. */
  #busy: Promise<unknown> = Promise.resolve();
  /** Once there is something to stage into. */
  #open: { readonly folding: Folding; readonly reader: EventReader } | undefined;

  constructor(client: Client, application: Application) {
    this.#client = client;
    this.#application = application;
  }

  async writable(): Promise<boolean> {
    const { rows } = await this.#alone(() =>
      this.#client.query<{ recovering: boolean }>("SELECT pg_is_in_recovery() AS recovering"),
    );
    return rows[0]?.recovering === false;
  }

  /** A lock of this session, free again when it ends; false: another has it. */
  async lock(kind: "alone" | "shared"): Promise<boolean> {
    const shared = kind === "shared" ? "_shared" : "";
    const { rows } = await this.#alone(() =>
      this.#client.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock${shared}($1) AS locked`, [
        PROJECTION_LOCK,
      ]),
    );
    return rows[0]?.locked === true;
  }

  /** Safe to repeat. */
  async createSchema(): Promise<void> {
    // Several statements sent at once are one transaction.
    const lock = `SELECT pg_advisory_xact_lock(${SCHEMA_LOCK});`;
    const { schema } = this.#application;
    await this.#alone(() => this.#client.query(`${lock}\n${WATERMARK_TABLE}\n${schema}`));
  }

  /** Undefined: nothing applied yet. */
  async watermark(shard: number): Promise<Anchor | undefined> {
    const { rows } = await this.#alone(async () => {
      await this.#client.query("INSERT INTO watermark VALUES ($1, 0, 0, '') ON CONFLICT DO NOTHING", [shard]);
      return await this.#client.query<WatermarkRow>(
        "SELECT epoch, seq, hash, events FROM watermark WHERE shard = $1",
        [shard],
      );
    });
    const [row] = rows;
    if (row === undefined || row.seq === "0") return undefined;
    const { epoch, hash, events } = row;
    return { epoch, seq: Number(row.seq), hash, ...(events === null ? {} : { index: events }) };
  }

  /**
   * Consecutive records of a shard, the first behind `from`; returns where the projection stands after them.
   * Throws `WatermarkMovedError`, `ProjectionError`; nothing is applied then.
   */
  async apply(shard: number, from: Anchor | undefined, batch: Prepared): Promise<Anchor> {
    await this.#transaction(() => this.#apply({ shard, from, batch }));
    return batch.to;
  }

  /** Records to be applied together, which may be gathered while others are applied. */
  async gather(): Promise<Gathering> {
    this.#open ??= await this.#alone(() => this.#openStaging());
    const { folding, reader } = this.#open;
    return new Gathering(folding.start(), reader);
  }

  /** Those of them that are there already. Throws ProjectionError. */
  async prepare(records: readonly ValidRecord[]): Promise<Prepared> {
    const gathering = await this.gather();
    for (const record of records) gathering.add(record);
    return gathering.finish();
  }

  /** Applies parts of several shards, and keeps them only if `isGood` says so of what they lead to. */
  async applyIf(parts: readonly Part[], isGood: (client: Client) => Promise<boolean>): Promise<boolean> {
    try {
      await this.#transaction(async () => {
        for (const part of parts) {
          await this.#apply(part);
          // It empties itself at the end of a transaction only.
          await this.#client.query(`DELETE FROM ${STAGED}`);
        }
        if (!(await isGood(this.#client))) throw new NotKeptError();
      });
      return true;
    } catch (error) {
      if (error instanceof NotKeptError) return false;
      throw error;
    }
  }

  /** Empties a shard's part, to be filled again from the beginning of its log. */
  async reset(shard: number, from: Anchor): Promise<void> {
    await this.#transaction(async () => {
      await this.#client.query(`SET LOCAL statement_timeout = ${REBUILD_TIMEOUT_MS}`);
      await this.#move(shard, from, ORIGIN);
      // The types leave out that the limit can be given per query.
      const query: QueryConfig & { query_timeout: number } = {
        text: "SELECT projection_reset($1)",
        values: [shard],
        query_timeout: REBUILD_TIMEOUT_MS,
      };
      await this.#client.query(query);
    });
  }

  async #apply({ shard, from, batch: { to, rows, staged } }: Part): Promise<void> {
    await this.#move(shard, from ?? ORIGIN, to);
    for (const copy of rows) await this.#copy(copy);
    if (staged.text.length === 0) return;
    await this.#copy(staged);
    await this.#client.query(`SELECT projection_apply($1, $2, '${STAGED}')`, [shard, to.seq]);
  }

  async #copy({ into, text }: Copy): Promise<void> {
    if (text.length === 0) return;
    await pipeline(Readable.from(text), this.#client.query(copyFrom(`COPY ${into} FROM STDIN`)));
  }

  /** Not in a transaction, whose rollback would take the table away again. */
  async #openStaging(): Promise<{ readonly folding: Folding; readonly reader: EventReader }> {
    await this.#client.query(STAGED_TABLE);
    const { folding = stagingOf(await this.#stagedFields()) } = this.#application;
    return { folding, reader: new EventReader(folding.fields) };
  }

  async #stagedFields(): Promise<readonly string[]> {
    const { rows } = await this.#client.query<{ fields: readonly string[] }>(FIELDS);
    return rows[0]?.fields ?? [];
  }

  async #move(shard: number, from: Anchor, to: Anchor): Promise<void> {
    const { rowCount } = await this.#client.query(
      `UPDATE watermark SET epoch = $5, seq = $6, hash = $7, events = $8
       WHERE shard = $1 AND epoch = $2 AND seq = $3 AND hash = $4 AND events IS NOT DISTINCT FROM $9`,
      [
        shard,
        from.epoch,
        from.seq,
        from.hash,
        to.epoch,
        to.seq,
        to.hash,
        to.index ?? null,
        from.index ?? null,
      ],
    );
    if (rowCount === 1) return;
    throw new WatermarkMovedError(
      `watermark of shard ${shard} is no longer at ${from.epoch}.${from.seq}: another projector is at work`,
    );
  }

  #transaction(work: () => Promise<void>): Promise<void> {
    return this.#alone(async () => {
      await this.#client.query("BEGIN");
      try {
        await work();
        await this.#client.query("COMMIT");
      } catch (error) {
        // On a lost connection this fails too, and the server rolls back by itself.
        await this.#client.query("ROLLBACK").catch(() => {});
        throw isContradiction(error)
          ? new ProjectionError("the rows contradict the log", { cause: error })
          : error;
      }
    });
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#busy.then(work);
    this.#busy = turn.catch(() => {});
    return turn;
  }
}

interface WatermarkRow {
  readonly epoch: number;
  readonly seq: string;
  readonly hash: string;
  readonly events: number | null;
}

/** PostgreSQL's classes "data exception" and "integrity constraint violation": the same again tomorrow. */
const isContradiction = (error: unknown): boolean =>
  error instanceof DatabaseError && /^2[23]/.test(error.code ?? "");
