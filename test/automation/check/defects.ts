/** A table of what goes wrong, one defect a row: what is seeded, which check must see it, and how bad it is. */
import type { Status } from "../../../automation/check/check.ts";
import type { ReadinessFacts } from "../../../automation/check/facts.ts";
import type { HostFacts } from "../../../automation/check/host.ts";
import { ago, checkpoint, healthy, NOW, soundHost } from "./healthy.ts";

export interface Defect<F> {
  readonly title: string;
  readonly seeded: Partial<F>;
  readonly seenBy: string;
  readonly as: Exclude<Status, "ok">;
}

const { control, database, stacks, capacity, forecast, certificates } = healthy;
/** Facts of the healthy table that are known there, as such. */
const known = <T>(value: T) => value as Exclude<T, { readonly unknown: string }>;
const passive = known(database.passive);
const prodStack = known(stacks.prod);
const drStack = known(stacks.dr);
const room = known(capacity);
const prediction = known(forecast);
const [databaseBackup, journalBackup] = pair(known(healthy.backups));
const [databaseTest, journalTest] = pair(known(healthy.restoreTests));
const HOUR = 3_600_000;

function pair<T>([first, second]: readonly T[]): readonly [T, T] {
  if (first === undefined || second === undefined) throw new Error("two are in the healthy table");
  return [first, second];
}

