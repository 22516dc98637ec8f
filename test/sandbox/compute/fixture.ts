/** A stand-in for the workload: a tiny HTTP server that can be told to misbehave, and what a region needs to run it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import type { Region, RegionTriple } from "../../../components/model.ts";
import type { Addresses } from "../../../sandbox/addresses.ts";
import type { Json, Placement, Properties } from "../../../sandbox/cloud/behaviour.ts";
import { type Compute, createCompute } from "../../../sandbox/compute/compute.ts";
import { ImageRegistry } from "../../../sandbox/compute/images.ts";
import type { Timings } from "../../../sandbox/compute/timings.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { Processes } from "../../../sandbox/processes.ts";
import { claimAddresses } from "../claim.ts";

export const REGIONS: RegionTriple = { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" };
export const ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"] as const;

/** Everything that takes Kubernetes minutes takes tenths of a second. */
export const QUICK: Timings = {
  tickMilliseconds: 20,
  nodeMonitorGraceMilliseconds: 300,
  autoscalerSyncMilliseconds: 300,
  backoffMilliseconds: { first: 200, most: 1_000 },
  jobBackoffMilliseconds: { first: 100, most: 1_000 },
};

type Teardown = Pick<ExecutionContext, "teardown">;

export interface World {
  readonly addresses: Addresses;
  readonly faults: Faults;
  readonly processes: Processes;
  readonly compute: Compute;
  readonly directory: string;
  /** Creates a resource as the provider would; the id is given back with the outputs. */
  create(
    type: string,
    inputs: Properties,
    region?: Placement["region"],
  ): Promise<Properties & { id: string }>;
}

export interface WorldParts {
  readonly timings?: Timings;
  readonly addresses?: Addresses;
  readonly faults?: Faults;
  /** By default a stand-in for the workload. */
  readonly images?: ImageRegistry;
  readonly environment?: Parameters<typeof createCompute>[0]["environment"];
}

export async function startWorld(
  t: Teardown,
  { timings = QUICK, addresses: claimed, faults = new Faults(), images, environment }: WorldParts = {},
): Promise<World> {
  const addresses = claimed ?? (await claimAddresses(t, REGIONS));
  const directory = mkdtempSync(join(tmpdir(), "sandbox-compute-"));
  const processes = new Processes(join(directory, "processes.jsonl"));
  const server = join(import.meta.dirname, "fixtureServer.ts");
  const standIn = () => new ImageRegistry([{ repository: "workload", command: [process.execPath, server] }]);
  const compute = createCompute({
    ...{ faults, addresses, regions: REGIONS, processes, images: images ?? standIn(), directory, timings },
    ...(environment && { environment }),
  });
  t.teardown(async () => {
    await compute.close();
    await processes.close();
    rmSync(directory, { recursive: true });
  });
  const create: World["create"] = async (type, inputs, region = "us-east-1") => {
    const behaviour = compute.behaviours[type];
    const urn = `urn:pulumi:prod::test::${type}::${JSON.stringify(inputs)}`;
    const outputs = await behaviour?.create?.(inputs, { region, type, urn });
    return { ...inputs, ...outputs, id: outputs?.id ?? "" };
  };
  return { addresses, faults, processes, compute, directory, create };
}

export interface ClusterParts extends WorldParts {
  readonly region?: Region;
  /** Each has a node. */
  readonly zones?: readonly string[];
  readonly instanceType?: string;
}

/** A cluster `exchange`, by default in us-east-1 with a node of four cores per zone, and the namespace `exchange`. */
export async function startCluster(
  t: Teardown,
  { region = REGIONS.primary, zones = ZONES, instanceType = "m7g.xlarge", ...parts }: ClusterParts = {},
): Promise<World> {
  const world = await startWorld(t, parts);
  await world.create("aws:eks/cluster:Cluster", { name: "exchange" }, region);
  for (const availabilityZone of zones) {
    const subnet = await world.create("aws:ec2/subnet:Subnet", { availabilityZone }, region);
    const group = {
      clusterName: "exchange",
      nodeGroupName: availabilityZone,
      subnetIds: [subnet.id],
      instanceTypes: [instanceType],
      scalingConfig: { desiredSize: 1, minSize: 1, maxSize: 1 },
    };
    await world.create("aws:eks/nodeGroup:NodeGroup", group, region);
  }
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "exchange" } };
  await world.create("kubernetes:core/v1:Namespace", namespace, region);
  return world;
}

const PROBE = { periodSeconds: 0.2, timeoutSeconds: 2, failureThreshold: 2 };

export interface DeploymentSettings {
  readonly replicas?: number;
  readonly image?: string;
  readonly cpu?: string;
  readonly env?: readonly Properties[];
  readonly spec?: Properties;
  readonly strategy?: Properties;
  readonly container?: Properties;
}

export function deployment(name: string, settings: DeploymentSettings = {}): Properties {
  const {
    replicas = 1,
    image = "workload@sha256:1",
    cpu = "100m",
    env = [],
    spec = {},
    strategy,
    container,
  } = settings;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "exchange" },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      ...(strategy === undefined ? {} : { strategy }),
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 2,
          tolerations: [
            {
              key: "node.kubernetes.io/unreachable",
              operator: "Exists",
              effect: "NoExecute",
              tolerationSeconds: 0.2,
            },
          ],
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "topology.kubernetes.io/zone",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: { app: name } },
            },
          ],
          containers: [
            {
              name,
              image,
              args: ["serve"],
              ports: [{ name: "http", containerPort: 8080 }],
              resources: { requests: { cpu } },
              readinessProbe: { httpGet: { path: "/ready", port: "http" }, ...PROBE },
              livenessProbe: {
                httpGet: { path: "/healthz", port: "http" },
                initialDelaySeconds: 0.5,
                ...PROBE,
              },
              env: [
                { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
                { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                { name: "PORT", value: "8080" },
                ...env,
              ],
              ...container,
            },
          ],
          ...spec,
        },
      },
    },
  };
}

/** The public door's, as the program deploys it: each zone's node leads to that zone's own pods. */
export const doorOf = (name: string, nodePort: number): Properties =>
  service(name, {
    type: "NodePort",
    externalTrafficPolicy: "Local",
    ports: [{ port: 8080, targetPort: "http", nodePort }],
  });

export const service = (name: string, spec: { readonly [key: string]: Json } = {}): Properties => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "exchange" },
  spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: "http" }], ...spec },
});

/** Looks again until it holds; bounded. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
) {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`15 s passed without: ${what}`);
    await sleep(25);
  }
}

/** Waits until a deployment has exactly this many available pods and no other. */
export async function settled({ compute }: World, name: string, count: number) {
  return await until(`${count} available pods of ${name}`, () => {
    const views = compute.cluster("us-east-1").views("exchange", name);
    return views.length === count && views.every(({ available }) => available) && views.map(({ pod }) => pod);
  });
}

export async function getJson(url: string): Promise<Record<string, unknown>> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000), headers: { connection: "close" } });
  return (await response.json()) as Record<string, unknown>;
}
