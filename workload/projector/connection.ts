/**
 * One connection that cannot hang: every step has a limit here, whatever the network does. Linux alone may hold a dead
 * socket for 15 minutes.
 */
import { Socket } from "node:net";
import { Client, type ClientConfig } from "pg";
import { resolveName } from "../resolve.ts";
import type { ProjectorSettings } from "../settings.ts";

export interface Limits {
  readonly connectMs: number;
  /** The server gives a statement up sooner than we do, so that it is not left running. */
  readonly statementMs: number;
  readonly queryMs: number;
}
export const DEFAULT_LIMITS: Limits = { connectMs: 5000, statementMs: 8000, queryMs: 10_000 };
const KEEP_ALIVE_AFTER_MS = 5000;

export interface Connection {
  readonly client: Client;
  /** Aborts when the connection is lost. */
  readonly lost: AbortSignal;
  close(): void;
}

export type ConnectionSettings = Pick<ProjectorSettings, "database" | "dnsResolver" | "region">;

/** Rejects when there is no session within a few seconds. */
export async function connect(
  settings: ConnectionSettings,
  limits: Limits = DEFAULT_LIMITS,
): Promise<Connection> {
  const { host: name, port, name: database, user, secure } = settings.database;
  const [host = name] = await resolveName(name, settings.dnsResolver);
  const socket = new Socket();
  const client = new Client({
    host,
    port,
    database,
    user,
    application_name: "projector",
    connectionTimeoutMillis: limits.connectMs,
    statement_timeout: limits.statementMs,
    query_timeout: limits.queryMs,
    idle_in_transaction_session_timeout: limits.queryMs,
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
