/** What a stack exports: everything the tools need to know about a region without reading its resources. */
import type {
  DnsProvider,
  MaintenanceWindow,
  OnOff,
  Region,
  RegionTriple,
  Role,
  StackName,
} from "../components/model.ts";

export interface DeploymentOutput {
  /** Kubernetes name, e.g. `engine-0`. */
  readonly name: string;
  /** Name of the service in the config, e.g. `engine`. */
  readonly service: string;
  /** Shard it works for; null when the service is not per shard. */
  readonly shard: number | null;
  /** Production target, whatever the role: what `promoting` sets. */
  readonly replicas: number;
  /** Outside the roles: runs with `replicas` in each of them. */
  readonly alwaysOn: boolean;
}

export interface StackOutputs {
  readonly stack: StackName;
  readonly name: string;
  readonly region: Region;
  readonly regions: RegionTriple;
  readonly role: Role;
  readonly traffic: OnOff;
  readonly maintenance: OnOff;
  /** Null when the config accepts none. */
  readonly acceptGeneration: number | null;
  /** Git commit that was deployed, 40 hex digits, with `-dirty` after it when files differed; `unknown` outside git. */
  readonly commit: string;
  /** Where clients go, e.g. `exchange.example.com`. */
  readonly publicName: string;
  /** Where this region alone answers, e.g. `us-east-1.exchange.example.com`. */
  readonly regionalName: string;
  /** One per availability zone, in the order of the zones. */
  readonly elasticIps: readonly string[];
  readonly listenerPort: number;
  readonly dns: {
    readonly provider: DnsProvider;
    /** For how long a resolver may keep an answer that a failover changes; 0 with `cloudflare`, whose answer stays. */
    readonly ttlSeconds: number;
    readonly healthCheckIntervalSeconds: number;
    readonly failureThreshold: number;
  };
  /** Absent when the config names none. */
  readonly maintenanceWindow?: MaintenanceWindow | undefined;
  readonly journalTable: string;
  /** Of that table: 0 as it was first made, one more with each rebuilding. */
  readonly journalIncarnation: number;
  readonly shards: number;
  readonly window: number;
  readonly archiveBucket: string;
  readonly checkpointBucket: string;
  readonly globalClusterId: string;
  readonly databaseClusterId: string;
  /** Of that cluster: how many restores there were. */
  readonly databaseIncarnation: number;
  readonly databaseClusterArn: string;
  readonly databaseEndpoint: string;
  readonly cluster: {
    readonly name: string;
    readonly endpoint: string;
    /** Base64 of the PEM. */
    readonly certificateAuthority: string;
  };
  readonly namespace: string;
  readonly deployments: readonly DeploymentOutput[];
}
