/** Load balancers, Elastic IPs, DNS, health checks and the Cloudflare edge. */
import type { Region } from "../../components/model.ts";
import type { Addresses } from "../addresses.ts";
import type { Service } from "../cloud/behaviour.ts";
import type { Compute } from "../compute/compute.ts";
import type { Faults } from "../faults.ts";
import { Cloudflare } from "./cloudflare.ts";
import { DnsServer } from "./dns.ts";
import { ElasticIps, type Traffic } from "./elasticIps.ts";
import { LoadBalancers } from "./nlb.ts";
import { type Propagation, Route53 } from "./route53.ts";

export type { Traffic } from "./elasticIps.ts";

const modelled: readonly string[] = [
  "network load balancers are TCP proxies that end no TLS: what would be HTTPS is plain HTTP; security groups are not enforced",
  "Route 53's health checks come from sixteen checkers that are evenly out of step; its alias, failover, weighted and multivalue rules are re-implemented",
  "record edits are served after 1 s and health changes after 1 s (really: up to 60 s, and a few seconds)",
  "Cloudflare is one HTTP reverse proxy on one address, monitored from three data centers of each region that the pool names, evenly out of step; a request is never tried twice",
];

const DEFAULT_PROPAGATION: Propagation = { recordMilliseconds: 1_000, healthMilliseconds: 1_000 };

export interface NetworkOptions {
  readonly faults: Faults;
  readonly addresses: Addresses;
  readonly compute: Compute;
  /** Existing zones, Route 53's and Cloudflare's: id → domain, e.g. `Z0123` → `example.com`. */
  readonly zones: Readonly<Record<string, string>>;
  readonly propagation?: Propagation;
}

export interface Network extends Service {
  /** What of this is a model, in words. */
  readonly modelled: readonly string[];
  readonly loadBalancers: LoadBalancers;
  readonly route53: Route53;
  readonly cloudflare: Cloudflare;
  /** By Elastic IP, e.g. `127.3.10.11`. */
  traffic(region: Region): Readonly<Record<string, Traffic>>;
}

/** Rejects when the DNS address is taken. */
export async function createNetwork(options: NetworkOptions): Promise<Network> {
  const { faults, addresses, compute, zones } = options;
  const elasticIps = new ElasticIps(addresses);
  const loadBalancers = new LoadBalancers({ faults, compute, elasticIps });
  const route53 = new Route53(zones, options.propagation ?? DEFAULT_PROPAGATION);
  const cloudflare = new Cloudflare(zones, addresses.cloudflareEdge(0).host);
  const dns = await DnsServer.listen(
    addresses.dns,
    [...new Set(Object.values(zones))],
    [route53, cloudflare],
  );
  return {
    modelled,
    loadBalancers,
    route53,
    cloudflare,
    behaviours: {
      ...elasticIps.behaviours,
      ...loadBalancers.behaviours,
      ...route53.behaviours,
      ...cloudflare.behaviours,
    },
    traffic: (region) => Object.fromEntries(elasticIps.in(region).map((ip) => [ip.host, ip.traffic])),
    close: async () => {
      route53.close();
      await Promise.all([loadBalancers.close(), cloudflare.close(), dns.close()]);
    },
  };
}
