/** One look at the region that is active now: its endpoints, its cluster, its journal, and CloudWatch where there is one. */
import type { Region } from "../../components/model.ts";
import { createClients } from "../adapters/aws.ts";
import { AwsCalls } from "../adapters/aws-call.ts";
import { Endpoints } from "../adapters/endpoints.ts";
import type { GatewayPod } from "../adapters/kubernetes.ts";
import { silenceSeconds } from "../check/gather/region.ts";
import type { Deployment } from "../deployment.ts";
import { type Fact, fact, isUnknown } from "../fact.ts";
import { publicName, RegionWorld } from "../failover/world.ts";
import { systemClock } from "../runbook/clock.ts";
import type { Settings } from "../settings.ts";
import { Counters } from "./counters.ts";
import { Given } from "./given.ts";
import { Metrics } from "./metrics.ts";
import type { Sample, Zone } from "./sample.ts";

const LOOK_MILLISECONDS = 2_500;
/** Less than a look: an address that swallows everything is silent, not unknown. */
const PROBE_MILLISECONDS = 2_000;
/** At least, of one look: a proxy has one address for ever, and one answer in three may fail. */
const NEW_CLIENTS = 3;

export class Lookout {
  readonly #deployment: Deployment;
  readonly #settings: Settings;
  readonly #worlds: ReadonlyMap<Region, RegionWorld>;
  readonly #metrics: Metrics;
  readonly #given = new Given();
  #counters = new Counters();
  #counted: Region | undefined;
  #active: Region;

  constructor(deployment: Deployment, settings: Settings) {
    const { prod, dr } = deployment.stacks;
    this.#deployment = deployment;
    this.#settings = settings;
    const endpoints = new Endpoints([prod.region, dr.region, prod.regions.witness]);
    const clients = createClients(endpoints);
    this.#worlds = new Map(
      [prod, dr].map((outputs) => [outputs.region, new RegionWorld(outputs, clients, endpoints, settings)]),
    );
    this.#metrics = new Metrics(
      deployment.state,
      (region) => new AwsCalls(endpoints, clients[region].credentials, settings.awsEndpoint),
    );
    this.#active = prod.region;
  }

  async look(): Promise<Sample> {
    const at = Date.now();
    const active = await this.#decided();
    if (!isUnknown(active)) this.#active = active;
    const world = this.#world(this.#active);
    const other = this.#other(this.#active);
    const pods = fact(() => world.cluster.gateways(), LOOK_MILLISECONDS);
    const name = publicName(world.outputs, this.#settings.resolvers);
    const metrics = this.#metrics.at(at, world.outputs, other);
    const [served, zones, named, addresses, journalMilliseconds, heartbeatSeconds] = await Promise.all([
      pods.then((found) => this.#served(found)),
      pods.then((found) => (isUnknown(found) ? found : zonesOf(found))),
      fact(async () => {
        const given = await this.#given.at(systemClock.monotonic(), world.outputs.dns.ttlSeconds, name);
        const rounds = given.length === 0 ? 0 : Math.ceil(NEW_CLIENTS / given.length);
        const all = await name.reach(Array.from({ length: rounds }, () => given).flat());
        const served = all.filter(({ region }) => region !== null);
        const sum = served.reduce((total, { milliseconds }) => total + milliseconds, 0);
        return {
          region: served[0]?.region ?? null,
          ...{ served: served.length, of: all.length },
          milliseconds: served.length === 0 ? null : sum / served.length,
        };
      }, LOOK_MILLISECONDS),
      fact(async () => {
        const probes = await world.probesOf(world.outputs).addresses(PROBE_MILLISECONDS);
        return { answering: probes.filter(({ answered }) => answered === true).length, of: probes.length };
      }, LOOK_MILLISECONDS),
      fact(async () => {
        const began = performance.now();
        await world.journal.decision();
        return performance.now() - began;
      }, LOOK_MILLISECONDS),
      // Read in the other region: it must be seen from where a failover would go.
      fact(async () => {
        const heads = await other.journal.heads();
        return silenceSeconds(heads, Date.now());
      }, LOOK_MILLISECONDS),
    ]);
    const { lagSeconds, behindEvents, healthyHosts } = await metrics;
    return {
      at,
      active,
      name: named,
      served,
      zones,
      addresses,
      healthyHosts,
      lagSeconds,
      behindEvents,
      journalMilliseconds,
      heartbeatSeconds,
    };
  }

  #world(region: Region): RegionWorld {
    const world = this.#worlds.get(region);
    if (world === undefined) throw new Error(`${region} is in neither stack`);
    return world;
  }

  #other(region: Region): RegionWorld {
    const { prod, dr } = this.#deployment.stacks;
    return this.#world(region === prod.region ? dr.region : prod.region);
  }

  /** By whichever region answers. */
  async #decided(): Promise<Fact<Region>> {
    const asked = [...this.#worlds.values()].map(async ({ journal }) => (await journal.decision()).active);
    return await fact(() => Promise.any(asked), LOOK_MILLISECONDS);
  }

  #served(pods: Fact<readonly GatewayPod[]>): Sample["served"] {
    if (isUnknown(pods)) return pods;
    if (this.#counted !== this.#active) this.#counters = new Counters();
    this.#counted = this.#active;
    return this.#counters.since(pods);
  }
}

function zonesOf(pods: readonly GatewayPod[]): readonly Zone[] {
  return [...Map.groupBy(pods, ({ zone }) => zone)]
    .map(([zone, all]) => ({
      zone,
      ready: all.filter(({ ready, metrics }) => ready && !isUnknown(metrics)).length,
      gateways: all.length,
    }))
    .sort((a, b) => a.zone.localeCompare(b.zone));
}
