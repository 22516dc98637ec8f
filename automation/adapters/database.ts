/** The global database through RDS in the target's region, and the replica's watermarks where this host can reach it. */
import {
  DescribeGlobalClustersCommand,
  FailoverGlobalClusterCommand,
  type RDSClient,
} from "@aws-sdk/client-rds";
import { Signer } from "@aws-sdk/rds-signer";
import pg from "pg";
import { isRegion, type Region } from "../../components/model.ts";
import type { Acknowledgement } from "../../journal/model.ts";
import type { DatabasePort, DatabaseState } from "../failover/ports.ts";
import type { Credentials } from "./sigv4.ts";

export interface DatabaseAddress {
  readonly region: Region;
  readonly globalClusterId: string;
  readonly clusterArn: string;
  /** Where the region's replicas answer. */
  readonly reader: string | undefined;
  /** Name of the database. */
  readonly name: string;
  readonly shards: number;
}

const CONNECT_MILLISECONDS = 3_000;
const PORT = 5432;
/** May read the projection and nothing else; the projector makes it (`workload/projector/schema.ts`). */
const USER = "projection_reader";

export class GlobalDatabase implements DatabasePort {
  readonly #address: DatabaseAddress;
  readonly #rds: RDSClient;
  readonly #credentials: () => Promise<Credentials>;
  readonly #secure: boolean;

  /** @param secure false: no TLS and no IAM token, for a database on this machine */
  constructor(
    address: DatabaseAddress,
    rds: RDSClient,
    credentials: () => Promise<Credentials>,
    secure: boolean,
  ) {
    this.#address = address;
    this.#rds = rds;
    this.#credentials = credentials;
    this.#secure = secure;
  }

  async state(): Promise<DatabaseState> {
    const { globalClusterId } = this.#address;
    const { GlobalClusters = [] } = await this.#rds.send(
      new DescribeGlobalClustersCommand({ GlobalClusterIdentifier: globalClusterId }),
    );
    const [cluster] = GlobalClusters;
    if (cluster === undefined) throw new Error(`there is no global database ${globalClusterId}`);
    const writer = cluster.GlobalClusterMembers?.find(({ IsWriter }) => IsWriter === true);
    const region = writer?.DBClusterArn?.split(":")[3];
    return { status: cluster.Status ?? "unknown", writer: isRegion(region) ? region : undefined };
  }

  async promote(): Promise<void> {
    await this.#rds.send(
      new FailoverGlobalClusterCommand({
        GlobalClusterIdentifier: this.#address.globalClusterId,
        TargetDbClusterIdentifier: this.#address.clusterArn,
        AllowDataLoss: true,
      }),
    );
  }

  async watermarks(): Promise<readonly (Acknowledgement | null)[] | undefined> {
    const { reader } = this.#address;
    if (reader === undefined) return undefined;
    const client = new pg.Client({
      host: reader,
      port: PORT,
      database: this.#address.name,
      user: USER,
      connectionTimeoutMillis: CONNECT_MILLISECONDS,
      query_timeout: CONNECT_MILLISECONDS,
      ...(this.#secure ? { ssl: true, password: await this.#password(reader) } : { ssl: false }),
    });
    // A connection that dies after its query must not end the process.
    client.on("error", () => {});
    try {
      await client.connect();
    } catch (error) {
      // The database's subnets have no way in from outside: from most hosts this is the rule.
      if (isUnreachable(error)) return undefined;
      throw error;
    }
    try {
      const { rows } = await client.query<{ shard: number; epoch: string; seq: string; hash: string }>(
        "SELECT shard, epoch, seq, hash FROM watermark",
      );
      return Array.from({ length: this.#address.shards }, (_, shard) => {
        const row = rows.find((one) => one.shard === shard);
        return row === undefined
          ? null
          : { shard, epoch: Number(row.epoch), seq: Number(row.seq), hash: row.hash };
      });
    } finally {
      await client.end().catch(() => {});
    }
  }

  async #password(hostname: string): Promise<string> {
    const signer = new Signer({
      hostname,
      port: PORT,
      region: this.#address.region,
      username: USER,
      credentials: async () => {
        const { accessKeyId, secretAccessKey, sessionToken } = await this.#credentials();
        return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
      },
    });
    return await signer.getAuthToken();
  }
}

const UNREACHABLE = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT"]);

function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return UNREACHABLE.has((error as NodeJS.ErrnoException).code ?? "") || /timeout/i.test(error.message);
}
