/**
 * One connection that cannot hang: every step has a limit here, whatever the network does. Linux alone may hold a dead
 * socket for 15 minutes.
 */
import { Socket } from "node:net";
import { Client } from "pg";
import { resolveName } from "../resolve.ts";
import type { ProjectorSettings } from "../settings.ts";
import { rolesOf } from "./schema.ts";

export interface Limits {
  readonly connectMs: number;
  /** The server gives a statement up sooner than we do, so that it is not left running. */
  readonly statementMs: number;
  readonly queryMs: number;
  /** A session that asks nothing for so long is ended by the server; default `queryMs`, 0: never. */
  readonly idleMs?: number;
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

/** PostgreSQL's `invalid_authorization_specification` and `invalid_password`: also what an unknown user is told. */
const NOT_LET_IN = new Set(["28000", "28P01"]);

/**
 * Rejects when there is no session within a few seconds. Where the settings name the owner and the user is not let
 * in, the owner makes the user first: the one start of all that has nobody to sign in as.
 */
export async function connect(
  settings: ConnectionSettings,
  limits: Limits = DEFAULT_LIMITS,
): Promise<Connection> {
  const { owner, user, name } = settings.database;
  try {
    return await session(settings, limits, { user });
  } catch (error) {
    if (owner === null || !NOT_LET_IN.has(String((error as { code?: unknown }).code))) throw error;
    const { client, close } = await session(settings, limits, owner);
    try {
      await client.query(rolesOf(user, name));
    } finally {
      close();
    }
    return await session(settings, limits, { user });
  }
}

interface SignIn {
  readonly user: string;
  /** Default: an IAM token, or none to a database on this machine. */
  readonly password?: string;
}

async function session(
  settings: ConnectionSettings,
  limits: Limits,
  { user, password }: SignIn,
): Promise<Connection> {
  const { host: name, port, name: database, secure } = settings.database;
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
    // A client that vanished must not keep the projector's lock: a living one asks something each second.
    options: `-c idle_session_timeout=${limits.idleMs ?? limits.queryMs}`,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    // Ours to destroy: the client's own goodbye waits for a server that may be gone.
    stream: () => socket,
    ssl: secure ? { servername: name, rejectUnauthorized: true } : false,
    ...(password !== undefined ? { password } : secure ? { password: await iamToken(settings) } : {}),
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

/** Instead of a password; good for 15 minutes, asked for at each connect. */
async function iamToken({ database, region }: ConnectionSettings): Promise<() => Promise<string>> {
  const { Signer } = await import("@aws-sdk/rds-signer");
  const { host: hostname, port, user: username } = database;
  const signer = new Signer({ hostname, port, username, region });
  return () => signer.getAuthToken();
}
