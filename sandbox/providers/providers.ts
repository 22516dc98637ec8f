/** The sandbox's Pulumi providers: what the real engine attaches to instead of AWS, Kubernetes and Cloudflare. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Region, RegionTriple } from "../../components/model.ts";
import type { Behaviours, Invocations } from "../cloud/behaviour.ts";
import type { Faults } from "../faults.ts";
import { AwsCloud } from "./aws/cloud.ts";
import { lookupsOf } from "./aws/lookups.ts";
import { BridgeProvider } from "./bridge/provider.ts";
import { CloudflareCloud } from "./cloudflare.ts";
import { KubernetesProvider } from "./kubernetes/provider.ts";
import { type Endpoint, serve } from "./protocol/server.ts";
import { reachThrough, UNREACHABLE_AFTER_MILLISECONDS } from "./reach.ts";
import { Registry } from "./registry.ts";

export interface ProvidersOptions {
  readonly faults: Faults;
  readonly regions: RegionTriple;
  /** Twelve digits; appears in every ARN. */
  readonly accountId: string;
  /** What acts, by type token; other types exist in the registry only. */
  readonly behaviours?: Behaviours;
  readonly invocations?: Invocations;
  /** Where the services behind the AWS API look too; default: one of its own. */
  readonly registry?: Registry;
  /** How long a request to a black-holed place waits. */
  readonly unreachableAfterMilliseconds?: number;
}

const NAMES = ["aws", "kubernetes", "cloudflare"] as const;
type Name = (typeof NAMES)[number];

const require = createRequire(import.meta.url);
const sdkVersion = (name: Name): string => {
  const file = require.resolve(`@pulumi/${name}/package.json`);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
};

const modelled: readonly string[] = [
  "the Pulumi engine is real, the providers behind it are re-implemented: what replaces a resource comes from CloudFormation's specification and reviewed overrides",
  "AWS resources that do nothing here exist in a registry only: identifiers, existence, documented constraints and deletion protection are checked; permissions, quotas, prices and creation times are not",
  "a lost us-east-1 takes along what AWS documents as controlled from there",
];

export class Providers {
  /** What of this is a model, in words. */
  readonly modelled = modelled;
  /** On 127.0.0.1. */
  readonly ports: Readonly<Record<Name, number>>;
  readonly registry: Registry;
  readonly #endpoints: readonly Endpoint[];

  private constructor(endpoints: Readonly<Record<Name, Endpoint>>, registry: Registry) {
    this.ports = {
      aws: endpoints.aws.port,
      kubernetes: endpoints.kubernetes.port,
      cloudflare: endpoints.cloudflare.port,
    };
    this.registry = registry;
    this.#endpoints = Object.values(endpoints);
  }

  static async start(options: ProvidersOptions): Promise<Providers> {
    const { behaviours = {}, accountId } = options;
    const registry = options.registry ?? new Registry();
    const invocations = { ...lookupsOf(registry), ...options.invocations };
    const patience = options.unreachableAfterMilliseconds ?? UNREACHABLE_AFTER_MILLISECONDS;
    const reach = reachThrough(options.faults, patience);
    const bridged = { behaviours, invocations, registry, reach };
    const [aws, kubernetes, cloudflare] = await Promise.all([
      serve(
        new BridgeProvider({
          ...bridged,
          cloud: new AwsCloud({ version: sdkVersion("aws"), accountId, regions: options.regions, registry }),
        }),
      ),
      serve(
        new KubernetesProvider({
          version: sdkVersion("kubernetes"),
          behaviours,
          registry,
          reach,
          clusterRegion: (server) => clusterRegion(registry, server),
        }),
      ),
      serve(
        new BridgeProvider({ ...bridged, cloud: new CloudflareCloud(sdkVersion("cloudflare"), registry) }),
      ),
    ]);
    return new Providers({ aws, kubernetes, cloudflare }, registry);
  }

  /** Value of `PULUMI_DEBUG_PROVIDERS` with which an engine attaches to these. */
  get debugProviders(): string {
    return NAMES.map((name) => `${name}:${this.ports[name]}`).join(",");
  }

  async close(): Promise<void> {
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
  }
}

function clusterRegion(registry: Registry, server: string): Region {
  const clusters = registry.list({ type: "aws:eks/cluster:Cluster" });
  const cluster = clusters.find(({ outputs }) => outputs["endpoint"] === server);
  if (cluster === undefined || cluster.region === "global") {
    throw new Error(`${server}: no such host: no EKS cluster in the sandbox has this endpoint`);
  }
  return cluster.region;
}
