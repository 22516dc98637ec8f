/** A real PostgreSQL for one test file, and logs to project into it. */
import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type JournalStore, openWriter } from "../../../journal/index.ts";
import { findBinaries } from "../../../sandbox/aurora/binaries.ts";
import { Postgres, SUPERUSER } from "../../../sandbox/aurora/postgres.ts";
import { Processes } from "../../../sandbox/processes.ts";
import type { Command } from "../../../workload/engine/events.ts";
import { Sequencer } from "../../../workload/engine/sequencer.ts";
import { checksumLine, State } from "../../../workload/engine/state.ts";
import type { ConnectionSettings } from "../../../workload/projector/connection.ts";

export interface Databases {
  /** Empty and writable. */
  readonly primary: Postgres;
  /** A standby of the primary. */
  addStandby(): Promise<Postgres>;
  close(): Promise<void>;
}

async function freeAddress(): Promise<{ host: string; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { host: "127.0.0.1", port };
}

/** @param settings of the servers, beside the sandbox's own */
export async function openDatabases(settings: Readonly<Record<string, string>> = {}): Promise<Databases> {
  const root = await mkdtemp(path.join(tmpdir(), "projector-"));
  await chmod(root, 0o755);
  const processes = new Processes(path.join(root, "ledger"));
  const binaries = await findBinaries();
  const make = async (name: string) =>
    new Postgres({
      binaries,
      processes,
      directory: path.join(root, name),
      address: await freeAddress(),
      name,
      settings,
    });
  const primary = await make("primary");
  await primary.initialise();
  const servers = [primary];
  return {
    primary,
    async addStandby() {
      const standby = await make("standby");
      await standby.copy(primary, primary.address);
      servers.push(standby);
      return standby;
    },
    async close() {
      for (const server of servers.reverse()) await server.discard();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export const settingsOf = (server: Postgres, name: string): ConnectionSettings => ({
  region: "us-east-1",
  dnsResolver: null,
  database: { ...server.address, name, user: SUPERUSER, secure: false, owner: null },
});

/** Appends through the engine's own sequencer; the state is what the projection must come to. */
export async function openShard(store: JournalStore, shard: number) {
  const writer = await openWriter({ store, shard, region: "us-east-1", writer: randomUUID() });
  const settled = new State(shard);
  const onFailure = (error: unknown) => {
    throw error;
  };
  const sequencer = new Sequencer({ writer, settled, settledAt: undefined, onFailure });
  return {
    writer,
    state: settled,
    async send(commands: readonly Command[]): Promise<void> {
      await Promise.all(commands.map((command) => sequencer.submit(command)));
      await sequencer.drained(5000);
    },
  };
}

/** The state's lines as the `orders` table has them. */
export async function linesOf(server: Postgres, database: string, shard: number): Promise<string[]> {
  return await server.session(async (client) => {
    const { rows } = await client.query("SELECT * FROM orders WHERE shard = $1", [shard]);
    return rows
      .map((row) =>
        checksumLine({
          client: row.client,
          clientOrderId: row.client_order_id,
          instrument: row.instrument,
          side: row.side,
          price: row.price,
          quantity: row.quantity,
          remaining: row.remaining,
          status: row.status,
          ack: { shard, epoch: row.epoch, seq: Number(row.seq), hash: "" },
          cancellation: null,
        }),
      )
      .sort();
  }, database);
}

export const linesOfState = (state: State): string[] => Array.from(state.orders(), checksumLine).sort();
