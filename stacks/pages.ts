/** Where vendors say so: a refusal that follows from their rules ends with the page. */
const DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide";
const AURORA = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide";

export const PAGES = {
  strongConsistency: `${DYNAMODB}/multi-region-strong-consistency-gt.html`,
  partitions: `${DYNAMODB}/bp-partition-key-design.html`,
  globalDatabase: `${AURORA}/aurora-global-database-getting-started.html`,
  globalFailover: `${AURORA}/aurora-global-database-disaster-recovery.html`,
  secondaryCluster: `${AURORA}/aurora-global-database-attach.html`,
  newCluster: "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html",
  replicas: `${AURORA}/Aurora.Replication.html`,
  subnets: "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html",
  healthChecks: "https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html",
  monitors: "https://developers.cloudflare.com/load-balancing/understand-basics/monitors",
  registries: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html",
  vaultLock: "https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html",
} as const;
