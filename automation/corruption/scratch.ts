/** A database of our own beside the real ones, for questions that only a replay answers; gone afterwards. */
import { randomBytes } from "node:crypto";
import pg from "pg";

export interface Scratch {
  readonly name: string;
  readonly connect: () => Promise<pg.Client>;
  drop(): Promise<void>;
}

/** @param server any database of a server on which its user may create one, e.g. `postgres://user@host:5432/postgres` */
export async function createScratch(server: string): Promise<Scratch> {
  const name = `dr_scratch_${randomBytes(6).toString("hex")}`;
  const own = new URL(server);
  own.pathname = `/${name}`;
  await withClient(server, (client) => client.query(`CREATE DATABASE ${name}`));
  return {
    name,
    connect: () => open(own.href),
    drop: () => withClient(server, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

/** A session that does not end the process when it breaks: whoever uses it learns of that from its next query. */
export async function open(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = await open(url);
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
