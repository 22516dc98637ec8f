/**
 * The tables of one connection. The invariant: a shard's watermark moves in the transaction of its rows, and only
 * from where this projector saw it, so that each record is applied once whoever else is at work.
 */
import { type Client, DatabaseError, type QueryConfig } from "pg";
import type { Anchor } from "../../journal/index.ts";
import type { Changes } from "./changes.ts";
import { SCHEMA } from "./schema.ts";

/** Somebody else moved the watermark: this shard's projection is in other hands. */
export class WatermarkMovedError extends Error {
  override readonly name = "WatermarkMovedError";
}

/** The rows contradict the log. */
export class ProjectionError extends Error {
  override readonly name = "ProjectionError";
}

/** Before the first record. */
const ORIGIN: Anchor = { epoch: 0, seq: 0, hash: "" };
/** Emptying a large table takes longer than any other statement may. */
const REBUILD_TIMEOUT_MS = 600_000;

export class Projection {
  readonly #client: Client;
  /** Shards share the connection, and a connection has one transaction. */
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
  async lock(key: number): Promise<boolean> {
    const { rows } = await this.#alone(() =>
      this.#client.query<{ locked: boolean }>("SELECT pg_try_advisory_lock($1) AS locked", [key]),
    );
    return rows[0]?.locked === true;
  }

  async createSchema(): Promise<void> {
    await this.#alone(() => this.#client.query(SCHEMA));
  }

  /** Undefined: nothing applied yet. */
  async watermark(shard: number): Promise<Anchor | undefined> {
    const { rows } = await this.#alone(async () => {
      await this.#client.query("INSERT INTO watermark VALUES ($1, 0, 0, '') ON CONFLICT DO NOTHING", [shard]);
      return await this.#client.query<{ epoch: number; seq: string; hash: string; events: number | null }>(
        "SELECT epoch, seq, hash, events FROM watermark WHERE shard = $1",
        [shard],
      );
    });
    const [row] = rows;
    if (row === undefined || row.seq === "0") return undefined;
    const { epoch, hash, events } = row;
    return { epoch, seq: Number(row.seq), hash, ...(events === null ? {} : { index: events }) };
  }

  /** Throws `WatermarkMovedError`, `ProjectionError`; nothing is applied then. */
  async apply(shard: number, from: Anchor | undefined, changes: Changes): Promise<void> {
    await this.#transaction(async () => {
      await this.#move(shard, from ?? ORIGIN, changes.watermark);
      await this.#insertOrders(shard, changes.placed);
      await this.#changeOrders(changes.changed);
      await this.#insertTrades(shard, changes.trades);
    });
  }

  /** Empties a shard's part, to be filled again from the beginning of its log. */
  async reset(shard: number, from: Anchor): Promise<void> {
    await this.#transaction(async () => {
      await this.#client.query(`SET LOCAL statement_timeout = ${REBUILD_TIMEOUT_MS}`);
      await this.#move(shard, from, ORIGIN);
      for (const table of ["trades", "orders"]) {
        const text = `DELETE FROM ${table} WHERE shard = $1`;
        // The types leave out that the limit can be given per query.
        const query: QueryConfig & { query_timeout: number } = {
          text,
          values: [shard],
          query_timeout: REBUILD_TIMEOUT_MS,
        };
        await this.#client.query(query);
      }
    });
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

  async #insertOrders(shard: number, placed: Changes["placed"]): Promise<void> {
    if (placed.length === 0) return;
    await this.#client.query(
      `INSERT INTO orders (client, client_order_id, shard, instrument, side, price, quantity, remaining, status, epoch, seq)
       SELECT c, o, $1, i, d, p, q, r, s, e, n
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[], $9::text[],
                   $10::int[], $11::bigint[]) AS t (c, o, i, d, p, q, r, s, e, n)`,
      [
        shard,
        placed.map((o) => o.client),
        placed.map((o) => o.clientOrderId),
        placed.map((o) => o.instrument),
        placed.map((o) => o.side),
        placed.map((o) => o.price),
        placed.map((o) => o.quantity),
        placed.map((o) => o.remaining),
        placed.map((o) => o.status),
        placed.map((o) => o.epoch),
        placed.map((o) => o.seq),
      ],
    );
  }

  async #changeOrders(changed: Changes["changed"]): Promise<void> {
    if (changed.length === 0) return;
    const { rowCount } = await this.#client.query(
      `UPDATE orders SET
         remaining = remaining - t.q,
         status = CASE WHEN t.x THEN 'cancelled' WHEN remaining = t.q THEN 'filled' ELSE 'open' END
       FROM unnest($1::text[], $2::text[], $3::int[], $4::boolean[]) AS t (c, o, q, x)
       WHERE client = t.c AND client_order_id = t.o AND status = 'open'`,
      [
        changed.map((o) => o.client),
        changed.map((o) => o.clientOrderId),
        changed.map((o) => o.traded),
        changed.map((o) => o.cancelled),
      ],
    );
    if (rowCount === changed.length) return;
    throw new ProjectionError(
      `the log changes ${changed.length} open orders, the table has ${rowCount} of them`,
    );
  }

  async #insertTrades(shard: number, trades: Changes["trades"]): Promise<void> {
    if (trades.length === 0) return;
    await this.#client.query(
      `INSERT INTO trades (shard, epoch, seq, index, instrument, price, quantity, buy_client, buy_order_id, sell_client, sell_order_id)
       SELECT $1, e, n, x, i, p, q, bc, bo, sc, so
       FROM unnest($2::int[], $3::bigint[], $4::int[], $5::text[], $6::int[], $7::int[], $8::text[], $9::text[],
                   $10::text[], $11::text[]) AS t (e, n, x, i, p, q, bc, bo, sc, so)`,
      [
        shard,
        trades.map((t) => t.epoch),
        trades.map((t) => t.seq),
        trades.map((t) => t.index),
        trades.map((t) => t.instrument),
        trades.map((t) => t.price),
        trades.map((t) => t.quantity),
        trades.map((t) => t.buyClient),
        trades.map((t) => t.buyOrderId),
        trades.map((t) => t.sellClient),
        trades.map((t) => t.sellOrderId),
      ],
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

/** PostgreSQL's classes "data exception" and "integrity constraint violation": the same again tomorrow. */
const isContradiction = (error: unknown): boolean =>
  error instanceof DatabaseError && /^2[23]/.test(error.code ?? "");
