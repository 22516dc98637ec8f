/**
 * One connection that cannot hang: every step has a limit here, whatever the network does. Linux alone may hold a dead
 * socket for 15 minutes.
 */
import { Socket } from "node:net";
import { Client, type ClientConfig } from "pg";
import { resolveName } from "../resolve.ts";
import type { ProjectorSettings } from "../settings.ts";

const CONNECT_TIMEOUT_MS = 5000;
/** The server gives up a statement first, so that it is not left running. */
const STATEMENT_TIMEOUT_MS = 8000;
const QUERY_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_AFTER_MS = 5000;

export interface Connection {
  readonly client: Client;
  /** Aborts when the connection is lost. */
  readonly lost: AbortSignal;
  close(): void;
}

export type ConnectionSettings = Pick<ProjectorSettings, "database" | "dnsResolver" | "region">;

/** Rejects when there is no session within a few seconds. */
export async function connect(settings: ConnectionSettings): Promise<Connection> {
  const { host: name, port, name: database, user, secure } = settings.database;
  const [host = name] = await resolveName(name, settings.dnsResolver);
  const socket = new Socket();
  const client = new Client({
    host,
    port,
    database,
    user,
    application_name: "projector",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    // Ours to destroy: the client's own goodbye waits for a server that may be gone.
    stream: () => socket,
    ...(secure ? await secured(settings) : { ssl: false }),
  });
  const lost = new AbortController();
  client.on("error", (error) => lost.abort(error));
  client.on("end", () => lost.abort(new Error("the connection to PostgreSQL ended")));
  const close = () => {
    socket.destroy();
  };
  try {
    await client.connect();
  } catch (error) {
    close();
    throw error;
  }
  return { client, lost: lost.signal, close };
}

/** TLS that checks the name, and a token instead of a password (good for 15 minutes, asked for at each connect). */
async function secured({ database, region }: ConnectionSettings): Promise<Partial<ClientConfig>> {
  const { Signer } = await import("@aws-sdk/rds-signer");
  const { host: hostname, port, user: username } = database;
  const signer = new Signer({ hostname, port, username, region });
  return { ssl: { servername: hostname, rejectUnauthorized: true }, password: () => signer.getAuthToken() };
}
