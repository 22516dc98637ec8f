/** Which failovers are simulated: the deployment's own figures, or the program's defaults where nothing is deployed. */
import { DNS_PROVIDERS, type DnsProvider } from "../../components/model.ts";
import { SECTIONS } from "../../stacks/schema.ts";
import { type DeployedStack, loadDeployment, scaled } from "../deployment.ts";
import type { Settings } from "../settings.ts";
import { type Dns, GOS, type Go, type Setting, STANDBYS, type Standby } from "./model.ts";

export interface Wanted {
  readonly standby?: Standby | undefined;
  readonly go?: Go | undefined;
  readonly dns?: DnsProvider | undefined;
}

/** What does not vary between the settings. */
export type Size = Pick<Setting, "shards" | "pods" | "nodes" | "addresses">;
export interface Basis {
  readonly size: Size;
  readonly dns: Readonly<Record<DnsProvider, Dns>>;
  /** Where the figures come from, for a person. */
  readonly from: string;
}

/** Three zones of two nodes, four shards: what the repository's stack files say. */
const DEFAULT_SIZE: Size = { shards: 4, pods: 8, nodes: 6, addresses: 3 };
const ZONE = { name: "exchange.example.com", zoneId: "Z0123456789EXAMPLE" };
const CLOUDFLARE = { ...ZONE, zoneId: "0".repeat(32), cloudflareAccountId: "0".repeat(32) };

export function defaultDns(provider: DnsProvider): Dns {
  const config = SECTIONS.dns.parse({ provider, ...(provider === "route53" ? ZONE : CLOUDFLARE) });
  return {
    provider,
    ttlSeconds: config.provider === "route53" ? config.ttlSeconds : 0,
    healthCheckIntervalSeconds: config.healthCheck.intervalSeconds,
    failureThreshold: config.healthCheck.failureThreshold,
  };
}

const DEFAULTS: Basis = {
  size: DEFAULT_SIZE,
  dns: { route53: defaultDns("route53"), cloudflare: defaultDns("cloudflare") },
  from: "the program's defaults: nothing deployed was named by PULUMI_BACKEND_URL",
};

export function sizeOf(outputs: DeployedStack): Size {
  return {
    shards: outputs.shards,
    pods: scaled(outputs).reduce((sum, { replicas }) => sum + replicas, 0),
    nodes: DEFAULT_SIZE.nodes,
    addresses: outputs.elasticIps.length,
  };
}

/** @throws UsageError when PULUMI_BACKEND_URL names a state that has no such stacks */
export async function basisOf(settings: Settings): Promise<Basis> {
  if (settings.backendUrl === undefined) return DEFAULTS;
  const { dr } = (await loadDeployment(settings)).stacks;
  return {
    size: sizeOf(dr),
    dns: { ...DEFAULTS.dns, [dr.dns.provider]: dr.dns },
    from: `stack ${dr.stack} as deployed`,
  };
}

/** Every combination that is wanted, the least demanding last. */
export function settingsOf({ standby, go, dns }: Wanted, basis: Basis): readonly Setting[] {
  const all = <T>(wanted: T | undefined, of: readonly T[]) => (wanted === undefined ? of : [wanted]);
  return all(standby, STANDBYS).flatMap((standby_) =>
    all(go, GOS).flatMap((go_) =>
      all(dns, DNS_PROVIDERS).map((provider) => ({
        ...basis.size,
        standby: standby_,
        go: go_,
        dns: basis.dns[provider],
      })),
    ),
  );
}
