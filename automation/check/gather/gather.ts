/** Gathers every fact at once, from all three regions: it is done in peace, and a silence costs seconds only. */
import type { Region, StackName } from "../../../components/model.ts";
import { deployedCommit } from "../../../stacks/commit.ts";
import { createClients } from "../../adapters/aws.ts";
import { AwsCalls } from "../../adapters/aws-call.ts";
import { Endpoints } from "../../adapters/endpoints.ts";
import { type DeployedStack, type Deployment, scaled } from "../../deployment.ts";
import { messageOf } from "../../errors.ts";
import { type Fact, fact, isUnknown } from "../../fact.ts";
import type { Decision } from "../../failover/decide.ts";
import type { ShardHead } from "../../failover/ports.ts";
import { publicName, RegionWorld } from "../../failover/world.ts";
import type { Settings } from "../../settings.ts";
import type { DrillRecord, ReadinessFacts } from "../facts.ts";
import { forecastNow } from "./forecast.ts";
import { loss } from "./loss.ts";
import { type DriftLook, driftOf, secretsRegion, stackFacts, stateRegion } from "./project.ts";
import { archivedAt, checkpointAge, databaseCluster, databaseMembers, journalTable } from "./region.ts";
import {
  type Asked,
  certificateOf,
  databaseLag,
  imagePresence,
  keyStates,
  lastRestoreTest,
  newestBackup,
  quotas,
} from "./resources.ts";

const ENGINE_MILLISECONDS = 120_000;
const LOSS_MILLISECONDS = 10_000;
const FORECAST_MILLISECONDS = ENGINE_MILLISECONDS + LOSS_MILLISECONDS;

export interface Sources {
  readonly deployment: Deployment;
  readonly settings: Settings;
  readonly signal: AbortSignal;
  readonly drills: () => Promise<readonly DrillRecord[]>;
  /** Violations of the policy pack, over both stacks. */
  readonly policy: () => Promise<readonly string[]>;
}

export async function gather({ deployment, settings, signal, ...sources }: Sources): Promise<ReadinessFacts> {
  const { stacks } = deployment;
  const { dr, prod } = stacks;
  const endpoints = new Endpoints([prod.region, dr.region, prod.regions.witness]);
  const clients = createClients(endpoints);
  const decision = await decisionOf([dr, prod], clients, endpoints, settings);
  // Unless a failover said otherwise, or nobody knows: the secondary is the passive one.
  const [passive, active] = !isUnknown(decision) && decision.active === dr.region ? [prod, dr] : [dr, prod];
  const world = new RegionWorld(passive, clients, endpoints, settings);
  const here = clients[passive.region];
  const calls = new AwsCalls(endpoints, here.credentials, settings.awsEndpoint);
  const name = publicName(passive, settings.resolvers);
  const at = Date.now();

  const state = deployment.state.read(passive.stack);
  state.catch(() => {});
  const asked = async (): Promise<Asked> => {
    const found = await state;
    if (found === undefined) throw new Error(`stack ${passive.stack} has no state`);
    return { calls, region: passive.region, resources: found.resources };
  };
  const heads = fact(() => world.journal.heads());
  const behind = fact(() => loss(world.journal, world.database), LOSS_MILLISECONDS);
  const capacity = fact(() => world.cluster.capacity(scaled(passive)));
  const checkpoints = mapped(heads, async (all) =>
    Promise.all(all.map((head) => checkpointAge(here, passive.checkpointBucket, head))),
  );
  const drift = driftOfBoth(passive.stack, (stack) => driftOf(settings, deployment.project, stack, signal));

  return await settled<ReadinessFacts>({
    at,
    regions: dr.regions,
    expected: {
      publicName: dr.publicName,
      ttlSeconds: dr.dns.ttlSeconds,
      addresses: { prod: prod.elasticIps, dr: dr.elasticIps },
      journalReplicas: [dr.regions.primary, dr.regions.secondary, dr.regions.witness],
    },
    head: deployedCommit(),
    stale: deployment.stale ?? null,
    decision,
    control: both((stack) => controlOf(world, stacks[stack].region)),
    stacks: both((stack) => stackFacts(deployment, stack)),
    journalTable: fact(() => journalTable(here, passive)),
    heartbeatSeconds: mapped(heads, async (all) => ageOf(all, at)),
    databaseMembers: fact(() => databaseMembers(here, passive)),
    database: settled({
      active: fact(() => databaseCluster(clients[active.region], active)),
      passive: fact(() => databaseCluster(here, passive)),
    }),
    databaseLagSeconds: fact(async () => {
      const measured = await behind;
      // Where the database itself can be asked, that is worth more than a metric of the last minute.
      if (!isUnknown(measured) && measured.seconds !== null) return measured.seconds;
      return await databaseLag({ calls, region: passive.region }, passive.databaseClusterId, at);
    }, LOSS_MILLISECONDS),
    capacity,
    alwaysOn: fact(() => alwaysOn(world)),
    images: fact(async () => imagePresence(await asked())),
    quotas: fact(async () => quotas(await asked())),
    smokeToken: fact(async () => (await world.cluster.smokeToken()) !== ""),
    keys: fact(async () => keyStates(await asked())),
    certificate: fact(async () => certificateOf(await asked())),
    answers: fact(() => name.records()),
    nameServers: fact(() => name.nameServers()),
    answering: both(async (stack) => {
      const probes = await world.probesOf(stacks[stack]).addresses();
      return { answering: probes.filter(({ answered }) => answered === true).length, of: probes.length };
    }),
    stateRegion: fact(async () => stateRegion(settings)),
    secretsRegion: fact(() => secretsRegion(settings, passive.stack)),
    drift: drift.then(({ prod: first, dr: second }) => ({ prod: changesOf(first), dr: changesOf(second) })),
    policy: fact(sources.policy, ENGINE_MILLISECONDS),
    checkpoints: mapped(checkpoints, async (all) => all.map(({ at: written }) => written)),
    archiveAt: mapped(heads, async (all) => {
      const times = await Promise.all(all.map((head) => archivedAt(here, passive.archiveBucket, head)));
      return times.some((time) => time === null) ? null : Math.min(...times.map(Number));
    }),
    backupAt: fact(async () => newestBackup(await asked())),
    restoreTest: fact(async () => lastRestoreTest(await asked())),
    drills: fact(sources.drills),
    forecast: fact(
      async () => forecastNow({ outputs: passive, settings, capacity, checkpoints, behind, drift }),
      FORECAST_MILLISECONDS,
    ),
  });
}

