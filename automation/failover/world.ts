/** The ports of a failover, made of the adapters for one target region. */
import type { Region } from "../../components/model.ts";
import { createClients, type RegionClients } from "../adapters/aws.ts";
import { GlobalDatabase } from "../adapters/database.ts";
import type { Endpoints } from "../adapters/endpoints.ts";
import { Gateway } from "../adapters/gateway.ts";
import { Journal } from "../adapters/journal.ts";
import { Cluster } from "../adapters/kubernetes.ts";
import { PublicName } from "../adapters/names.ts";
import { Probes } from "../adapters/probes.ts";
import type { DeployedStack } from "../deployment.ts";
import { messageOf } from "../errors.ts";
import type { Settings } from "../settings.ts";
import type { Flip } from "./ports.ts";

/** Everything that acts in one region. */
export class RegionWorld {
  readonly outputs: DeployedStack;
  readonly journal: Journal;
  readonly cluster: Cluster;
  readonly database: GlobalDatabase;
  readonly gateway: Gateway;
  readonly clients: RegionClients;
  readonly smokeToken: () => Promise<string>;

  constructor(
    outputs: DeployedStack,
    clients: Readonly<Record<Region, RegionClients>>,
    endpoints: Endpoints,
    settings: Settings,
  ) {
    const { region } = outputs;
    this.clients = clients[region];
    const { dynamodb, rds, credentials } = this.clients;
    endpoints.assert(region, "Kubernetes");
    this.outputs = outputs;
    this.journal = new Journal(
      {
        region,
        primary: outputs.regions.primary,
        table: outputs.journalTable,
        shards: outputs.shards,
        window: outputs.window,
      },
      dynamodb,
    );
    this.cluster = new Cluster({ ...outputs.cluster, region, namespace: outputs.namespace }, credentials);
    this.database = new GlobalDatabase(
      {
        region,
        globalClusterId: outputs.globalClusterId,
        clusterArn: outputs.databaseClusterArn,
        reader: outputs.databaseReader,
        name: outputs.name,
        shards: outputs.shards,
      },
      rds,
      credentials,
      settings.awsEndpoint === undefined,
    );
    this.smokeToken = once(() => this.cluster.smokeToken());
    this.gateway = new Gateway(region, listenerOf(outputs), this.smokeToken);
  }

  probesOf(other: DeployedStack): Probes {
    return new Probes(other.region, listenerOf(other), this.smokeToken);
  }

  /** The flip of this region's stack, by API. */
  async flip(
    { role, traffic, maintenance }: Flip,
    deployments: readonly { name: string; replicas: number }[],
  ): Promise<void> {
    if (traffic === undefined && maintenance === undefined) {
      if (role === "promoting") await this.cluster.scale(deployments);
      return;
    }
    const { region } = this.outputs;
    const standing = (await this.journal.control(region)) ?? this.outputs;
    await this.journal.setControl({
      region,
      traffic: traffic ?? standing.traffic,
      maintenance: maintenance ?? standing.maintenance,
    });
  }
}

const listenerOf = ({ elasticIps, listenerPort, regionalName }: DeployedStack) => ({
  addresses: elasticIps,
  port: listenerPort,
  serverName: regionalName,
});

export const publicName = ({ publicName: name, listenerPort }: DeployedStack, resolvers: readonly string[]) =>
  new PublicName(name, listenerPort, resolvers);

export function regionWorld(outputs: DeployedStack, endpoints: Endpoints, settings: Settings): RegionWorld {
  return new RegionWorld(outputs, createClients(endpoints), endpoints, settings);
}

/** The first region that knows; both are asked at once, and either may be dead. */
export async function firstOf<T>(
  worlds: readonly RegionWorld[],
  ask: (world: RegionWorld) => Promise<T>,
): Promise<T> {
  return await Promise.any(worlds.map(ask)).catch((error: unknown) => {
    throw error instanceof AggregateError ? new Error(error.errors.map(messageOf).join("; ")) : error;
  });
}

/** Remembers an answer, but not a failure. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}
