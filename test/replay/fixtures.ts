/** Logs as the engines write them, and what a database holds, byte by byte. */
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { type JournalStore, openWriter } from "../../journal/index.ts";
import { type ReplayOptions, replay } from "../../replay/index.ts";
import { type Postgres, SUPERUSER } from "../../sandbox/aurora/postgres.ts";
import type { Command, Entry } from "../../workload/engine/events.ts";
import type { State } from "../../workload/engine/state.ts";
import { APPLICATION } from "../../workload/projector/application.ts";
import { commands } from "../workload/engine/arbitrary.ts";
import { place } from "../workload/engine/run.ts";
import { openShard } from "../workload/projector/database.ts";

/** Commands of clients that are the shard's own, since an order's key is the whole table's. */
export const market = (shard: number, seed: number, runs = 10): readonly Command[] =>
  fc
    .sample(commands, { numRuns: runs, seed })
    .flat()
    .map((command) => ("client" in command ? { ...command, client: `${command.client}${shard}` } : command));

/** Two epochs, the second with an order and a heartbeat only; returns what the shards' engines hold then. */
export async function writeMarket(
  store: JournalStore,
  shards: number,
  seed: number,
): Promise<readonly State[]> {
  const states: State[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const { send, writer, state } = await openShard(store, shard);
    const all = market(shard, seed + shard);
    for (let from = 0; from < all.length; from += 7) await send(all.slice(from, from + 7));
    writer.close();
    const next = await openWriter({ store, shard, region: "us-east-1", writer: `next-${shard}` });
    const { type: _, ...content } = place("GOLD:late", "buy", 1, 1, `late${shard}`);
    const late: Entry = { command: { type: "place", ...content }, events: [{ type: "placed", ...content }] };
    state.fold(late, await next.append(JSON.stringify([late]), 1));
    states.push(state);
    await next.append(JSON.stringify([{ command: { type: "heartbeat" }, events: [] }]), 0);
    next.close();
  }
  return states;
}

let made = 0;
export async function createDatabase(server: Postgres): Promise<string> {
  const name = `replay_${process.pid}_${made++}`;
  await server.query(`CREATE DATABASE ${name}`);
  return name;
}

export const connectTo = (server: Postgres, database: string) => async (): Promise<pg.Client> => {
  const client = new pg.Client({ ...server.address, user: SUPERUSER, database });
  client.on("error", () => {});
  await client.connect();
  return client;
};

export const replayInto = (
  server: Postgres,
  database: string,
  store: JournalStore,
  options: Partial<ReplayOptions> & Pick<ReplayOptions, "shards">,
) => replay({ store, connect: connectTo(server, database), application: APPLICATION, ...options });

/** All rows of all tables, watermarks too, in the order of their keys. */
export async function bytesOf(server: Postgres, database: string): Promise<string> {
  return await server.session(async (client) => {
    const texts: string[] = [];
    for (const [table, key] of [
      ["orders", 'client COLLATE "C", client_order_id COLLATE "C"'],
      ["trades", "shard, epoch, seq, index"],
      ["watermark", "shard"],
    ]) {
      const rows = client.query(copyTo(`COPY (SELECT * FROM ${table} ORDER BY ${key}) TO STDOUT`));
      texts.push(`${table}\n${Buffer.concat(await Array.fromAsync(rows)).toString()}`);
    }
    return texts.join("\n");
  }, database);
}

/** Seeded whole numbers below `limit`. */
export function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

/**
 * Sessions that all end at once at a statement of one of them, as when the process is killed: before it is sent, or
 * with its answer still to come.
 */
export class MortalSessions {
  isDead = false;
  readonly #clients: pg.Client[] = [];
  readonly #open: () => Promise<pg.Client>;
  readonly #afterSending: boolean;
  #left: number;

  constructor(open: () => Promise<pg.Client>, statements: number, afterSending: boolean) {
    this.#open = open;
    this.#left = statements;
    this.#afterSending = afterSending;
  }

  readonly connect = async (): Promise<pg.Client> => {
    const client = await this.#open();
    this.#clients.push(client);
    if (this.isDead) this.#kill();
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((...args: unknown[]) => {
      this.#left -= 1;
      if (this.#left !== 0) return query(...args);
      if (!this.#afterSending) this.#kill();
      const answer = query(...args);
      if (this.#afterSending) setImmediate(() => this.#kill());
      return answer;
    }) as typeof client.query;
    return client;
  };

  #kill(): void {
    this.isDead = true;
    for (const client of this.#clients) {
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    }
  }
}

/** The server notices a vanished client when it next writes to it. */
export async function untilAlone(server: Postgres, database: string): Promise<void> {
  for (let n = 0; n < 500; n++) {
    const rows = await server.query("SELECT FROM pg_stat_activity WHERE datname = $1", [database]);
    if (rows.length === 0) return;
    await sleep(5);
  }
  throw new Error(`sessions on ${database} do not end`);
}
