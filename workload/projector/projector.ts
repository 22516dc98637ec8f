/**
 * Follows every shard's log into PostgreSQL. Nothing on the order path waits for it: it may be behind, stopped or
 * without a database, and says so.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Anchor, follow, type JournalStore, NotInLogError } from "../../journal/index.ts";
import { Projection, ProjectionError, WatermarkMovedError } from "../../replay/index.ts";
import type { ProjectorStatus } from "../api.ts";
import { batched } from "../batched.ts";
import { type Log, messageOf } from "../log.ts";
import { APPLICATION } from "./application.ts";
import type { Connection } from "./connection.ts";

/** Records per transaction. */
export const BATCH_RECORDS = 500;
const FOLLOW_EVERY_MS = 250;
const PROBE_EVERY_MS = 1000;
const RETRY_AFTER_MS = 1000;

export interface ProjectorOptions {
  readonly store: JournalStore;
  readonly shards: number;
  readonly connect: () => Promise<Connection>;
  readonly log: Log;
}

export class Projector {
  readonly #options: ProjectorOptions;
  readonly #watermarks = new Map<number, Anchor>();
  readonly #stopped = new Map<number, string>();
  #writable = false;
  #rebuilds = 0;

  constructor(options: ProjectorOptions) {
    this.#options = options;
  }

  status(): ProjectorStatus {
    return {
      writable: this.#writable,
      watermarks: Array.from(this.#watermarks, ([shard, { epoch, seq, hash }]) => ({
        shard,
        epoch,
        seq,
        hash,
      })),
      stopped: Array.from(this.#stopped, ([shard, reason]) => ({ shard, reason })),
      rebuilds: this.#rebuilds,
    };
  }

  /** Resolves when told to stop; a lost or read-only database is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const connection = await this.#connect(signal);
      if (connection === undefined) continue;
      try {
        await this.#session(connection, AbortSignal.any([signal, connection.lost]));
      } catch (error) {
        if (!signal.aborted) this.#options.log("database-lost", { error: messageOf(error) });
      } finally {
        this.#writable = false;
        connection.close();
      }
      await pause(RETRY_AFTER_MS, signal);
    }
  }

  async #connect(signal: AbortSignal): Promise<Connection | undefined> {
    try {
      return await this.#options.connect();
    } catch (error) {
      this.#options.log("database-unreachable", { error: messageOf(error) });
      await pause(RETRY_AFTER_MS, signal);
      return undefined;
    }
  }

  /** One connection's work. Rejects when the database is lost or no longer writable. */
  async #session({ client }: Connection, signal: AbortSignal): Promise<void> {
    const { log, shards } = this.#options;
    const projection = new Projection(client, APPLICATION);
    while (!(await projection.writable())) await sleep(PROBE_EVERY_MS, undefined, { signal });
    // For as long as the session lives: a second projector waits here instead of racing.
    while (!(await projection.lock("alone"))) await sleep(PROBE_EVERY_MS, undefined, { signal });
    await projection.createSchema();
    this.#writable = true;
    log("database-writable");
    const stop = new AbortController();
    const session = AbortSignal.any([signal, stop.signal]);
    const running = Array.from({ length: shards }, (_, shard) => shard)
      .filter((shard) => !this.#stopped.has(shard))
      .map((shard) => this.#project(projection, shard, session));
    try {
      await Promise.all([...running, probe(projection, session)]);
      signal.throwIfAborted();
    } finally {
      stop.abort();
      await Promise.allSettled(running);
    }
  }

  async #project(projection: Projection, shard: number, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    while (!signal.aborted) {
      const from = await projection.watermark(shard);
      try {
        await this.#follow(projection, shard, from, signal);
      } catch (error) {
        if (error instanceof NotInLogError) {
          log("rebuild", { shard, reason: error.message });
          await this.#rebuild(projection, shard);
        } else if (error instanceof WatermarkMovedError || error instanceof ProjectionError) {
          const reason = messageOf(error);
          log("shard-stopped", { shard, reason });
          this.#stopped.set(shard, reason);
          return;
        } else throw error;
      }
    }
  }

  async #follow(
    projection: Projection,
    shard: number,
    from: Anchor | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    let at = from;
    if (at !== undefined) this.#watermarks.set(shard, at);
    const stop = new AbortController();
    const records = follow(this.#options.store, shard, {
      ...(at === undefined ? {} : { after: at }),
      signal: AbortSignal.any([signal, stop.signal]),
      intervalMilliseconds: FOLLOW_EVERY_MS,
    });
    try {
      for await (const batch of batched(records, BATCH_RECORDS)) {
        at = await projection.apply(shard, at, await projection.prepare(batch));
        this.#watermarks.set(shard, at);
      }
    } finally {
      stop.abort();
    }
  }

  /** The watermark is not in the valid log: what was built on it is worth nothing. */
  async #rebuild(projection: Projection, shard: number): Promise<void> {
    this.#watermarks.delete(shard);
    this.#rebuilds += 1;
    const from = await projection.watermark(shard);
    if (from !== undefined) await projection.reset(shard, from);
  }
}

/** Rejects when the database stops answering or becomes read-only; resolves when told to stop. */
async function probe(projection: Projection, signal: AbortSignal): Promise<void> {
  while (await pause(PROBE_EVERY_MS, signal)) {
    if (!(await projection.writable())) throw new Error("the database became read-only");
  }
}

/** False when told to stop meanwhile. */
const pause = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal }).catch(() => false);
