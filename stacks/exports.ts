/** The stack's outputs, out of its parts. */
import { all, type Input, type Output, RunError } from "@pulumi/pulumi";
import type { RegionCluster } from "../components/cluster.ts";
import type { Database } from "../components/database.ts";
import type { Journal } from "../components/journal.ts";
import type { Role } from "../components/model.ts";
import { globalClusterName, namespaceName, regionalName } from "../components/names.ts";
import type { Traffic } from "../components/traffic.ts";
import type { Workload } from "../components/workload.ts";
import { deployedCommit } from "./commit.ts";
import type { Config } from "./config.ts";
import { roleReached } from "./guard.ts";
import type { StackOutputs } from "./outputs.ts";

export type ProgramOutputs = { readonly [K in keyof StackOutputs]: Input<StackOutputs[K]> };

export interface Parts {
  readonly config: Config;
  readonly lastRole: Role | undefined;
  readonly database: Database;
  readonly journal: Journal;
  readonly cluster: RegionCluster;
  readonly workload: Workload;
  readonly traffic: Traffic;
}

export function outputsOf(parts: Parts): ProgramOutputs {
  const { config, database, journal, cluster, workload, traffic } = parts;
  const { dns } = config;
  return {
    stack: config.stack,
    name: config.name,
    region: config.region,
    regions: config.regions,
    role: recordedRole(parts),
    traffic: config.traffic,
    maintenance: config.maintenance,
    acceptGeneration: config.acceptGeneration ?? null,
    commit: deployedCommit(),
    publicName: dns.name,
    regionalName: regionalName(dns.name, config.region),
    elasticIps: all(traffic.addresses.map(({ elasticIp }) => elasticIp)),
    listenerPort: config.listener.port,
    dns: {
      provider: dns.provider,
      ttlSeconds: dns.provider === "route53" ? dns.ttlSeconds : 0,
      healthCheckIntervalSeconds: dns.healthCheck.intervalSeconds,
      failureThreshold: dns.healthCheck.failureThreshold,
    },
    ...(config.maintenanceWindow && { maintenanceWindow: config.maintenanceWindow }),
    journalTable: config.journal.tableName,
    journalIncarnation: config.journalIncarnation,
    shards: config.journal.shards,
    window: config.journal.window,
    archiveBucket: journal.archiveBucket,
    checkpointBucket: journal.checkpointBucket,
    globalClusterId: globalClusterName(config),
    databaseClusterId: database.clusterId,
    databaseIncarnation: config.databaseIncarnation,
    databaseClusterArn: database.clusterArn,
    databaseEndpoint: database.endpoint,
    cluster: all([cluster.endpoint, cluster.certificateAuthority]).apply(
      ([endpoint, certificateAuthority]) => ({
        name: config.clusterName,
        endpoint,
        certificateAuthority,
      }),
    ),
    namespace: namespaceName(config),
    deployments: workload.units.map(({ name, service, shard, spec }) => ({
      name,
      service,
      shard: shard ?? null,
      replicas: spec.replicas.min,
      alwaysOn: spec.alwaysOn,
    })),
  };
}

/** Waits for the Deployments, so that a failed one leaves the last role on record. */
const recordedRole = ({ config, lastRole, workload }: Parts): Output<Role> =>
  all(workload.recorded.map(({ replicas }) => replicas)).apply((counts) => {
    const deployments = workload.recorded.map(({ unit }, n) => ({
      name: unit.name,
      replicas: counts[n] ?? 0,
    }));
    const reached = roleReached(config.stack, { last: lastRole, role: config.role }, deployments);
    if ("refusal" in reached) throw new RunError(`Refused: ${reached.refusal}`);
    return reached.role;
  });
