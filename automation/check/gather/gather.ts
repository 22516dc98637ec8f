/** Gathers every fact, from all three regions: it is done in peace, and a silence costs seconds only. */
import type { Region, StackName } from "../../../components/model.ts";
import { deployedCommit } from "../../../stacks/commit.ts";
import { type Fact, fact, isUnknown } from "../../fact.ts";
import { publicName, type RegionWorld } from "../../failover/world.ts";
import type { Place } from "../../simulate/latencies.ts";
import type { DrillRecord, ReadinessFacts } from "../facts.ts";
import { activeDatabase, type Basis, forecastNow, gatherBasis, planSeconds } from "./forecast.ts";
import { driftOf, secretsRegion, stackFacts, stateRegion } from "./project.ts";
import { archivedAt, databaseCluster, databaseMembers, journalTable, silenceSeconds } from "./region.ts";
import {
  certificateOf,
  databaseLag,
  imagePresence,
  keyStates,
  lastRestoreTests,
  newestBackups,
  quotas,
} from "./resources.ts";
import type { Subject } from "./subject.ts";

const ENGINE_MILLISECONDS = 120_000;

export interface Sources {
  readonly drills: () => Promise<readonly DrillRecord[]>;
  /** Violations of the policy pack, over both stacks. */
  readonly policy: () => Promise<readonly string[]>;
}

export async function gather(
  subject: Subject,
  sources: Sources,
  signal: AbortSignal,
): Promise<ReadinessFacts> {
  const database = activeDatabase(subject);
  const [quick, basis] = await Promise.all([
    quickFacts(subject, sources, database),
    gatherBasis(subject, database),
  ]);
  // Only now: engine and program take the whole process, and one after the other as much as both at once.
  const { passive, settings, deployment } = subject;
  const plan = await planSeconds(subject, signal);
  const look = (stack: StackName) =>
    fact(() => driftOf(settings, deployment.project, stack, signal), ENGINE_MILLISECONDS);
  return {
    ...quick,
    heartbeatSeconds: isUnknown(basis.heads) ? basis.heads : silenceSeconds(basis.heads, quick.at),
    databaseLagSeconds: await lag(subject, basis, quick.at),
    capacity: basis.capacity,
    checkpoints: basis.checkpoints,
    archiveAt: await archive(subject, basis),
    forecast: await forecastNow(passive, basis, plan, placeOf(subject)),
    drift: { dr: await look("dr"), prod: await look("prod") },
    policy: await fact(sources.policy, ENGINE_MILLISECONDS),
  };
}

export const placeOf = ({ settings }: Subject): Place =>
  settings.awsEndpoint === undefined ? "aws" : "sandbox";

type Slow =
  | "heartbeatSeconds"
  | "databaseLagSeconds"
  | "capacity"
  | "checkpoints"
  | "archiveAt"
  | "forecast"
  | "drift"
  | "policy";

function quickFacts(
  subject: Subject,
  { drills }: Sources,
  database: ReturnType<typeof activeDatabase>,
): Promise<Omit<ReadinessFacts, Slow>> {
  const { deployment, settings, decision, passive, active, clients, world, production, asked } = subject;
  const { stacks } = deployment;
  const here = clients[passive.region];
  const name = publicName(passive, settings.resolvers);
  return settled<Omit<ReadinessFacts, Slow>>({
    at: Date.now(),
    regions: passive.regions,
    expected: {
      publicName: passive.publicName,
      ttlSeconds: passive.dns.ttlSeconds,
      addresses: { prod: stacks.prod.elasticIps, dr: stacks.dr.elasticIps },
      journalReplicas: Object.values(passive.regions),
    },
    head: deployedCommit(),
    stale: deployment.stale ?? null,
    decision,
    control: both((stack) => controlOf(world, stacks[stack].region)),
    stacks: both((stack) => stackFacts(deployment, stack)),
    journalTable: fact(() => journalTable(here, passive)),
    databaseMembers: fact(() => databaseMembers(here, passive)),
    database: settled({
      active: database,
      passive: fact(() => databaseCluster(here, passive)),
    }),
    productionCapacity: fact(async () => {
      const running = await production.cluster.deployments();
      return await world.cluster.capacity(running.map(({ name, desired }) => ({ name, replicas: desired })));
    }),
    alwaysOn: fact(() => alwaysOn(world)),
    images: fact(async () => imagePresence(await asked())),
    quotas: fact(async () => quotas(await asked())),
    smokeToken: fact(async () => (await world.cluster.smokeToken()) !== ""),
    keys: fact(async () => keyStates(await asked())),
    certificates: settled({
      active: fact(async () => certificateOf(await asked(active))),
      passive: fact(async () => certificateOf(await asked())),
    }),
    answers: fact(() => name.records()),
    nameServers: fact(() => name.nameServers()),
    answering: both(async (stack) => {
      const probes = await world.probesOf(stacks[stack]).addresses();
      return { answering: probes.filter(({ answered }) => answered === true).length, of: probes.length };
    }),
    stateRegion: fact(async () => stateRegion(settings)),
    secretsRegion: fact(() => secretsRegion(settings, passive.stack)),
    backups: fact(async () => newestBackups(await asked())),
    restoreTests: fact(async () => lastRestoreTests(await asked())),
    drills: fact(drills),
  });
}

async function both<T>(ask: (stack: StackName) => Promise<T>): Promise<Readonly<Record<StackName, Fact<T>>>> {
  const [prod, dr] = await Promise.all([fact(() => ask("prod")), fact(() => ask("dr"))]);
  return { prod, dr };
}

/** All at once. */
async function settled<T extends object>(
  questions: {
    readonly [K in keyof T]: T[K] | Promise<T[K]>;
  },
): Promise<T> {
  const entries = Object.entries(questions).map(async ([key, value]) => [key, await value] as const);
  return Object.fromEntries(await Promise.all(entries)) as T;
}

/** Both regions' items are in the one table. */
async function controlOf({ journal }: RegionWorld, region: Region) {
  const item = await journal.control(region);
  if (item === undefined) throw new Error(`there is no control item for ${region}`);
  return { traffic: item.traffic, maintenance: item.maintenance };
}

/** Where the database itself can be asked, that is worth more than a metric of the last minute. */
async function lag({ calls, passive }: Subject, { behind }: Basis, now: number): Promise<Fact<number>> {
  if (!isUnknown(behind) && behind.seconds !== null) return behind.seconds;
  const { region, databaseClusterId } = passive;
  return await fact(() => databaseLag({ calls, region }, databaseClusterId, now));
}

async function archive({ clients, passive }: Subject, { heads }: Basis): Promise<Fact<number | null>> {
  if (isUnknown(heads)) return heads;
  return await fact(async () => {
    const here = clients[passive.region];
    const times = await Promise.all(heads.map((head) => archivedAt(here, passive.archiveBucket, head)));
    return times.some((time) => time === null) ? null : Math.min(...times.map(Number));
  });
}

async function alwaysOn({ cluster, outputs }: RegionWorld) {
  const running = await cluster.deployments();
  return outputs.deployments
    .filter((one) => one.alwaysOn)
    .map(({ name, replicas }) => ({
      name,
      ready: running.find((one) => one.name === name)?.ready ?? 0,
      wanted: replicas,
    }));
}
