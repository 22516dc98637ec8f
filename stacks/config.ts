/** The program's configuration: parsed once, from raw strings, into one frozen value. */
import type { DnsProvider, OnOff, Region, RegionTriple, Role, StackName } from "../components/model.ts";
import type { Identity } from "../components/names.ts";

export interface Config extends Identity {
  readonly stack: StackName;
  /** This stack's region; `peerRegion` is the other stack's. */
  readonly region: Region;
  readonly peerRegion: Region;
  readonly regions: RegionTriple;
  readonly role: Role;
  readonly traffic: OnOff;
  readonly maintenance: OnOff;
  /** Decision of the journal (its generation) that this config knows of, written with every flip. */
  readonly acceptGeneration: number | undefined;
  /** Deploy although the region item cannot be read; false unless a person says so. */
  readonly allowUnreadableJournal: boolean;
  /** Secret. What the smoke test presents while traffic is off. */
  readonly smokeToken: string;
  /** Secret. Only in `prod`: a secondary cluster takes its credentials from the primary. */
  readonly databasePassword: string | undefined;
  readonly dns: DnsConfig;
  readonly listener: { readonly port: number };
  readonly journal: JournalConfig;
  readonly network: Readonly<Record<"primary" | "secondary", NetworkConfig>>;
  readonly database: DatabaseConfig;
  readonly cluster: ClusterConfig;
  readonly services: Readonly<Record<string, ServiceConfig>>;
}

interface DnsCommon {
  /** Public name of the platform. */
  readonly name: string;
  readonly zoneId: string;
  readonly healthCheck: { readonly intervalSeconds: number; readonly failureThreshold: number };
}
export type DnsConfig =
  | (DnsCommon & { readonly provider: Extract<DnsProvider, "route53">; readonly ttlSeconds: number })
  | (DnsCommon & {
      readonly provider: Extract<DnsProvider, "cloudflare">;
      readonly cloudflareAccountId: string;
    });

export interface JournalConfig {
  /** A restored table has another name: hence configurable. Default `<name>-journal`. */
  readonly tableName: string;
  readonly shards: number;
  /** Appends that an engine may have unacknowledged. */
  readonly window: number;
  /** Expected peak of the whole platform. */
  readonly kilobytesPerSecond: number;
}

export interface NetworkConfig {
  readonly cidr: string;
  /** Three availability zones, e.g. `us-east-1a`; which letters support EKS differs per account. */
  readonly zones: readonly string[];
}

export interface DatabaseConfig {
  readonly engineVersion: string;
  /** The same in both regions: a smaller secondary could not carry the load after a promotion. */
  readonly instanceClass: string;
  readonly instances: { readonly primary: number; readonly secondary: number };
}

export interface ClusterConfig {
  /** Kubernetes version. */
  readonly version: string;
  readonly instanceType: string;
  readonly nodesPerZone: { readonly min: number; readonly max: number };
  /** Who may reach the API server from outside; empty = private only. */
  readonly endpointCidrs: readonly string[];
  /** IAM roles that may administer the cluster. */
  readonly adminRoles: readonly string[];
}

export const GRANTS = [
  "journal-read",
  "journal-append",
  "checkpoints-read",
  "checkpoints-write",
  "archive-write",
  "database",
  "smoke-token",
] as const;
export type Grant = (typeof GRANTS)[number];

export interface ServiceConfig {
  /** By digest. Without a registry host: the stack's own region's ECR. */
  readonly image: string;
  /** Default: the service's name. */
  readonly args: readonly string[];
  /** Default 8080. */
  readonly port: number;
  /** One Deployment and Service per shard, named `<service>-<shard>`. */
  readonly perShard: boolean;
  /** Outside the roles: runs in a passive region too. */
  readonly alwaysOn: boolean;
  /** `min` is the production target; an HPA exists when `max` is more. */
  readonly replicas: { readonly min: number; readonly max: number };
  /** Kubernetes quantities; memory is both request and limit. */
  readonly cpu: string;
  readonly memory: string;
  readonly probes: { readonly liveness: string; readonly readiness: string };
  /** Behind the load balancer. Exactly one service is. */
  readonly exposed: boolean;
  /** Services that it talks to: gives `<SERVICE>_URL` or, per shard, `<SERVICE>_URLS`, and opens the network. */
  readonly calls: readonly string[];
  /** What its IAM role and environment allow. */
  readonly grants: readonly Grant[];
  readonly environment: Readonly<Record<string, string>>;
}
