/**
 * Answers of the public name from Route 53: a failover pair, made beforehand, which follows health checks. Nothing here
 * is edited during a failover: Route 53's control plane is in us-east-1 and may be gone with it.
 * https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
 */
import { HealthCheck } from "@pulumi/aws/route53/healthCheck.js";
import { Record as DnsRecord } from "@pulumi/aws/route53/record.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import type { Region } from "./model.ts";
import { regionalName } from "./names.ts";
import type { ZoneAddress } from "./traffic.ts";

export interface Route53Args {
  readonly publicName: string;
  /** Existing zone, by id. */
  readonly zoneId: string;
  readonly region: Region;
  readonly failover: "PRIMARY" | "SECONDARY";
  readonly addresses: readonly ZoneAddress[];
  readonly ttlSeconds: number;
  readonly listenerPort: number;
  readonly healthCheck: { readonly intervalSeconds: number; readonly failureThreshold: number };
}

export const ACTIVE_PATH = "/active";

export class Route53Answers extends ComponentResource {
  constructor(name: string, args: Route53Args, options?: ComponentResourceOptions) {
    super("trading-platform:components:Route53Answers", name, {}, options);
    const { zoneId, publicName, region } = args;
    const regional = regionalName(publicName, region);

    // Weighted, not multivalue: what an alias may target is shown by AWS with weighted groups, while nothing says that
    // a multivalue group may be one. A dead zone's address leaves either way, without condemning its region.
    // https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-complex-configs.html
    const records = args.addresses.map(({ zone, elasticIp }) => {
      const check = new HealthCheck(
        `${name}-${zone}`,
        {
          type: "HTTPS",
          ipAddress: elasticIp,
          fqdn: publicName,
          port: args.listenerPort,
          resourcePath: ACTIVE_PATH,
          requestInterval: args.healthCheck.intervalSeconds,
          failureThreshold: args.healthCheck.failureThreshold,
          enableSni: true,
          tags: { Name: `${publicName} ${zone}` },
        },
        { parent: this },
      );
      return new DnsRecord(
        `${name}-${zone}`,
        {
          zoneId,
          name: regional,
          type: "A",
          setIdentifier: zone,
          weightedRoutingPolicies: [{ weight: 1 }],
          records: [elasticIp],
          ttl: args.ttlSeconds,
          healthCheckId: check.id,
        },
        { parent: this },
      );
    });
    new DnsRecord(
      name,
      {
        zoneId,
        name: publicName,
        type: "A",
        setIdentifier: region,
        failoverRoutingPolicies: [{ type: args.failover }],
        aliases: [{ name: regional, zoneId, evaluateTargetHealth: true }],
      },
      { parent: this, dependsOn: records },
    );
    this.registerOutputs();
  }
}
