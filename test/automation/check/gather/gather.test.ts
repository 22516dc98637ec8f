/** Who is asked for what: each answer says where it is from, and must be found where it belongs. */
import { tmpdir } from "node:os";
import test from "ava";
import { forecastNow } from "../../../../automation/check/gather/forecast.ts";
import { gather } from "../../../../automation/check/gather/gather.ts";
import type { Subject } from "../../../../automation/check/gather/subject.ts";
import type { DeployedStack } from "../../../../automation/deployment.ts";
import { isUnknown } from "../../../../automation/fact.ts";
import type { Capacity } from "../../../../automation/failover/ports.ts";
import { readSettings } from "../../../../automation/settings.ts";
import { type Region, STACKS } from "../../../../components/model.ts";
import { outputsOf } from "../../commands/outputs.ts";

const regionOf = (stack: "prod" | "dr"): Region => outputsOf(stack).region;
const PASSIVE = regionOf("dr");
const ACTIVE = regionOf("prod");
const room = { cpu: 8, memory: 2 ** 33 };
const HEAD = { shard: 0, epoch: 1, seq: 10, hash: "h", ts: Date.now() - 3_000 };

/** What a region's systems answer: its own name, wherever there is room for one. */
function worldOf(region: Region) {
  return {
    journal: {
      heads: async () => [HEAD],
      tail: async () => ({ records: 1, events: 2 }),
      control: async (of: Region) => ({
        region: of,
        traffic: of === ACTIVE ? "on" : "off",
        maintenance: "off",
      }),
    },
    database: { watermarks: async () => [null] },
    cluster: {
      capacity: async (targets: readonly { name: string; replicas: number }[]): Promise<Capacity> => ({
        free: room,
        needed: { cpu: targets.reduce((sum, { replicas }) => sum + replicas, 0), memory: 0 },
        missingImages: [`asked in ${region}`],
      }),
      deployments: async () => [{ name: "gateway", desired: region === ACTIVE ? 7 : 0, ready: 0 }],
      smokeToken: async () => "token",
    },
    outputs: region === ACTIVE ? outputsOf("prod") : outputsOf("dr"),
    probesOf: ({ region: of }: DeployedStack) => ({
      addresses: async () =>
        of === ACTIVE ? [{ answered: true }, { answered: false }] : [{ answered: true }],
    }),
  };
}

function clientsOf(region: Region) {
  const answers: Readonly<Record<string, object>> = {
    DescribeTableCommand: { Table: { TableStatus: `asked in ${region}` } },
    DescribeGlobalClustersCommand: {},
    DescribeDBClustersCommand: { DBClusters: [{ EngineVersion: region }] },
    DescribeDBInstancesCommand: {},
    ListObjectsV2Command: {},
  };
  const client = { send: async (command: object) => answers[command.constructor.name] };
  return { dynamodb: client, rds: client, s3: client };
}

function subjectOf(): Subject {
  const prod: DeployedStack = { ...outputsOf("prod"), elasticIps: ["192.0.2.1", "192.0.2.2"] };
  const dr: DeployedStack = { ...outputsOf("dr"), elasticIps: ["198.51.100.1"] };
  const state = {
    read: async (stack: string) => ({
      stack,
      resources: [],
      outputs: {},
      pendingOperations: stack === "dr" ? 2 : 0,
    }),
    locks: async (stack: string) => [{ username: stack, hostname: "ops", timestamp: "now" }],
  };
  const calls = {
    rpc: async (_: string, region: Region, operation: string, { CertificateArn = "" }) =>
      operation === "DescribeCertificate"
        ? { Certificate: { Status: `${CertificateArn} asked in ${region}` } }
        : { KeyMetadata: { KeyState: `asked in ${region}` } },
  };
  const settings = readSettings(
    {
      PULUMI_BACKEND_URL: "s3://state?region=us-east-2",
      PULUMI_HOME: "/nowhere",
      DR_RESOLVER: "127.0.0.1:9",
    },
    tmpdir(),
  );
  const subject = {
    deployment: { project: "trading-platform", state, stacks: { prod, dr } },
    ...{ settings, passive: dr, active: prod, calls },
    decision: { generation: 1, active: ACTIVE, runId: "run-1", finished: true },
    clients: { [ACTIVE]: clientsOf(ACTIVE), [PASSIVE]: clientsOf(PASSIVE) },
    world: worldOf(PASSIVE),
    production: worldOf(ACTIVE),
    asked: async ({ region }: DeployedStack = dr) => ({
      ...{ calls, region },
      resources: [
        { type: "aws:acm/certificate:Certificate", id: `of ${region}` },
        { type: "aws:kms/key:Key", id: "key" },
      ].map((one) => ({ ...one, urn: one.id, inputs: {}, outputs: {}, protect: false })),
    }),
  };
  return subject as unknown as Subject;
}

