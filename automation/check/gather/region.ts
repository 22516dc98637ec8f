/** What a region's own systems say: journal, database, cluster, buckets. */
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  DescribeGlobalClustersCommand,
} from "@aws-sdk/client-rds";
import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { isRegion } from "../../../components/model.ts";
import type { RegionClients } from "../../adapters/aws.ts";
import type { DeployedStack } from "../../deployment.ts";
import type { ShardHead } from "../../failover/ports.ts";
import type { CheckpointAge, DatabaseCluster, DatabaseMember, Replica } from "../facts.ts";

export async function journalTable(
  { dynamodb }: RegionClients,
  { journalTable: TableName, region }: DeployedStack,
): Promise<readonly Replica[]> {
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName }));
  const replicas = [
    // The replica that is asked may leave itself out.
    { region: region as string | undefined, status: Table?.TableStatus },
    ...(Table?.Replicas ?? []).map(({ RegionName, ReplicaStatus }) => ({
      region: RegionName,
      status: ReplicaStatus,
    })),
    ...(Table?.GlobalTableWitnesses ?? []).map(({ RegionName, WitnessStatus }) => ({
      region: RegionName,
      status: WitnessStatus,
    })),
  ];
  return replicas.flatMap(({ region: name, status }) =>
    isRegion(name) ? [{ region: name, status: status ?? "unknown" }] : [],
  );
}

export async function databaseMembers(
  { rds }: RegionClients,
  { globalClusterId }: DeployedStack,
): Promise<readonly DatabaseMember[]> {
  const { GlobalClusters = [] } = await rds.send(
    new DescribeGlobalClustersCommand({ GlobalClusterIdentifier: globalClusterId }),
  );
  return (GlobalClusters[0]?.GlobalClusterMembers ?? []).flatMap((member) => {
    const region = member.DBClusterArn?.split(":")[3];
    if (!isRegion(region)) return [];
    return [
      {
        region,
        isWriter: member.IsWriter === true,
        synchronization: member.SynchronizationStatus ?? null,
      },
    ];
  });
}

export async function databaseCluster(
  { rds }: RegionClients,
  { databaseClusterId }: DeployedStack,
): Promise<DatabaseCluster> {
  const [{ DBClusters = [] }, { DBInstances = [] }] = await Promise.all([
    rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: databaseClusterId })),
    rds.send(
      new DescribeDBInstancesCommand({ Filters: [{ Name: "db-cluster-id", Values: [databaseClusterId] }] }),
    ),
  ]);
  const [cluster] = DBClusters;
  if (cluster === undefined) throw new Error(`there is no cluster ${databaseClusterId}`);
  const own = DBInstances.filter(
    ({ DBClusterIdentifier: of }) => of === undefined || of === databaseClusterId,
  );
  return {
    status: cluster.Status ?? null,
    engineVersion: cluster.EngineVersion ?? null,
    instances: own.length,
    classes: [...new Set(own.flatMap(({ DBInstanceClass }) => DBInstanceClass ?? []))],
    backupRetentionDays: cluster.BackupRetentionPeriod ?? null,
    latestRestorableAt: cluster.LatestRestorableTime?.getTime() ?? null,
  };
}

/** Of the shard that is longest without a record: an engine that died must not hide behind one that lives. */
export function silenceSeconds(heads: readonly ShardHead[], now: number): number | null {
  const times = heads.filter(({ seq }) => seq > 0).map(({ ts }) => ts);
  return times.length === 0 ? null : Math.max(0, now - Math.min(...times)) / 1000;
}

/** Keys count down (`journal/checkpoints.ts`), so that a shard's first object is its newest checkpoint. */
export async function checkpointAge(
  { s3 }: RegionClients,
  bucket: string,
  { shard, seq }: ShardHead,
): Promise<CheckpointAge> {
  const prefix = `checkpoints/${shard}/`;
  const { Contents: [first] = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }),
  );
  const covered = Number.MAX_SAFE_INTEGER - Number(first?.Key?.slice(prefix.length).split("/")[1]);
  return {
    at: first?.LastModified?.getTime() ?? null,
    tailRecords: Number.isFinite(covered) ? Math.max(0, seq - covered) : seq,
  };
}

/** Heads' keys count up: what ends with the newest begins shortly before the journal's own head. */
const HEADS_BACK = 20_000;
/** Of a thousand keys: no more heads than records. */
const PAGES = 1 + HEADS_BACK / 1_000;

export async function archivedAt(
  { s3 }: RegionClients,
  bucket: string,
  { shard, epoch, seq }: ShardHead,
): Promise<number | null> {
  const padded = (value: number): string => String(Math.max(0, value)).padStart(16, "0");
  const Prefix = `heads/${shard}/`;
  // An epoch that has just begun has no head yet, and numbers go on from the one before.
  let StartAfter: string | undefined = `${Prefix}${padded(epoch - 1)}/${padded(seq - HEADS_BACK)}`;
  let newest: Date | undefined;
  for (let page = 0; page < PAGES && StartAfter !== undefined; page++) {
    const { Contents = [], IsTruncated }: ListObjectsV2CommandOutput = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix, StartAfter }),
    );
    const last = Contents.at(-1);
    newest = last?.LastModified ?? newest;
    StartAfter = IsTruncated === true ? last?.Key : undefined;
  }
  return newest?.getTime() ?? null;
}
