/** What is in a new cluster before anybody has used it. */
import { type Postgres, SUPERUSER } from "./postgres.ts";

export interface NewDatabase {
  readonly databaseName: string | undefined;
  readonly masterUsername: string | undefined;
}

/**
 * As RDS leaves a new cluster: the master user is no superuser, but a member of `rds_superuser`.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html
 */
export async function createDatabase(
  postgres: Postgres,
  { databaseName, masterUsername }: NewDatabase,
): Promise<void> {
  await postgres.query("CREATE ROLE rds_iam");
  await postgres.query("CREATE ROLE rds_superuser");
  await postgres.query("GRANT pg_monitor, pg_signal_backend TO rds_superuser");
  if (masterUsername !== undefined) {
    await postgres.query(`CREATE ROLE "${masterUsername}" LOGIN CREATEROLE CREATEDB IN ROLE rds_superuser`);
    await postgres.query(`GRANT rds_iam TO "${masterUsername}" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`);
  }
  if (databaseName !== undefined) {
    await postgres.query(`CREATE DATABASE "${databaseName}" OWNER "${masterUsername ?? SUPERUSER}"`);
  }
}
