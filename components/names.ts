/** Names that both stacks and the tools need, derived from config alone: no stack reads the other's state. */
import type { Region } from "./model.ts";

export interface Identity {
  /** Short name of the platform, e.g. `exchange`; prefixes every physical name. */
  readonly name: string;
  /** The one AWS account, twelve digits (a strongly consistent global table lives in one account). */
  readonly accountId: string;
}

export const journalTableName = ({ name }: Identity): string => `${name}-journal`;
export const archiveBucketName = ({ name, accountId }: Identity, region: Region): string =>
  `${name}-archive-${accountId}-${region}`;
export const checkpointBucketName = ({ name, accountId }: Identity, region: Region): string =>
  `${name}-checkpoints-${accountId}-${region}`;
export const globalClusterName = ({ name }: Identity): string => name;
export const databaseClusterName = ({ name }: Identity, region: Region): string => `${name}-${region}`;
export const kubernetesClusterName = ({ name }: Identity, region: Region): string => `${name}-${region}`;
export const namespaceName = ({ name }: Identity): string => name;
/** The public name under which one region alone answers. */
export const regionalName = (publicName: string, region: Region): string => `${region}.${publicName}`;
