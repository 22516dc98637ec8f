/** Which failovers are simulated: the project's own configuration, and what it leaves open in every combination. */
import { DNS_PROVIDERS, type DnsProvider } from "../../components/model.ts";
import type { Config, DnsConfig } from "../../stacks/config.ts";
import { SECTIONS } from "../../stacks/schema.ts";
import { AVERAGE_OF_PEAK, DEFAULT_DATABASE_GIGABYTES, estimate } from "../cost/estimate.ts";
import { readPrices } from "../cost/prices.ts";
import { type DeployedStack, scaled } from "../deployment.ts";
import { type Dns, GOS, type Go, type Setting, STANDBYS, type Standby } from "./model.ts";
import { FOUND_WITHIN_SECONDS, type RestoreSetting } from "./restore.ts";

export interface Wanted {
  readonly standby?: Standby | undefined;
  readonly go?: Go | undefined;
  readonly dns?: DnsProvider | undefined;
}

/** What does not vary between the settings. */
export type Size = Pick<Setting, "shards" | "pods" | "nodes" | "addresses">;
export interface Basis {
  readonly size: Size;
  /** The active region's database, with so many days of journal. */
  readonly restore: (journalDays: number) => RestoreSetting;
  readonly dns: Readonly<Record<DnsProvider, Dns>>;
  /** Dollars a month of the passive region's nodes, and of everything; null: a price is not known. */
  readonly cost: Readonly<Record<Standby, { readonly nodes: number | null; readonly all: number | null }>>;
}

/** A busy shard's records hold some sixty events, an idle one's a heartbeat: nobody's average is known. */
const RECORD_KILOBYTES = 4;
const SECONDS_PER_DAY = 86_400;

const ZONE = { name: "exchange.example.com", zoneId: "Z0123456789EXAMPLE" };
const CLOUDFLARE = { ...ZONE, zoneId: "0".repeat(32), cloudflareAccountId: "0".repeat(32) };

const dnsOf = (config: DnsConfig): Dns => ({
  provider: config.provider,
  ttlSeconds: config.provider === "route53" ? config.ttlSeconds : 0,
  healthCheckIntervalSeconds: config.healthCheck.intervalSeconds,
  failureThreshold: config.healthCheck.failureThreshold,
});

/** As the program would configure it when nothing is said. */
export const defaultDns = (provider: DnsProvider): Dns =>
  dnsOf(SECTIONS.dns.parse({ provider, ...(provider === "route53" ? ZONE : CLOUDFLARE) }));

export function basisOf(config: Config): Basis {
  const { dns, journal, services, cluster, network, database } = config;
  const zones = network.secondary.zones.length;
  const pods = Object.values(services)
    .filter(({ alwaysOn }) => !alwaysOn)
    .reduce((sum, { perShard, replicas }) => sum + replicas.min * (perShard ? journal.shards : 1), 0);
  const averageKilobytesPerSecond = journal.kilobytesPerSecond * AVERAGE_OF_PEAK;
  const recordsPerSecond = averageKilobytesPerSecond / RECORD_KILOBYTES;
  const { standbys } = estimate(config, readPrices(), {
    averageKilobytesPerSecond,
    databaseGigabytes: DEFAULT_DATABASE_GIGABYTES,
  });
  const costOf = (standby: Standby) => {
    const found = standbys.find((one) => one.standby === standby);
    return { nodes: found?.nodesMonthly ?? null, all: found?.totalMonthly ?? null };
  };
  return {
    size: {
      shards: journal.shards,
      pods,
      nodes: zones * cluster.nodesPerZone.min,
      addresses: zones,
    },
    restore: (journalDays) => ({
      shards: journal.shards,
      instances: database.instances.primary,
      records: recordsPerSecond * SECONDS_PER_DAY * journalDays,
      recordsToReplay: recordsPerSecond * FOUND_WITHIN_SECONDS,
      testedSeconds: null,
    }),
    dns: {
      route53: defaultDns("route53"),
      cloudflare: defaultDns("cloudflare"),
      [dns.provider]: dnsOf(dns),
    },
    cost: { warm: costOf("warm"), cold: costOf("cold") },
  };
}

/** Of a region as it is deployed. Nodes count only when none waits: two per zone are taken. */
export function sizeOf(outputs: DeployedStack): Size {
  return {
    shards: outputs.shards,
    pods: scaled(outputs).reduce((sum, { replicas }) => sum + replicas, 0),
    nodes: 2 * outputs.elasticIps.length,
    addresses: outputs.elasticIps.length,
  };
}

/** Every combination that is wanted, from the most to the least demanding. */
export function settingsOf(wanted: Wanted, { size, dns }: Pick<Basis, "size" | "dns">): readonly Setting[] {
  const all = <T>(one: T | undefined, of: readonly T[]) => (one === undefined ? of : [one]);
  return all(wanted.standby, STANDBYS).flatMap((standby) =>
    all(wanted.go, GOS).flatMap((go) =>
      all(wanted.dns, DNS_PROVIDERS).map((provider) => ({ ...size, standby, go, dns: dns[provider] })),
    ),
  );
}