export const DEFECTS: readonly Defect<ReadinessFacts>[] = [
  {
    title: "the witness of the journal is gone",
    seeded: {
      journalTable: [
        { region: "us-east-1", status: "ACTIVE" },
        { region: "us-west-2", status: "ACTIVE" },
      ],
    },
    seenBy: "journal-replicas",
    as: "fail",
  },
  {
    title: "a replica of the journal is being rebuilt",
    seeded: {
      journalTable: [
        { region: "us-east-1", status: "ACTIVE" },
        { region: "us-west-2", status: "UPDATING" },
        { region: "us-east-2", status: "ACTIVE" },
      ],
    },
    seenBy: "journal-replicas",
    as: "fail",
  },
  { title: "nobody writes", seeded: { heartbeatSeconds: 40 }, seenBy: "journal-heartbeat", as: "fail" },
  {
    title: "the passive region cannot read the journal",
    seeded: { heartbeatSeconds: { unknown: "AccessDeniedException" } },
    seenBy: "journal-heartbeat",
    as: "unknown",
  },
  {
    title: "the database was never failed over",
    seeded: {
      databaseMembers: [
        { region: "us-west-2", isWriter: true, synchronization: null },
        { region: "us-east-1", isWriter: false, synchronization: "connected" },
      ],
    },
    seenBy: "database-members",
    as: "fail",
  },
  {
    title: "the secondary cluster is detached",
    seeded: { databaseMembers: [{ region: "us-east-1", isWriter: true, synchronization: null }] },
    seenBy: "database-members",
    as: "fail",
  },
  {
    title: "the secondary cluster lost its stream",
    seeded: {
      databaseMembers: [
        { region: "us-east-1", isWriter: true, synchronization: null },
        { region: "us-west-2", isWriter: false, synchronization: "pending-resync" },
      ],
    },
    seenBy: "database-members",
    as: "fail",
  },
  {
    title: "the replica is minutes behind",
    seeded: { databaseLagSeconds: 300 },
    seenBy: "database-lag",
    as: "fail",
  },
  {
    title: "the secondary is headless",
    seeded: { database: { ...database, passive: { ...passive, instances: 0, classes: [] } } },
    seenBy: "database-instances",
    as: "fail",
  },
  {
    title: "the secondary is of a smaller class",
    seeded: { database: { ...database, passive: { ...passive, classes: ["db.r7g.medium"] } } },
    seenBy: "database-instances",
    as: "fail",
  },
  {
    title: "the secondary is being changed",
    seeded: { database: { ...database, passive: { ...passive, status: "modifying" } } },
    seenBy: "database-instances",
    as: "fail",
  },
  {
    title: "RDS does not say the instances' classes",
    seeded: { database: { ...database, passive: { ...passive, classes: [] } } },
    seenBy: "database-instances",
    as: "unknown",
  },
  {
    title: "RDS says no version: two silences are not the same version",
    seeded: {
      database: {
        active: { ...passive, engineVersion: null },
        passive: { ...passive, engineVersion: null },
      },
    },
    seenBy: "database-version",
    as: "unknown",
  },
  {
    title: "RDS does not say how long backups are kept",
    seeded: { database: { ...database, passive: { ...passive, backupRetentionDays: null } } },
    seenBy: "database-backups",
    as: "unknown",
  },
  {
    title: "the secondary runs another minor version",
    seeded: { database: { ...database, passive: { ...passive, engineVersion: "17.4" } } },
    seenBy: "database-version",
    as: "fail",
  },
  {
    title: "the nodes have no room",
    seeded: { capacity: { ...room, free: { cpu: 2, memory: 2 ** 30 } } },
    seenBy: "capacity",
    as: "fail",
  },
  {
    title: "production was scaled beyond what the passive region holds",
    seeded: { productionCapacity: { ...room, needed: { cpu: 40, memory: 2 ** 30 } } },
    seenBy: "capacity-production",
    as: "fail",
  },
  {
    title: "production's cluster does not say what it runs",
    seeded: { productionCapacity: { unknown: "no answer within 4 s" } },
    seenBy: "capacity-production",
    as: "unknown",
  },
  {
    title: "the nodes do not say their room",
    seeded: { capacity: { ...room, free: undefined } },
    seenBy: "capacity",
    as: "unknown",
  },
  {
    title: "no node has pulled the image",
    seeded: { capacity: { ...room, missingImages: ["x@sha256:1"] } },
    seenBy: "images-on-nodes",
    as: "warn",
  },
  {
    title: "the image was never pushed to the passive registry",
    seeded: { images: [{ image: "x@sha256:1", present: false }] },
    seenBy: "images-in-registry",
    as: "fail",
  },
  {
    title: "an image by tag",
    seeded: { images: [{ image: "x:latest", present: true }] },
    seenBy: "images-in-registry",
    as: "fail",
  },
  {
    title: "the registry does not let itself be asked",
    seeded: { images: [{ image: "x@sha256:1", present: { unknown: "AccessDeniedException" } }] },
    seenBy: "images-in-registry",
    as: "unknown",
  },
  {
    title: "the vCPU quota is the default",
    seeded: { quotas: [{ title: "vCPUs", limit: 32, needed: 72 }] },
    seenBy: "quotas",
    as: "fail",
  },
  {
    title: "the archiver does not run",
    seeded: { alwaysOn: [{ name: "archiver", ready: 0, wanted: 1 }] },
    seenBy: "always-on",
    as: "fail",
  },
  {
    title: "the smoke test's secret is gone",
    seeded: { smokeToken: { unknown: "no Deployment in namespace exchange has SMOKE_TOKEN" } },
    seenBy: "smoke-token",
    as: "unknown",
  },
  {
    title: "a key waits for its deletion",
    seeded: { keys: [{ id: "key-1", state: "PendingDeletion" }] },
    seenBy: "keys",
    as: "fail",
  },
  {
    title: "the certificate ends this week",
    seeded: { certificates: { ...certificates, passive: { status: "ISSUED", expiresAt: NOW + 100 * HOUR } } },
    seenBy: "certificate",
    as: "fail",
  },
  {
    title: "the certificate was never validated",
    seeded: { certificates: { ...certificates, passive: { status: "PENDING_VALIDATION", expiresAt: null } } },
    seenBy: "certificate",
    as: "fail",
  },
  {
    title: "production's own certificate is not renewed",
    seeded: { certificates: { ...certificates, active: { status: "ISSUED", expiresAt: NOW + 500 * HOUR } } },
    seenBy: "certificate-active",
    as: "warn",
  },
  {
    title: "the name leads to the passive region",
    seeded: { answers: [{ resolver: "r", addresses: ["198.51.100.1"], ttlSeconds: 15 }] },
    seenBy: "name-answers",
    as: "fail",
  },
  {
    title: "somebody raised the TTL",
    seeded: { answers: [{ resolver: "r", addresses: ["192.0.2.1"], ttlSeconds: 300 }] },
    seenBy: "name-ttl",
    as: "fail",
  },
  { title: "the zone is not delegated", seeded: { nameServers: [] }, seenBy: "delegation", as: "fail" },
  {
    title: "an address of the active region is silent",
    seeded: { answering: { prod: { answering: 1, of: 2 }, dr: { answering: 0, of: 1 } } },
    seenBy: "addresses",
    as: "fail",
  },
  {
    title: "the returned region was not parked",
    seeded: { control: { ...control, dr: { traffic: "on", maintenance: "off" } } },
    seenBy: "parked",
    as: "fail",
  },
  {
    title: "maintenance was forgotten",
    seeded: { control: { ...control, prod: { traffic: "on", maintenance: "on" } } },
    seenBy: "parked",
    as: "warn",
  },
  {
    title: "the state is in the primary",
    seeded: { stateRegion: "us-east-1" },
    seenBy: "state-region",
    as: "fail",
  },
  { title: "the state is on a disk", seeded: { stateRegion: null }, seenBy: "state-region", as: "warn" },
  {
    title: "the secrets' key is in the primary",
    seeded: { secretsRegion: "us-east-1" },
    seenBy: "secrets-region",
    as: "fail",
  },
  {
    title: "a killed update left its lock",
    seeded: { stacks: { ...stacks, dr: { ...drStack, locks: ["ann@ops since 2027-01-01"] } } },
    seenBy: "state-dr",
    as: "fail",
  },
  {
    title: "a killed update left operations",
    seeded: { stacks: { ...stacks, prod: { ...prodStack, pendingOperations: 2 } } },
    seenBy: "state-prod",
    as: "fail",
  },
  {
    title: "the state cannot be read",
    seeded: { stale: "the state cannot be read: timeout" },
    seenBy: "outputs",
    as: "fail",
  },
  {
    title: "both stacks are active",
    seeded: { stacks: { ...stacks, dr: { ...drStack, role: "active" } } },
    seenBy: "roles",
    as: "fail",
  },
  {
    title: "a run stands half-way",
    seeded: { decision: { generation: 3, active: "us-east-1", runId: "run-3", finished: false } },
    seenBy: "decision",
    as: "fail",
  },
  {
    title: "only one stack was deployed from the new commit",
    seeded: { stacks: { ...stacks, dr: { ...drStack, commit: "f".repeat(40) } } },
    seenBy: "commit",
    as: "fail",
  },
  { title: "this checkout is another", seeded: { head: "f".repeat(40) }, seenBy: "commit", as: "warn" },
  {
    title: "the passive stack drifted",
    seeded: { drift: { prod: [], dr: ["update network-public-us-west-2a"] } },
    seenBy: "drift-dr",
    as: "fail",
  },
  {
    title: "the preview does not work",
    seeded: { drift: { prod: { unknown: "no Pulumi CLI" }, dr: [] } },
    seenBy: "drift-prod",
    as: "unknown",
  },
  {
    title: "the policy pack objects",
    seeded: { policy: ["bucket without lock"] },
    seenBy: "policy",
    as: "fail",
  },
  {
    title: "a shard has no checkpoint there",
    seeded: { checkpoints: [checkpoint(1), { at: null, tailRecords: 900 }] },
    seenBy: "checkpoints",
    as: "fail",
  },
  {
    title: "checkpoints stopped hours ago",
    seeded: { checkpoints: [checkpoint(1), checkpoint(300)] },
    seenBy: "checkpoints",
    as: "fail",
  },
  { title: "the archive stopped", seeded: { archiveAt: ago.minutes(90) }, seenBy: "archive", as: "fail" },
  {
    title: "the secondary keeps backups for a day",
    seeded: { database: { ...database, passive: { ...passive, backupRetentionDays: 1 } } },
    seenBy: "database-backups",
    as: "fail",
  },
  {
    title: "backups of the database stopped days ago, those of the journal go on",
    seeded: { backups: [{ ...databaseBackup, at: ago.days(4) }, journalBackup] },
    seenBy: "backup-age",
    as: "fail",
  },
  {
    title: "the database was never backed up",
    seeded: { backups: [{ ...databaseBackup, at: null }, journalBackup] },
    seenBy: "backup-age",
    as: "fail",
  },
  {
    title: "the last restore test of one kind failed",
    seeded: { restoreTests: [databaseTest, { ...journalTest, at: ago.days(1), status: "FAILED" }] },
    seenBy: "restore-test",
    as: "fail",
  },
  {
    title: "nobody ever tested a restore",
    seeded: { restoreTests: [] },
    seenBy: "restore-test",
    as: "fail",
  },
  { title: "nobody drilled", seeded: { drills: [] }, seenBy: "last-drill", as: "fail" },
  {
    title: "the last drill missed its objective",
    seeded: { drills: [{ at: ago.days(3), scenario: "region-loss", verdict: "rto-missed" }] },
    seenBy: "last-drill",
    as: "fail",
  },
  {
    title: "zones were last drilled in spring",
    seeded: {
      drills: [
        { at: ago.days(3), scenario: "region-loss", verdict: "met" },
        { at: ago.days(60), scenario: "az-loss", verdict: "met" },
      ],
    },
    seenBy: "last-zone-drill",
    as: "warn",
  },
  {
    title: "a failover now would take too long",
    seeded: {
      forecast: {
        ...prediction,
        recovery: { ...prediction.recovery, fromImpact: { p50: 250, p95: 320, p99: 400 } },
      },
    },
    seenBy: "predicted-rto",
    as: "fail",
  },
  {
    title: "clients would keep a lost zone's address for two minutes",
    seeded: { forecast: { ...prediction, zoneLoss: { p50: 125, p95: 140, p99: 150 } } },
    seenBy: "predicted-zone-loss",
    as: "fail",
  },
  {
    title: "a lost zone's address may be kept for longer than a minute",
    seeded: { forecast: { ...prediction, zoneLoss: { p50: 55, p95: 65, p99: 70 } } },
    seenBy: "predicted-zone-loss",
    as: "warn",
  },
  {
    title: "how far the database is behind cannot be seen",
    seeded: { forecast: { ...prediction, loss: { ...prediction.loss, databaseEvents: null } } },
    seenBy: "predicted-loss",
    as: "unknown",
  },
];

