/** What keeps a region's data, watches it and breaks it on purpose; nothing that serves an order. */
import type { ComponentResourceOptions } from "@pulumi/pulumi";
import { Backup } from "../components/backup.ts";
import type { Database } from "../components/database.ts";
import { Drills } from "../components/drills.ts";
import { databaseClusterName } from "../components/names.ts";
import type { RegionNetwork } from "../components/network.ts";
import { Observability } from "../components/observability.ts";
import { Spending } from "../components/spending.ts";
import type { Traffic } from "../components/traffic.ts";
import { type Config, placeOf } from "./config.ts";

export interface Operated {
  readonly config: Config;
  readonly network: RegionNetwork;
  readonly database: Database;
  readonly traffic: Traffic;
}

export function operations(parts: Operated, options: ComponentResourceOptions): void {
  const { config, network, database, traffic } = parts;
  const { name, accountId, region, peerRegion, alarms, clusterName } = config;
  const identity = { name, accountId, region };
  const journalTable = config.journal.tableName;

  new Backup(
    "backup",
    {
      ...identity,
      ...config.backup,
      peerRegion,
      resources: {
        Aurora: database.clusterArn,
        DynamoDB: `arn:aws:dynamodb:${region}:${accountId}:table/${journalTable}`,
      },
    },
    options,
  );

  const observability = new Observability(
    "observability",
    {
      ...identity,
      clusterName,
      databaseClusterId: databaseClusterName(identity, region, config.databaseIncarnation),
      journalTable,
      ownsLogs: config.cluster.existing[placeOf(config)] === undefined,
      zones: network.zones.map((zone) => zone.name),
      loadBalancer: traffic.loadBalancer,
      targetGroup: traffic.targetGroup,
      thresholds: alarms,
      emails: alarms.emails,
    },
    options,
  );

  new Drills(
    "drills",
    {
      ...identity,
      peerRegion,
      zones: network.zones.map((zone) => ({
        name: zone.name,
        subnetIds: [zone.publicSubnetId, zone.privateSubnetId, zone.dataSubnetId],
      })),
      privateSubnetIds: network.zones.map((zone) => zone.privateSubnetId),
      clusterName,
      databaseClusterArn: database.clusterArn,
      journalTable,
      stopAlarmArns: observability.experimentsStopOn,
    },
    options,
  );

  if (config.stack === "prod" && config.budget !== undefined) {
    new Spending("spending", { ...identity, ...config.budget, emails: alarms.emails }, options);
  }
}
