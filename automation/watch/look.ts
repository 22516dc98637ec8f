/** One look at the region that is active now: its endpoints, its cluster, its journal, and CloudWatch where there is one. */
import { z } from "zod";
import type { Region } from "../../components/model.ts";
import { createClients, type RegionClients } from "../adapters/aws.ts";
import { AwsCalls } from "../adapters/aws-call.ts";
import { Endpoints } from "../adapters/endpoints.ts";
import type { GatewayPod } from "../adapters/kubernetes.ts";
import { databaseLag } from "../check/gather/resources.ts";
import type { DeployedStack, Deployment } from "../deployment.ts";
import { type Fact, fact, isUnknown } from "../fact.ts";
import { publicName, RegionWorld } from "../failover/world.ts";
import type { Settings } from "../settings.ts";
import { Counters } from "./counters.ts";
import type { Sample, Zone } from "./sample.ts";

const LOOK_MILLISECONDS = 2_500;
/** CloudWatch's minutes do not change every second. */
const CLOUDWATCH_EVERY_MILLISECONDS = 15_000;

export class Lookout {
  readonly #deployment: Deployment;
  readonly #settings: Settings;
  readonly #endpoints: Endpoints;
  readonly #clients: Readonly<Record<Region, RegionClients>>;
  readonly #worlds: ReadonlyMap<Region, RegionWorld>;
  #counters = new Counters();
  #counted: Region | undefined;
  #active: Region;
  #metrics:
    | { readonly at: number; readonly lag: Sample["lag"]; readonly hosts: Sample["healthyHosts"] }
    | undefined;

  constructor(deployment: Deployment, settings: Settings) {
    const { prod, dr } = deployment.stacks;
    this.#deployment = deployment;
    this.#settings = settings;
    this.#endpoints = new Endpoints([prod.region, dr.region, prod.regions.witness]);
    this.#clients = createClients(this.#endpoints);
    this.#worlds = new Map(
      [prod, dr].map((outputs) => [
        outputs.region,
        new RegionWorld(outputs, this.#clients, this.#endpoints, settings),
      ]),
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
    const metrics = this.#cloudWatch(at, world.outputs, other.outputs);
    const [served, zones, named, addresses, journalMilliseconds, heartbeatSeconds] = await Promise.all([
      pods.then((found) => this.#served(found)),
      pods.then((found) => (isUnknown(found) ? found : zonesOf(found))),
      fact(async () => {
        const began = performance.now();
        const answers = await name.look();
        const heard = answers.filter(({ error }) => error === undefined);
        if (heard.length === 0) throw new Error(answers[0]?.error ?? "no resolver");
        const served = heard.find(({ region }) => region !== null);
        return { region: served?.region ?? null, milliseconds: performance.now() - began };
      }, LOOK_MILLISECONDS),
      fact(async () => {
        const probes = await world.probesOf(world.outputs).addresses();
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
        const times = heads.filter(({ seq }) => seq > 0).map(({ ts }) => ts);
        return times.length === 0 ? null : Math.max(0, Date.now() - Math.max(...times)) / 1000;
      }, LOOK_MILLISECONDS),
    ]);
    const { lag, hosts: healthyHosts } = await metrics;
    return {
      at,
      active,
      name: named,
      served,
      zones,
      addresses,
      healthyHosts,
      lag,
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

  async #cloudWatch(at: number, here: DeployedStack, there: DeployedStack) {
    const last = this.#metrics;
    if (last !== undefined && at - last.at < CLOUDWATCH_EVERY_MILLISECONDS) return last;
    const calls = (region: Region) =>
      new AwsCalls(this.#endpoints, this.#clients[region].credentials, this.#settings.awsEndpoint);
    const [lag, hosts] = await Promise.all([
      fact(async () => await this.#lag(calls(there.region), there, at), LOOK_MILLISECONDS),
      fact(async () => await this.#healthyHosts(calls(here.region), here, at), LOOK_MILLISECONDS),
    ]);
    const metrics = { at, lag, hosts };
    this.#metrics = metrics;
    return metrics;
  }

  /** Of the database, where it can be asked, in events; else as CloudWatch says. */
  async #lag(calls: AwsCalls, { region, databaseClusterId, shards }: DeployedStack, at: number) {
    const world = this.#world(region);
    const marks = await world.database.watermarks().catch(() => undefined);
    if (marks !== undefined) {
      const tails = await Promise.all(
        Array.from({ length: shards }, (_, shard) => world.journal.tail(shard, marks[shard] ?? undefined)),
      );
      const events = tails.reduce((sum, tail) => sum + (tail?.events ?? 0), 0);
      return { value: events, unit: "events" as const };
    }
    return { value: await databaseLag({ calls, region }, databaseClusterId, at), unit: "s" as const };
  }

  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html */
  async #healthyHosts(calls: AwsCalls, { region, stack }: DeployedStack, at: number) {
    const state = await this.#deployment.state.read(stack);
    const suffix = (type: string): string => {
      const found = state?.resources.find((one) => one.type === type)?.outputs["arnSuffix"];
      if (typeof found !== "string") throw new Error(`the state of ${stack} has no ${type}`);
      return found;
    };
    const dimensions = [
      { Name: "LoadBalancer", Value: suffix("aws:lb/loadBalancer:LoadBalancer") },
      { Name: "TargetGroup", Value: suffix("aws:lb/targetGroup:TargetGroup") },
    ];
    const zones = zoneNames(state?.resources ?? []);
    const answer = await calls.rpc("cloudwatch", region, "GetMetricData", {
      StartTime: Math.floor(at / 1000) - 300,
      EndTime: Math.ceil(at / 1000),
      ScanBy: "TimestampDescending",
      MetricDataQueries: zones.map((zone, index) => ({
        Id: `zone${index}`,
        MetricStat: {
          Metric: {
            Namespace: "AWS/NetworkELB",
            MetricName: "HealthyHostCount",
            Dimensions: [...dimensions, { Name: "AvailabilityZone", Value: zone }],
          },
          Period: 60,
          Stat: "Minimum",
        },
      })),
    });
    const { MetricDataResults } = metricAnswer.parse(answer);
    return Object.fromEntries(
      zones.map((zone, index) => [
        zone,
        MetricDataResults.find(({ Id }) => Id === `zone${index}`)?.Values[0] ?? 0,
      ]),
    );
  }
}

const metricAnswer = z.object({
  MetricDataResults: z.array(z.object({ Id: z.string(), Values: z.array(z.number()) })),
});

function zoneNames(
  resources: readonly { type: string; inputs: Readonly<Record<string, unknown>> }[],
): readonly string[] {
  const names = resources
    .filter(({ type }) => type === "aws:ec2/subnet:Subnet")
    .map(({ inputs }) => String(inputs["availabilityZone"]));
  return [...new Set(names)].sort();
}

function zonesOf(pods: readonly GatewayPod[]): readonly Zone[] {
  return [...Map.groupBy(pods, ({ zone }) => zone)]
    .map(([zone, all]) => ({ zone, ready: all.filter(({ ready }) => ready).length, gateways: all.length }))
    .sort((a, b) => a.zone.localeCompare(b.zone));
}