export const HOST_DEFECTS: readonly Defect<HostFacts>[] = [
  { title: "in the region that is lost", seeded: { region: "us-east-1" }, seenBy: "host-region", as: "fail" },
  {
    title: "an old Node",
    seeded: { node: { ...soundHost.node, version: "v20.19.1" } },
    seenBy: "host-node",
    as: "fail",
  },
  {
    title: "no engine",
    seeded: { engine: { unknown: "no Pulumi CLI" } },
    seenBy: "host-engine",
    as: "unknown",
  },
  {
    title: "a plugin of another version",
    seeded: { plugins: [{ plugin: "aws 7.48.0", present: false }] },
    seenBy: "host-plugins",
    as: "fail",
  },
  { title: "no AWS CLI", seeded: { execPlugin: null }, seenBy: "host-exec", as: "fail" },
  { title: "an AWS CLI of years ago", seeded: { execPlugin: "2.9.1" }, seenBy: "host-exec", as: "fail" },
  {
    title: "an AWS CLI that does not say its version",
    seeded: { execPlugin: { unknown: "aws --version says nothing" } },
    seenBy: "host-exec",
    as: "unknown",
  },
  {
    title: "a role from us-east-1's STS",
    seeded: { stsRegion: "us-east-1" },
    seenBy: "host-sts",
    as: "fail",
  },
  { title: "the global STS endpoint", seeded: { stsEndpoints: "legacy" }, seenBy: "host-sts", as: "fail" },
  { title: "sign-in through us-east-1", seeded: { ssoRegion: "us-east-1" }, seenBy: "host-sso", as: "fail" },
  {
    title: "credentials end in minutes",
    seeded: { credentialsEnd: NOW + HOUR / 6 },
    seenBy: "host-credentials",
    as: "warn",
  },
  {
    title: "credentials have ended",
    seeded: { credentialsEnd: NOW - 1 },
    seenBy: "host-credentials",
    as: "fail",
  },
  {
    title: "the cluster's endpoint is closed to it",
    seeded: { clusterReachable: { unknown: "no answer within 5000 ms" } },
    seenBy: "host-cluster",
    as: "unknown",
  },
  { title: "a wrong clock", seeded: { clockSkewSeconds: -9 }, seenBy: "host-clock", as: "fail" },
  { title: "a full disk", seeded: { freeBytes: 1_000 }, seenBy: "host-disk", as: "fail" },
  { title: "no passphrase", seeded: { passphrase: false }, seenBy: "host-passphrase", as: "fail" },
];
