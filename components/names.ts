/** Names that both stacks and the tools need, derived from config alone: no stack reads the other's state. */
import type { Region } from "./model.ts";

export interface Identity {
  /** Short name of the platform, e.g. `exchange`; prefixes every physical name. */
  readonly name: string;
  /** The one AWS account, twelve digits (a strongly consistent global table lives in one account). */
  readonly accountId: string;
}

export const journalTableName = ({ name }: Pick<Identity, "name">): string => `${name}-journal`;
/** @param incarnation 0 as it was first made; each rebuilding gives the journal a table with the next number */
export const incarnatedTableName = (tableName: string, incarnation: number): string =>
  incarnation === 0 ? tableName : `${tableName}-r${incarnation}`;
export const archiveBucketName = ({ name, accountId }: Identity, region: Region): string =>
  `${name}-archive-${accountId}-${region}`;
export const checkpointBucketName = ({ name, accountId }: Identity, region: Region): string =>
  `${name}-checkpoints-${accountId}-${region}`;
export const globalClusterName = ({ name }: Identity): string => name;
/** @param incarnation 0 as it was first made; each restore gives the region's database a cluster with the next number */
export const databaseClusterName = (
  { name }: Pick<Identity, "name">,
  region: Region,
  incarnation = 0,
): string => (incarnation === 0 ? `${name}-${region}` : `${name}-${region}-r${incarnation}`);
/** Of a damaged cluster that is kept beside its successor. @param stamp when, digits and letters */
export const keptClusterName = (cluster: string, stamp: string): string =>
  `${cluster}-damaged-${stamp.toLowerCase()}`;
export const isKeptCluster = (cluster: string): boolean => cluster.includes("-damaged-");
export const kubernetesClusterName = ({ name }: Identity, region: Region): string => `${name}-${region}`;
/**
 * Where a cluster's agent writes what containers print.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-setup-logs-FluentBit.html
 */
export const containerLogsName = (clusterName: string): string =>
  `/aws/containerinsights/${clusterName}/application`;
export const namespaceName = ({ name }: Identity): string => name;
/** The public name under which one region alone answers. */
export const regionalName = (publicName: string, region: Region): string => `${region}.${publicName}`;
/** Where the proxy in front of one region finds its n-th load balancer address (zero-based, one per zone). */
export const originName = (publicName: string, region: Region, n: number): string =>
  `origin-${n}.${region}.${publicName}`;
/** Aliases are the names by which one stack's roles know a key that the other stack made. */
export const journalKeyAlias = ({ name }: Identity): string => `alias/${name}-journal`;
export const storageKeyAlias = ({ name }: Identity): string => `alias/${name}-storage`;
export const databaseKeyAlias = ({ name }: Identity): string => `alias/${name}-database`;
export const clusterKeyAlias = ({ name }: Identity): string => `alias/${name}-cluster`;
export const backupKeyAlias = ({ name }: Identity): string => `alias/${name}-backup`;
export const imagesKeyAlias = ({ name }: Identity): string => `alias/${name}-images`;
export const noticesTopicName = ({ name }: Identity): string => `${name}-notices`;
export const noticesKeyAlias = ({ name }: Identity): string => `alias/${name}-notices`;
/** The same in both regions, so that each may copy its backups to the other's before that one exists. */
export const backupVaultName = ({ name }: Identity): string => `${name}-backup`;
