/** The projection's own tables, read as a role that can do nothing else, where this host can reach the database. */
import { Signer } from "@aws-sdk/rds-signer";
import pg from "pg";
import type { Region } from "../../components/model.ts";
import type { Acknowledgement } from "../../journal/model.ts";
import type { Credentials } from "./sigv4.ts";

const CONNECT_MILLISECONDS = 3_000;
const PORT = 5432;
/** May read the projection and nothing else; the projector makes it (`workload/projector/schema.ts`). */
const USER = "projection_reader";

export interface ProjectionAccess {
  readonly region: Region;
  /** Name of the database. */
  readonly name: string;
  /** False: no TLS and no IAM token, for a database on this machine. */
  readonly secure: boolean;
  readonly credentials: () => Promise<Credentials>;
}

export type Mark = Acknowledgement & { readonly index?: number };

/** Of the shards of which something was applied. Rejects as PostgreSQL's client does; see `isUnreachable`. */
export async function readMarks(client: pg.ClientBase): Promise<readonly Mark[]> {
  const { rows } = await client.query<{
    shard: number;
    epoch: string;
    seq: string;
    hash: string;
    events: number | null;
  }>("SELECT shard, epoch, seq, hash, events FROM watermark WHERE seq > 0");
  return rows.map(({ shard, epoch, seq, hash, events }) => ({
    ...{ shard, epoch: Number(epoch), seq: Number(seq), hash },
    ...(events === null ? {} : { index: events }),
  }));
}

/** Runs with a connection of its own. */
export async function connected<T>(
  { region, name, secure, credentials }: ProjectionAccess,
  host: string,
  work: (client: pg.Client) => Promise<T>,
  queryMilliseconds = CONNECT_MILLISECONDS,
): Promise<T> {
  const client = new pg.Client({
    ...{ host, port: PORT, database: name, user: USER },
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    query_timeout: queryMilliseconds,
    ...(secure ? { ssl: true, password: await token(host, region, credentials) } : { ssl: false }),
  });
  // A connection that dies after its query must not end the process.
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

async function token(
  hostname: string,
  region: Region,
  credentials: () => Promise<Credentials>,
): Promise<string> {
  const signer = new Signer({
    ...{ hostname, port: PORT, region, username: USER },
    credentials: async () => {
      const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
      return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
    },
  });
  return await signer.getAuthToken();
}

const UNREACHABLE = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT"]);

/** The database's subnets have no way in from outside: from most hosts this is the rule. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return UNREACHABLE.has((error as NodeJS.ErrnoException).code ?? "") || /timeout/i.test(error.message);
}
