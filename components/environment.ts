/** Environment of a service's pods, as `workload/settings.ts` reads it. */
import type { Input } from "@pulumi/pulumi";
import type { Grant } from "./grants.ts";
import type { Region } from "./model.ts";

/** What every pod of a region is told. */
export interface RegionEnvironment {
  readonly region: Region;
  readonly primaryRegion: Region;
  readonly journalTable: string;
  readonly shards: number;
  readonly window: number;
  readonly checkpointBucket: string;
  readonly archiveBucket: string;
  readonly archiveRetentionDays: number;
  /** Public name of the other region, for the archiver's look at its peer. */
  readonly peerName: string;
  readonly listenerPort: number;
  readonly database: {
    readonly host: Input<string>;
    readonly port: number;
    readonly name: string;
    readonly user: string;
    /** Who makes that user, once; undefined in a secondary, whose copy arrives with it. */
    readonly owner: string | undefined;
  };
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: Input<string>;
  readonly valueFrom?:
    | { readonly fieldRef: { readonly fieldPath: string } }
    | { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

export const SMOKE_TOKEN_SECRET = { name: "smoke-token", key: "token" } as const;
export const DATABASE_OWNER_SECRET = { name: "database-owner", key: "password" } as const;

/** `risk-check` → `RISK_CHECK`, the stem of the variables Kubernetes makes for a Service. */
const stem = (service: string): string => service.toUpperCase().replaceAll("-", "_");
const urlOf = (service: string): string =>
  `http://$(${stem(service)}_SERVICE_HOST):$(${stem(service)}_SERVICE_PORT)`;

const REGION_VARIABLES = [
  "REGION",
  "AWS_REGION",
  "PRIMARY_REGION",
  "JOURNAL_TABLE",
  "SHARDS",
  "WINDOW",
  "CHECKPOINT_BUCKET",
  "ARCHIVE_BUCKET",
  "RETENTION_DAYS",
  "PEER_NAME",
  "LISTENER_PORT",
] as const;

const ofRegion = (region: RegionEnvironment): Record<(typeof REGION_VARIABLES)[number], string> => ({
  REGION: region.region,
  AWS_REGION: region.region,
  PRIMARY_REGION: region.primaryRegion,
  JOURNAL_TABLE: region.journalTable,
  SHARDS: String(region.shards),
  WINDOW: String(region.window),
  CHECKPOINT_BUCKET: region.checkpointBucket,
  ARCHIVE_BUCKET: region.archiveBucket,
  RETENTION_DAYS: String(region.archiveRetentionDays),
  PEER_NAME: region.peerName,
  LISTENER_PORT: String(region.listenerPort),
});

const ofDatabase = ({ database }: RegionEnvironment): Record<string, Input<string>> => ({
  PGHOST: database.host,
  PGPORT: String(database.port),
  PGDATABASE: database.name,
  PGUSER: database.user,
  ...(database.owner === undefined ? {} : { PGOWNER: database.owner }),
});

/** What a service's own `environment` must not set. */
export const RESERVED_ENVIRONMENT: ReadonlySet<string> = new Set([
  ...REGION_VARIABLES,
  "POD_IP",
  "POD_NAME",
  "PORT",
  "SHARD",
  "STANDBY",
  "SMOKE_TOKEN",
  "PGHOST",
  "PGPORT",
  "PGDATABASE",
  "PGUSER",
  "PGOWNER",
  "PGOWNER_PASSWORD",
]);

export interface PodEnvironment {
  readonly region: RegionEnvironment;
  readonly port: number;
  readonly shard: number | undefined;
  /** Whether another replica stands by. */
  readonly standby: boolean;
  readonly grants: readonly Grant[];
  /** Services with a Service of their own. */
  readonly calls: readonly string[];
  readonly own: Readonly<Record<string, string>>;
}

/**
 * Variables in a fixed order. Callees become `<NAME>_URL`, out of the variables that Kubernetes sets for Services which
 * exist before the pod: no DNS lookup on the way of an order.
 */
export function environmentOf(pod: PodEnvironment): readonly EnvironmentVariable[] {
  const values: Record<string, Input<string>> = {
    ...ofRegion(pod.region),
    PORT: String(pod.port),
    ...(pod.shard === undefined ? {} : { SHARD: String(pod.shard), STANDBY: pod.standby ? "on" : "off" }),
    ...(pod.grants.includes("database") ? ofDatabase(pod.region) : {}),
  };
  for (const name of pod.calls) values[`${stem(name)}_URL`] = urlOf(name);
  return [
    { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ...(pod.grants.includes("smoke-token")
      ? [{ name: "SMOKE_TOKEN", valueFrom: { secretKeyRef: SMOKE_TOKEN_SECRET } }]
      : []),
    ...(pod.grants.includes("database") && pod.region.database.owner !== undefined
      ? [{ name: "PGOWNER_PASSWORD", valueFrom: { secretKeyRef: DATABASE_OWNER_SECRET } }]
      : []),
    ...Object.entries({ ...values, ...pod.own }).map(([name, value]) => ({ name, value })),
  ];
}
