/** Facts of a deployment in order, and of a machine that may run its failover: what defects are seeded into. */
import type { ReadinessFacts } from "../../../automation/check/facts.ts";
import type { HostFacts } from "../../../automation/check/host.ts";

export const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const stack = { commit: COMMIT, pendingOperations: 0, locks: [] };
const cluster = {
  status: "available",
  engineVersion: "17.5",
  instances: 3,
  classes: ["db.r7g.large"],
  backupRetentionDays: 35,
  latestRestorableAt: NOW - 3 * MINUTE,
};

export const checkpoint = (minutes: number) => ({ at: NOW - minutes * MINUTE, tailRecords: 40 });

export const healthy: ReadinessFacts = {
  at: NOW,
  regions: { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" },
  expected: {
    publicName: "exchange.example.com",
    ttlSeconds: 15,
    addresses: { prod: ["192.0.2.1", "192.0.2.2"], dr: ["198.51.100.1"] },
    journalReplicas: ["us-east-1", "us-west-2", "us-east-2"],
  },
  decision: { generation: 3, active: "us-east-1", runId: "run-3", finished: true },
  control: { prod: { traffic: "on", maintenance: "off" }, dr: { traffic: "off", maintenance: "off" } },
  stacks: { prod: { role: "active", ...stack }, dr: { role: "passive", ...stack } },
  head: COMMIT,
  stale: null,
  journalTable: [
    { region: "us-east-1", status: "ACTIVE" },
    { region: "us-west-2", status: "ACTIVE" },
    { region: "us-east-2", status: "ACTIVE" },
  ],
  heartbeatSeconds: 0.4,
  databaseMembers: [
    { region: "us-east-1", isWriter: true, synchronization: null },
    { region: "us-west-2", isWriter: false, synchronization: "connected" },
  ],
  database: { active: cluster, passive: { ...cluster, instances: 1 } },
  databaseLagSeconds: 0.6,
  capacity: {
    free: { cpu: 20, memory: 64 * 2 ** 30 },
    needed: { cpu: 8, memory: 16 * 2 ** 30 },
    missingImages: [],
  },
  productionCapacity: {
    free: { cpu: 20, memory: 64 * 2 ** 30 },
    needed: { cpu: 11, memory: 20 * 2 ** 30 },
    missingImages: [],
  },
  alwaysOn: [{ name: "archiver", ready: 1, wanted: 1 }],
  images: [
    { image: `123456789012.dkr.ecr.us-west-2.amazonaws.com/x@sha256:${"0".repeat(64)}`, present: true },
  ],
  quotas: [{ title: "vCPUs", limit: 128, needed: 72 }],
  smokeToken: true,
  keys: [{ id: "key-1", state: "Enabled" }],
  certificates: {
    active: { status: "ISSUED", expiresAt: NOW + 190 * DAY },
    passive: { status: "ISSUED", expiresAt: NOW + 190 * DAY },
  },
  answers: [{ resolver: "r", addresses: ["192.0.2.1", "192.0.2.2"], ttlSeconds: 15 }],
  nameServers: ["ns-1.example.com", "ns-2.example.net"],
  answering: { prod: { answering: 2, of: 2 }, dr: { answering: 0, of: 1 } },
  stateRegion: "us-east-2",
  secretsRegion: "us-east-2",
  drift: { prod: [], dr: [] },
  policy: [],
  checkpoints: [checkpoint(1), checkpoint(1)],
  archiveAt: NOW - MINUTE,
  backups: [
    { resource: "arn:aws:rds:us-west-2:1:cluster:exchange-us-west-2", at: NOW - DAY },
    { resource: "arn:aws:dynamodb:us-west-2:1:table/exchange-journal", at: NOW - DAY },
  ],
  restoreTests: [
    { kind: "Aurora", at: NOW - 10 * DAY, status: "COMPLETED", seconds: 840 },
    { kind: "DynamoDB", at: NOW - 10 * DAY, status: "COMPLETED", seconds: 300 },
  ],
  drills: [
    { at: NOW - 40 * DAY, scenario: "region-loss", verdict: "met" },
    { at: NOW - 20 * DAY, scenario: "az-loss", verdict: "met" },
  ],
  forecast: {
    at: NOW,
    recovery: {
      fromImpact: { p50: 90, p95: 110, p99: 120 },
      goSeconds: 1,
      planSeconds: 3,
      shares: [{ name: "health checks", seconds: 30 }],
    },
    restore: {
      of: {
        database: {
          fromGo: { p50: 2_400, p95: 4_100, p99: 6_000 },
          shares: [
            { name: "restore: restore", seconds: 840 },
            { name: "restore: cut", seconds: 0 },
          ],
        },
        journal: {
          fromGo: { p50: 1_200, p95: 1_500, p99: 1_700 },
          shares: [{ name: "rebuild: fill", seconds: 600 }],
        },
      },
      ...{ records: 250_000, recordsToReplay: 12_000.4, foundWithinSeconds: 3_600 },
      testedAt: NOW - 10 * DAY,
    },
    zoneLoss: { p50: 48, p95: 50, p99: 51 },
    loss: { orders: 0, databaseEvents: 12, eventsPerSecond: 300 },
  },
};

export const soundHost: HostFacts = {
  at: NOW,
  primary: "us-east-1",
  region: "us-east-2",
  node: { version: "v24.21.0", wanted: "22.18" },
  engine: "3.230.0",
  plugins: [{ plugin: "aws 7.48.0", present: true }],
  execPlugin: "2.31.5",
  stsEndpoints: "regional",
  stsRegion: null,
  ssoRegion: null,
  credentialsEnd: NOW + 8 * 60 * MINUTE,
  clusterReachable: true,
  clockSkewSeconds: 0.1,
  freeBytes: 10 * 2 ** 30,
  passphrase: null,
};

export const ago = {
  minutes: (count: number) => NOW - count * MINUTE,
  days: (count: number) => NOW - count * DAY,
};
