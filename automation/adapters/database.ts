/** The global database through RDS in the target's region, and the replica's watermarks where this host can reach it. */
import {
  DescribeGlobalClustersCommand,
  FailoverGlobalClusterCommand,
  type RDSClient,
} from "@aws-sdk/client-rds";
import { isRegion, type Region } from "../../components/model.ts";
import type { Acknowledgement } from "../../journal/model.ts";
import type { DatabasePort, DatabaseState } from "../failover/ports.ts";
import { connected, isUnreachable, type ProjectionAccess, readMarks } from "./projection-reader.ts";
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

export class GlobalDatabase implements DatabasePort {
  readonly #address: DatabaseAddress;
  readonly #rds: RDSClient;
  readonly #access: ProjectionAccess;

  /** @param secure false: no TLS and no IAM token, for a database on this machine */
  constructor(
    address: DatabaseAddress,
    rds: RDSClient,
    credentials: () => Promise<Credentials>,
    secure: boolean,
  ) {
    this.#address = address;
    this.#rds = rds;
    this.#access = { region: address.region, name: address.name, secure, credentials };
  }

  async state(): Promise<DatabaseState> {
    const { globalClusterId } = this.#address;
    const { GlobalClusters = [] } = await this.#rds.send(
      new DescribeGlobalClustersCommand({ GlobalClusterIdentifier: globalClusterId }),
    );
    const [cluster] = GlobalClusters;
    if (cluster === undefined) throw new Error(`there is no global database ${globalClusterId}`);
    const writer = cluster.GlobalClusterMembers?.find(({ IsWriter }) => IsWriter === true);
    const arn = writer?.DBClusterArn?.split(":") ?? [];
    const region = arn[3];
    return {
      status: cluster.Status ?? "unknown",
      writer: isRegion(region) ? region : undefined,
      writerCluster: arn.at(-1),
    };
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
    const { reader, shards } = this.#address;
    if (reader === undefined) return undefined;
    try {
      const marks = await connected(this.#access, reader, readMarks);
      return Array.from({ length: shards }, (_, shard) => marks.find((one) => one.shard === shard) ?? null);
    } catch (error) {
      if (isUnreachable(error)) return undefined;
      throw error;
    }
  }
}