test("each fact is asked of the region, the stack and the system that it is about", async (t) => {
  const facts = await gather(
    subjectOf(),
    { drills: async () => [], policy: async () => ["an objection"] },
    new AbortController().signal,
  );
  t.like(facts, {
    expected: {
      addresses: { prod: ["192.0.2.1", "192.0.2.2"], dr: ["198.51.100.1"] },
      journalReplicas: ["us-east-1", "us-west-2", "us-east-2"],
    },
    control: { prod: { traffic: "on" }, dr: { traffic: "off" } },
    stacks: {
      prod: { role: "active", pendingOperations: 0, locks: ["prod@ops since now"] },
      dr: { role: "passive", pendingOperations: 2, locks: ["dr@ops since now"] },
    },
    journalTable: [{ region: PASSIVE, status: `asked in ${PASSIVE}` }],
    database: { active: { engineVersion: ACTIVE }, passive: { engineVersion: PASSIVE } },
    capacity: { needed: { cpu: 3 }, missingImages: [`asked in ${PASSIVE}`] },
    productionCapacity: { needed: { cpu: 7 }, missingImages: [`asked in ${PASSIVE}`] },
    alwaysOn: [],
    certificates: {
      active: { status: `of ${ACTIVE} asked in ${ACTIVE}` },
      passive: { status: `of ${PASSIVE} asked in ${PASSIVE}` },
    },
    keys: [{ id: "key", state: `asked in ${PASSIVE}` }],
    answering: { prod: { answering: 1, of: 2 }, dr: { answering: 1, of: 1 } },
    checkpoints: [{ at: null, tailRecords: 10 }],
    archiveAt: null,
    stateRegion: "us-east-2",
    policy: ["an objection"],
  });
  t.true(Number(facts.heartbeatSeconds) >= 3);
  t.true(isUnknown(facts.nameServers), "no resolver answers there");
  for (const stack of STACKS) t.true(isUnknown(facts.drift[stack]), "there is no program");
});

test("the forecast goes by what was found: room, images, tail; what is not seen is not guessed", async (t) => {
  const basis = {
    heads: [],
    capacity: { free: room, needed: { cpu: 4, memory: 0 }, missingImages: [] } as Capacity,
    checkpoints: [{ at: 0, tailRecords: 0 }],
    behind: { orders: 0 as const, databaseEvents: 5, eventsPerSecond: 80, recordsPerSecond: 8, seconds: 0.1 },
    instances: 3,
    tested: null,
  };
  const p50 = async (
    change: Partial<typeof basis> | { capacity: { unknown: string } },
    plan: number | { unknown: string } = 6,
  ) => {
    const found = await forecastNow(outputsOf("dr"), { ...basis, ...change }, plan, "aws");
    return isUnknown(found) ? Number.NaN : found.recovery.fromImpact.p50;
  };
  const warm = await p50({});
  const cold = await p50({ capacity: { ...basis.capacity, needed: { cpu: 9, memory: 0 } } });
  const pulled = await p50({ capacity: { ...basis.capacity, missingImages: ["an image"] } });
  const replayed = await p50({
    checkpoints: [
      { at: 0, tailRecords: 60_000 },
      { at: 0, tailRecords: 0 },
    ],
  });
  t.true(cold > warm + 60, `${cold} s after ${warm} s`);
  t.true(pulled > warm + 5, `${pulled} s after ${warm} s`);
  t.true(replayed > warm + 5, `${replayed} s after ${warm} s`);
  t.is(
    await p50({ capacity: { unknown: "no answer" } }),
    warm,
    "the check of the room says that nobody knows",
  );
  t.deepEqual(await forecastNow(outputsOf("dr"), { ...basis, behind: { unknown: "no answer" } }, 6, "aws"), {
    unknown: "no answer",
  });
});
