/** What is asked less often than each second: replication lag, and targets as CloudWatch counts them. */
import { z } from "zod";
import type { Region } from "../../components/model.ts";
import type { AwsCalls } from "../adapters/aws-call.ts";
import type { StateResource, StateStore } from "../adapters/state.ts";
import { databaseLag } from "../check/gather/resources.ts";
import type { DeployedStack } from "../deployment.ts";
import { fact } from "../fact.ts";
import type { RegionWorld } from "../failover/world.ts";
import type { Sample } from "./sample.ts";

const EVERY_MILLISECONDS = 5_000;
const LOOK_MILLISECONDS = 2_500;

export type SlowMetrics = Pick<Sample, "lagSeconds" | "behindEvents" | "healthyHosts">;

export class Metrics {
  readonly #state: StateStore;
  readonly #calls: (region: Region) => AwsCalls;
  #last: { readonly at: number; readonly metrics: SlowMetrics } | undefined;

  constructor(state: StateStore, calls: (region: Region) => AwsCalls) {
    this.#state = state;
    this.#calls = calls;
  }

  /** @param active as deployed @param passive where the database's replica is */
  async at(now: number, active: DeployedStack, passive: RegionWorld): Promise<SlowMetrics> {
    if (this.#last !== undefined && now - this.#last.at < EVERY_MILLISECONDS) return this.#last.metrics;
    const { region, databaseClusterId } = passive.outputs;
    const [lagSeconds, behindEvents, healthyHosts] = await Promise.all([
      fact(
        () => databaseLag({ calls: this.#calls(region), region }, databaseClusterId, now),
        LOOK_MILLISECONDS,
      ),
      fact(() => behind(passive), LOOK_MILLISECONDS),
      fact(() => this.#healthyHosts(active, now), LOOK_MILLISECONDS),
    ]);
    this.#last = { at: now, metrics: { lagSeconds, behindEvents, healthyHosts } };
    return this.#last.metrics;
  }

  /** https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html */
  async #healthyHosts({ region, stack }: DeployedStack, now: number) {
    const resources = (await this.#state.read(stack))?.resources ?? [];
    const dimensions = [
      { Name: "LoadBalancer", Value: suffixOf(resources, "aws:lb/loadBalancer:LoadBalancer") },
      { Name: "TargetGroup", Value: suffixOf(resources, "aws:lb/targetGroup:TargetGroup") },
    ];
    const zones = zonesOf(resources);
    const answer = await this.#calls(region).rpc("cloudwatch", region, "GetMetricData", {
      StartTime: Math.floor(now / 1000) - 300,
      EndTime: Math.ceil(now / 1000),
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
    return countsOf(answer, zones);
  }
}

/** Events that the passive database has not applied. */
async function behind({ outputs, database, journal }: RegionWorld): Promise<number> {
  const marks = await database.watermarks();
  if (marks === undefined) throw new Error("the passive database cannot be asked from here");
  const tails = await Promise.all(
    Array.from({ length: outputs.shards }, (_, shard) => journal.tail(shard, marks[shard] ?? undefined)),
  );
  return tails.reduce((sum, tail) => {
    if (tail === undefined) throw new Error("the replica holds what is not in the valid journal");
    return sum + tail.events;
  }, 0);
}

const metricAnswer = z.object({
  MetricDataResults: z.array(z.object({ Id: z.string(), Values: z.array(z.number()) })),
});

/** A zone that CloudWatch says nothing of has no target; one that says nothing of any has no data. Exported for tests. */
export function countsOf(answer: unknown, zones: readonly string[]): Readonly<Record<string, number>> {
  const { MetricDataResults } = metricAnswer.parse(answer);
  const counts = zones.map(
    (_, index) => MetricDataResults.find(({ Id }) => Id === `zone${index}`)?.Values[0],
  );
  if (counts.every((count) => count === undefined)) {
    throw new Error("CloudWatch counted no targets, of no zone, in the last five minutes");
  }
  return Object.fromEntries(zones.map((zone, index) => [zone, counts[index] ?? 0]));
}

function suffixOf(resources: readonly StateResource[], type: string): string {
  const found = resources.find((one) => one.type === type)?.outputs["arnSuffix"];
  if (typeof found !== "string") throw new Error(`the state has no ${type}`);
  return found;
}

function zonesOf(resources: readonly StateResource[]): readonly string[] {
  const names = resources
    .filter(({ type }) => type === "aws:ec2/subnet:Subnet")
    .map(({ inputs }) => String(inputs["availabilityZone"]));
  return [...new Set(names)].sort();
}
