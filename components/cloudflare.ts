/**
 * Answers of the public name from Cloudflare: a proxied load balancer that follows its monitors, so that clients keep
 * one address and nothing is edited during a failover.
 *
 * A pool needs the addresses of its region, a load balancer the ids of its pools, and no stack reads the other's
 * state. So one stack owns balancer, monitor and both pools, whose origins are host names derived from config; each
 * stack owns the records behind its own. Until the other region is deployed its names do not resolve, and its pool is
 * unhealthy, which is the truth.
 * https://developers.cloudflare.com/load-balancing/understand-basics/pools/
 */
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { LoadBalancer } from "@pulumi/cloudflare/loadBalancer.js";
import { LoadBalancerMonitor } from "@pulumi/cloudflare/loadBalancerMonitor.js";
import { LoadBalancerPool } from "@pulumi/cloudflare/loadBalancerPool.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import type { Region } from "./model.ts";
import { originName, regionalName } from "./names.ts";
import { ACTIVE_PATH } from "./route53.ts";
import type { ZoneAddress } from "./traffic.ts";

export interface CloudflareArgs {
  readonly publicName: string;
  readonly zoneId: string;
  readonly cloudflareAccountId: string;
  readonly region: Region;
  /** Of this region. */
  readonly addresses: readonly ZoneAddress[];
  /** Whether this stack owns balancer, monitor and pools. */
  readonly ownsBalancer: boolean;
  /** In the order in which they are tried; an origin per zone. */
  readonly regions: readonly { readonly region: Region; readonly zones: number }[];
  readonly listenerPort: number;
  readonly healthCheck: { readonly intervalSeconds: number; readonly failureThreshold: number };
}

/** The shortest that Cloudflare serves for a record it does not proxy. */
const RECORD_TTL_SECONDS = 60;
const MONITOR_TIMEOUT_SECONDS = 5;
/**
 * Who judges an origin: a majority of three data centers for each region, a majority of the regions for all. Where
 * production and its standby are, and a third that breaks the tie. Naming none would mean every data center, which an
 * account needs Enterprise for; others have one region, and may buy more.
 * https://developers.cloudflare.com/load-balancing/monitors/#health-monitor-regions
 */
const CHECK_REGIONS = ["ENAM", "WNAM", "WEU"];

export class CloudflareAnswers extends ComponentResource {
  readonly #name: string;
  readonly #args: CloudflareArgs;

  constructor(name: string, args: CloudflareArgs, options?: ComponentResourceOptions) {
    super("trading-platform:components:CloudflareAnswers", name, {}, options);
    this.#name = name;
    this.#args = args;

    this.#records();
    if (args.ownsBalancer) this.#balancer();
    this.registerOutputs();
  }

  /** Per address: the origin's own name, and the name under which the region alone answers. */
  #records(): void {
    const { publicName, region, zoneId, addresses } = this.#args;
    for (const [n, { zone, elasticIp }] of addresses.entries()) {
      const names = { origin: originName(publicName, region, n), regional: regionalName(publicName, region) };
      for (const [label, recordName] of Object.entries(names)) {
        new DnsRecord(
          `${this.#name}-${label}-${zone}`,
          {
            zoneId,
            name: recordName,
            type: "A",
            content: elasticIp,
            ttl: RECORD_TTL_SECONDS,
            proxied: false,
          },
          { parent: this },
        );
      }
    }
  }

  #balancer(): void {
    const { publicName, cloudflareAccountId, zoneId, listenerPort, healthCheck, regions } = this.#args;
    const monitor = new LoadBalancerMonitor(
      this.#name,
      {
        accountId: cloudflareAccountId,
        type: "https",
        method: "GET",
        path: ACTIVE_PATH,
        port: listenerPort,
        header: { Host: [publicName] },
        expectedCodes: "200",
        interval: healthCheck.intervalSeconds,
        timeout: MONITOR_TIMEOUT_SECONDS,
        retries: 0,
        consecutiveDown: healthCheck.failureThreshold,
        consecutiveUp: 1,
      },
      { parent: this },
    );
    const pools = regions.map(({ region, zones }) => this.#pool(region, zones, monitor));
    const [first] = pools;
    if (first === undefined) throw new Error("a load balancer needs a pool");
    new LoadBalancer(
      this.#name,
      {
        zoneId,
        name: publicName,
        proxied: true,
        steeringPolicy: "off",
        defaultPools: pools.map((pool) => pool.id),
        // With no pool healthy the first is asked all the same, as Route 53 does: its gateways refuse orders.
        fallbackPool: first.id,
        sessionAffinity: "none",
      },
      { parent: this },
    );
  }

  #pool(region: Region, zones: number, monitor: LoadBalancerMonitor): LoadBalancerPool {
    const { publicName, cloudflareAccountId, listenerPort } = this.#args;
    return new LoadBalancerPool(
      `${this.#name}-${region}`,
      {
        accountId: cloudflareAccountId,
        name: `${publicName}-${region}`.replaceAll(".", "-"),
        monitor: monitor.id,
        checkRegions: CHECK_REGIONS,
        minimumOrigins: 1,
        origins: Array.from({ length: zones }, (_, n) => ({
          name: `${region}-${n}`,
          address: originName(publicName, region, n),
          port: listenerPort,
          weight: 1,
          enabled: true,
          header: { hosts: [publicName] },
        })),
      },
      { parent: this },
    );
  }
}
