/** What readiness is judged by, gathered from outside. Each fact is asked for by itself: one silence hides no other. */
import type { OnOff, Region, Role } from "../../components/model.ts";
import type { Fact } from "../fact.ts";
import type { Decision } from "../failover/decide.ts";
import type { Capacity } from "../failover/ports.ts";
import type { Forecast } from "./forecast.ts";

export interface Replica {
  readonly region: Region;
  /** As DynamoDB says it, e.g. `ACTIVE`. */
  readonly status: string;
}

export interface DatabaseMember {
  readonly region: Region;
  readonly isWriter: boolean;
  /** RDS: `connected` or `pending-resync`; null where it does not say. */
  readonly synchronization: string | null;
}

/** Null: RDS does not say. */
export interface DatabaseCluster {
  readonly status: string | null;
  readonly engineVersion: string | null;
  readonly instances: number;
  /** Of the instances that say one. */
  readonly classes: readonly string[];
  readonly backupRetentionDays: number | null;
  /** Milliseconds since 1970; null: RDS names none. */
  readonly latestRestorableAt: number | null;
}

export interface ImagePresence {
  /** As the Deployment names it. */
  readonly image: string;
  readonly present: Fact<boolean>;
}

export interface Quota {
  readonly title: string;
  readonly limit: number;
  readonly needed: number;
}

export interface KeyState {
  readonly id: string;
  /** KMS: `Enabled`, `Disabled`, `PendingDeletion`… */
  readonly state: string;
}

export interface Certificate {
  readonly status: string;
  /** Milliseconds since 1970; null before it is issued. */
  readonly expiresAt: number | null;
}

export interface NameAnswer {
  readonly resolver: string;
  readonly addresses: readonly string[];
  /** Largest that the resolver gave. */
  readonly ttlSeconds: number;
}

export interface StackFacts {
  readonly role: Role;
  readonly commit: string;
  readonly pendingOperations: number;
  /** Who holds the state, for a person. */
  readonly locks: readonly string[];
}

/** Operations that a preview with refresh would do, by kind and name. */
export type Drift = readonly string[];

export interface DrillRecord {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly scenario: string;
  readonly verdict: string;
}

export interface Backup {
  /** ARN of what is backed up. */
  readonly resource: string;
  /** Of the newest recovery point, milliseconds since 1970; null: there is none. */
  readonly at: number | null;
}

export interface RestoreTest {
  /** As AWS Backup calls it, e.g. `Aurora`. */
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** AWS Backup: `COMPLETED`, `FAILED` or `ABORTED`. */
  readonly status: string;
  /** To its end; null: AWS Backup does not say. */
  readonly seconds: number | null;
}

export interface CheckpointAge {
  /** Milliseconds since 1970; null: there is none. */
  readonly at: number | null;
  readonly tailRecords: number;
}

export interface ReadinessFacts {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly regions: { readonly primary: Region; readonly secondary: Region; readonly witness: Region };
  /** Config that the deployed program was made with. */
  readonly expected: {
    readonly publicName: string;
    readonly ttlSeconds: number;
    /** Addresses of each region's load balancer. */
    readonly addresses: Readonly<Record<"prod" | "dr", readonly string[]>>;
    readonly journalReplicas: readonly Region[];
  };
  readonly decision: Fact<Decision>;
  readonly control: Readonly<Record<"prod" | "dr", Fact<{ traffic: OnOff; maintenance: OnOff }>>>;
  readonly stacks: Readonly<Record<"prod" | "dr", Fact<StackFacts>>>;
  /** Commit of this checkout. */
  readonly head: string;
  readonly stale: string | null;

  readonly journalTable: Fact<readonly Replica[]>;
  /** Since the newest record of the shard that is longest without one, read in the passive region; null: no record yet. */
  readonly heartbeatSeconds: Fact<number | null>;
  readonly databaseMembers: Fact<readonly DatabaseMember[]>;
  readonly database: Readonly<Record<"active" | "passive", Fact<DatabaseCluster>>>;
  readonly databaseLagSeconds: Fact<number>;

  readonly capacity: Fact<Capacity>;
  /** The passive region's room for what the active one runs at the moment, its autoscalers' work included. */
  readonly productionCapacity: Fact<Capacity>;
  readonly alwaysOn: Fact<
    readonly { readonly name: string; readonly ready: number; readonly wanted: number }[]
  >;
  readonly images: Fact<readonly ImagePresence[]>;
  readonly quotas: Fact<readonly Quota[]>;
  readonly smokeToken: Fact<boolean>;
  readonly keys: Fact<readonly KeyState[]>;
  readonly certificates: Readonly<Record<"active" | "passive", Fact<Certificate>>>;

  readonly answers: Fact<readonly NameAnswer[]>;
  readonly nameServers: Fact<readonly string[]>;
  /** Whether each region's addresses answer. */
  readonly answering: Readonly<Record<"prod" | "dr", Fact<{ answering: number; of: number }>>>;

  /** Region that Pulumi's state lives in; null: not in a region. */
  readonly stateRegion: Fact<Region | null>;
  readonly secretsRegion: Fact<Region | null>;
  readonly drift: Readonly<Record<"prod" | "dr", Fact<Drift>>>;
  /** Violations of the policy pack. */
  readonly policy: Fact<readonly string[]>;

  /** Newest checkpoint of each shard in the passive region's own bucket, and the records beyond it. */
  readonly checkpoints: Fact<readonly CheckpointAge[]>;
  readonly archiveAt: Fact<number | null>;
  /** In the passive region's vault, of each resource that its plan backs up. */
  readonly backups: Fact<readonly Backup[]>;
  /** The last one that ended, of each kind of resource. */
  readonly restoreTests: Fact<readonly RestoreTest[]>;
  readonly drills: Fact<readonly DrillRecord[]>;

  readonly forecast: Fact<Forecast>;
}
