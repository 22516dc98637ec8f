import { DATABASE_PORT, DATABASE_USER, type Database, MASTER_USER } from "../components/database.ts";
import type { RegionEnvironment } from "../components/environment.ts";
import { archiveBucketName, checkpointBucketName, regionalName } from "../components/names.ts";
import type { Config } from "./config.ts";

/** What every pod of this region is told. */
export const regionEnvironment = (config: Config, database: Database): RegionEnvironment => ({
  region: config.region,
  primaryRegion: config.regions.primary,
  journalTable: config.journal.tableName,
  shards: config.journal.shards,
  window: config.journal.window,
  checkpointBucket: checkpointBucketName(config, config.region),
  archiveBucket: archiveBucketName(config, config.region),
  archiveRetentionDays: config.journal.archiveRetentionDays,
  peerName: regionalName(config.dns.name, config.peerRegion),
  listenerPort: config.listener.port,
  database: {
    host: database.endpoint,
    port: DATABASE_PORT,
    name: config.name,
    user: DATABASE_USER,
    owner: config.databasePassword === undefined ? undefined : MASTER_USER,
  },
});
