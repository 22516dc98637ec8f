/**
 * Restoring an Aurora cluster beside a damaged one, through RDS in its region.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterToPointInTime.html
 */
import {
  CreateDBInstanceCommand,
  type DBCluster,
  DBClusterAlreadyExistsFault,
  DBClusterNotFoundFault,
  type DBInstance,
  DBInstanceAlreadyExistsFault,
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  ModifyDBClusterCommand,
  type RDSClient,
  RebootDBInstanceCommand,
  RestoreDBClusterToPointInTimeCommand,
} from "@aws-sdk/client-rds";
import type { DatabaseCluster, RestorePort } from "../restore/ports.ts";
import { connected, type Mark, type ProjectionAccess, readMarks } from "./projection-reader.ts";

/** What the program declares of a cluster, which a restored one must be given again: RDS' defaults are others. */
export interface ClusterShape {
  readonly subnetGroup: string;
  readonly parameterGroup: string;
  /** With `default_transaction_read_only`, for what is kept. */
  readonly readOnlyParameterGroup: string;
  readonly securityGroups: readonly string[];
  readonly keyArn: string;
  readonly backupDays: number;
  readonly logs: readonly string[];
  readonly instanceClass: string;
  readonly zones: readonly string[];
}

export class Restoration implements RestorePort {
  readonly #rds: RDSClient;
  readonly #shape: ClusterShape;
  readonly #access: ProjectionAccess;

  constructor(rds: RDSClient, shape: ClusterShape, access: ProjectionAccess) {
    this.#rds = rds;
    this.#shape = shape;
    this.#access = access;
  }

  async cluster(id: string): Promise<DatabaseCluster | undefined> {
    const found = await this.#describe(id);
    if (found === undefined) return undefined;
    const instances = await this.#instances(found);
    const { EarliestRestorableTime: earliest, LatestRestorableTime: latest } = found;
    return {
      id,
      status: found.Status ?? "unknown",
      endpoint: found.Endpoint ?? "",
      window: earliest && latest && { earliest: earliest.getTime(), latest: latest.getTime() },
      instances: instances.map(({ DBInstanceIdentifier, DBInstanceStatus }) => ({
        id: DBInstanceIdentifier ?? "",
        status: DBInstanceStatus ?? "unknown",
      })),
    };
  }

  async restore({ from, id, time }: Parameters<RestorePort["restore"]>[0]): Promise<void> {
    const { subnetGroup, parameterGroup, securityGroups, keyArn, logs, backupDays } = this.#shape;
    await unlessThere(
      DBClusterAlreadyExistsFault,
      this.#rds.send(
        new RestoreDBClusterToPointInTimeCommand({
          SourceDBClusterIdentifier: from,
          DBClusterIdentifier: id,
          RestoreToTime: new Date(time),
          DBSubnetGroupName: subnetGroup,
          DBClusterParameterGroupName: parameterGroup,
          VpcSecurityGroupIds: [...securityGroups],
          KmsKeyId: keyArn,
          EnableIAMDatabaseAuthentication: true,
          EnableCloudwatchLogsExports: [...logs],
          CopyTagsToSnapshot: true,
          DeletionProtection: true,
        }),
      ),
    );
    // A restore has no say in how long its own backups are kept.
    await this.#rds.send(
      new ModifyDBClusterCommand({
        DBClusterIdentifier: id,
        BackupRetentionPeriod: backupDays,
        ApplyImmediately: true,
      }),
    );
  }

  async attach(id: string, count: number): Promise<void> {
    const { instanceClass, zones, keyArn } = this.#shape;
    const found = await this.#describe(id);
    const present = new Set(
      (found === undefined ? [] : await this.#instances(found)).map((one) => one.DBInstanceIdentifier),
    );
    for (let n = 0; n < count; n++) {
      const instance = `${id}-${n}`;
      if (present.has(instance)) continue;
      await unlessThere(
        DBInstanceAlreadyExistsFault,
        this.#rds.send(
          new CreateDBInstanceCommand({
            DBInstanceIdentifier: instance,
            DBClusterIdentifier: id,
            DBInstanceClass: instanceClass,
            Engine: "aurora-postgresql",
            AvailabilityZone: zones[n % zones.length],
            PubliclyAccessible: false,
            AutoMinorVersionUpgrade: false,
            EnablePerformanceInsights: true,
            PerformanceInsightsKMSKeyId: keyArn,
            PromotionTier: n === 0 ? 0 : 1,
          }),
        ),
      );
    }
  }

  async watermarks(endpoint: string): Promise<readonly Mark[]> {
    return await connected(this.#access, endpoint, readMarks);
  }

  async rename(from: string, id: string): Promise<void> {
    // An earlier attempt may have renamed it: then nobody has the old name.
    await unlessThere(
      DBClusterNotFoundFault,
      this.#rds.send(
        new ModifyDBClusterCommand({
          DBClusterIdentifier: from,
          NewDBClusterIdentifier: id,
          DBClusterParameterGroupName: this.#shape.readOnlyParameterGroup,
          ApplyImmediately: true,
        }),
      ),
    );
  }

  async restart(id: string): Promise<void> {
    const found = await this.#describe(id);
    for (const { DBInstanceIdentifier } of found === undefined ? [] : await this.#instances(found)) {
      await this.#rds.send(new RebootDBInstanceCommand({ DBInstanceIdentifier }));
    }
  }

  #describe(id: string): Promise<DBCluster | undefined> {
    return describe(this.#rds, id);
  }

  async #instances({ DBClusterMembers = [] }: DBCluster): Promise<readonly DBInstance[]> {
    const found = await Promise.all(
      DBClusterMembers.map(({ DBInstanceIdentifier }) =>
        this.#rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier })),
      ),
    );
    return found.flatMap(({ DBInstances = [] }) => DBInstances);
  }
}

/** The SDK repeats a call whose answer it did not get; what the first one did is then in the second one's way. */
async function unlessThere(
  fault: abstract new (...args: never) => Error,
  call: Promise<unknown>,
): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof fault)) throw error;
  }
}

async function describe(rds: RDSClient, id: string): Promise<DBCluster | undefined> {
  try {
    const { DBClusters = [] } = await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: id }));
    return DBClusters[0];
  } catch (error) {
    if (error instanceof DBClusterNotFoundFault) return undefined;
    throw error;
  }
}

export const clusterExists = async (rds: RDSClient, id: string): Promise<boolean> =>
  (await describe(rds, id)) !== undefined;
