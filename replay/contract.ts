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
import { type Anchor, anchorOf, type ValidRecord } from "../journal/index.ts";
import { eventsOf } from "./entries.ts";

/** Held by whoever fills a projection: alone by a projector, shared by the replays of its shards. Spells "proj". */
export const PROJECTION_LOCK = 0x70_72_6f_6a;

/** Held while the schema is made: "if not exists" alone lets two sessions make it at once, and one of them fail. */
const SCHEMA_LOCK = PROJECTION_LOCK + 1;

/** Somebody else moved the watermark: this shard's projection is in other hands. */
export class WatermarkMovedError extends Error {
  override readonly name = "WatermarkMovedError";
}

/** The rows contradict the log. */
export class ProjectionError extends Error {
  override readonly name = "ProjectionError";
}

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

/** What the records of one transaction are copied into: of each the JSON array of its events, as far as they count. */
const STAGED_TABLE = `
CREATE TEMPORARY TABLE IF NOT EXISTS staged (
  epoch integer NOT NULL,
  seq bigint NOT NULL,
  ts bigint NOT NULL,
  events json NOT NULL
) ON COMMIT DELETE ROWS`;

/** Before the first record. */
const ORIGIN: Anchor = { epoch: 0, seq: 0, hash: "" };
/** Emptying a large table takes longer than any other statement may. */
const REBUILD_TIMEOUT_MS = 600_000;
const COPY_CHUNK_CHARACTERS = 256 * 1024;

export class Projection {
  readonly #client: Client;
  /** Shards may share a connection, and a connection has one transaction. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(client: Client) {
    this.#client = client;
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

  /** @param schema of the application; safe to repeat */
  async createSchema(schema: string): Promise<void> {
    // Several statements sent at once are one transaction.
    const lock = `SELECT pg_advisory_xact_lock(${SCHEMA_LOCK});`;
    await this.#alone(() => this.#client.query(`${lock}\n${WATERMARK_TABLE}\n${schema}\n${STAGED_TABLE}`));
  }

  /** What `apply` needs in each session; `createSchema` does it too. */
  async openStaging(): Promise<void> {
    await this.#alone(() => this.#client.query(STAGED_TABLE));
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
  async apply(
    shard: number,
    from: Anchor | undefined,
    records: readonly [ValidRecord, ...ValidRecord[]],
  ): Promise<Anchor> {
    const to = anchorOf(records.at(-1) ?? records[0]);
    const eventful = records.filter(({ upTo }) => upTo > 0);
    await this.#transaction(async () => {
      await this.#move(shard, from ?? ORIGIN, to);
      if (eventful.length === 0) return;
      await this.#stage(eventful);
      await this.#client.query("SELECT projection_apply($1, $2, 'staged')", [shard, to.seq]);
    });
    return to;
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

  async #stage(records: readonly ValidRecord[]): Promise<void> {
    await pipeline(Readable.from(copyTexts(records)), this.#client.query(copyFrom("COPY staged FROM STDIN")));
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

/** Lines of COPY's text format, some thousand at a time. */
function* copyTexts(records: readonly ValidRecord[]): Generator<Buffer> {
  let text = "";
  for (const valid of records) {
    const { epoch, seq, ts } = valid.record;
    // JSON written by JavaScript has no raw tab or line feed: the backslash is all that COPY would misread.
    const events = JSON.stringify(eventsOf(valid)).replaceAll("\\", "\\\\");
    text += `${epoch}\t${seq}\t${ts}\t${events}\n`;
    if (text.length < COPY_CHUNK_CHARACTERS) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}

/** PostgreSQL's classes "data exception" and "integrity constraint violation": the same again tomorrow. */
const isContradiction = (error: unknown): boolean =>
  error instanceof DatabaseError && /^2[23]/.test(error.code ?? "");