type Pair<T> = Readonly<Record<StackName, Fact<T>>>;

async function both<T>(ask: (stack: StackName) => Promise<T>): Promise<Pair<T>> {
  const [prod, dr] = await Promise.all([fact(() => ask("prod")), fact(() => ask("dr"))]);
  return { prod, dr };
}

/** One after the other: two engines at once would tell nothing of how quick one is. */
async function driftOfBoth(
  first: StackName,
  look: (stack: StackName) => Promise<DriftLook>,
): Promise<Pair<DriftLook>> {
  const looked = await fact(() => look(first), ENGINE_MILLISECONDS);
  const second = first === "dr" ? "prod" : "dr";
  const other = await fact(() => look(second), ENGINE_MILLISECONDS);
  return first === "dr" ? { dr: looked, prod: other } : { prod: looked, dr: other };
}

/** Of whichever region answers first: either may be lost. */
async function decisionOf(
  stacks: readonly DeployedStack[],
  clients: ReturnType<typeof createClients>,
  endpoints: Endpoints,
  settings: Settings,
): Promise<Fact<Decision>> {
  return await fact(() =>
    Promise.any(
      stacks.map((outputs) => new RegionWorld(outputs, clients, endpoints, settings).journal.decision()),
    ).catch((error: unknown) => {
      throw error instanceof AggregateError ? new Error(error.errors.map(messageOf).join("; ")) : error;
    }),
  );
}

const changesOf = (look: Fact<DriftLook>) => (isUnknown(look) ? look : look.drift);

/** What follows from a fact is as unknown as the fact. */
async function mapped<T, R>(from: Promise<Fact<T>>, next: (value: T) => Promise<R>): Promise<Fact<R>> {
  const value = await from;
  return isUnknown(value) ? value : await fact(() => next(value));
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

function ageOf(heads: readonly ShardHead[], now: number): number | null {
  const times = heads.filter(({ seq }) => seq > 0).map(({ ts }) => ts);
  return times.length === 0 ? null : Math.max(0, now - Math.max(...times)) / 1000;
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
