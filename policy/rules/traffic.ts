/** Traffic moves by itself, soon, and for reasons that the failing region has no part in. */
import type { ListenerArgs } from "@pulumi/aws/lb/listener.js";
import type { ClusterParameterGroupArgs } from "@pulumi/aws/rds/clusterParameterGroup.js";
import type { HealthCheckArgs } from "@pulumi/aws/route53/healthCheck.js";
import type { RecordArgs } from "@pulumi/aws/route53/record.js";
import type { LoadBalancerArgs } from "@pulumi/cloudflare/loadBalancer.js";
import type { LoadBalancerPoolArgs } from "@pulumi/cloudflare/loadBalancerPool.js";
import { isNotTrue, must, type ResourceRule, undecided, violation } from "../rule.ts";
import { at, listAt, step, UNKNOWN } from "../seen.ts";

/** For how long a resolver may send clients to a dead region after the answer has changed. */
export const MAXIMUM_TTL_SECONDS = 20;
const RECORD = "aws:route53/record:Record";
const ROUTING = [
  "failoverRoutingPolicies",
  "weightedRoutingPolicies",
  "latencyRoutingPolicies",
  "geolocationRoutingPolicies",
  "multivalueAnswerRoutingPolicy",
] as const;

export const shortTtl: ResourceRule = {
  name: "short-ttl",
  description: `Answers that a failover changes live at most ${MAXIMUM_TTL_SECONDS} seconds in a cache.`,
  of: "resource",
  check(r) {
    if (r.type === "cloudflare:index/loadBalancer:LoadBalancer") {
      // Behind the proxy clients keep one address; without it Cloudflare serves no TTL below 30 s.
      return must<LoadBalancerArgs>(
        r,
        "proxied",
        (proxied) => proxied === true,
        "set proxied: true: an answer that is not proxied stays cached too long",
      );
    }
    if (r.type !== RECORD) return [];
    const type = at<RecordArgs>(r, "type");
    const isRouted = ROUTING.some((policy) => at<RecordArgs>(r, policy) !== undefined);
    // An alias has no TTL of its own; proofs for certificates never change.
    const isAlias = at<RecordArgs>(r, "aliases") !== undefined;
    if (isAlias || !(type === "A" || type === "AAAA" || isRouted)) return [];
    return must<RecordArgs>(
      r,
      "ttl",
      (ttl) => Number(ttl) <= MAXIMUM_TTL_SECONDS,
      `set ttl to ${MAXIMUM_TTL_SECONDS} seconds or less (dns.ttlSeconds)`,
    );
  },
};

const HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck";
const FROM_OUTSIDE: ReadonlySet<unknown> = new Set([
  "HTTP",
  "HTTPS",
  "HTTP_STR_MATCH",
  "HTTPS_STR_MATCH",
  "TCP",
]);

/**
 * A check on a CloudWatch alarm keeps its last answer when the alarm's region dies, a routing control is changed
 * through a cluster, an inverted check is healthy when nobody answers.
 * https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
 */
export const healthFromOutside: ResourceRule = {
  name: "health-from-outside",
  description: "Health is asked of the endpoint from outside; answers that fail over depend on it.",
  of: "resource",
  check(r) {
    if (r.type === HEALTH_CHECK) {
      return [
        ...must<HealthCheckArgs>(
          r,
          "type",
          (type) => FROM_OUTSIDE.has(type),
          "check the endpoint itself (type HTTPS): an alarm or a calculated check depends on the region that fails",
        ),
        ...must<HealthCheckArgs>(
          r,
          "invertHealthcheck",
          isNotTrue,
          "remove invertHealthcheck: silence must mean unhealthy",
        ),
        ...must<HealthCheckArgs>(r, "disabled", isNotTrue, "remove disabled: a check that is off is healthy"),
      ];
    }
    if (r.type === "cloudflare:index/loadBalancerPool:LoadBalancerPool") {
      return at<LoadBalancerPoolArgs>(r, "monitor") === undefined
        ? [violation(r, "set monitor: a pool without one counts as healthy")]
        : [];
    }
    if (r.type !== RECORD || at<RecordArgs>(r, "failoverRoutingPolicies") === undefined) return [];
    const aliases = listAt<RecordArgs>(r, "aliases");
    if (aliases === UNKNOWN) return [undecided(r, "aliases")];
    const follows =
      at<RecordArgs>(r, "healthCheckId") !== undefined ||
      aliases.some((alias) => step(alias, "evaluateTargetHealth") === true);
    return follows ? [] : [violation(r, "set healthCheckId, or evaluateTargetHealth: true on its alias")];
  },
};

export const tlsForced: ResourceRule = {
  name: "tls-forced",
  description:
    "Clients speak TLS 1.2 or newer to the load balancer, and the database takes nothing without TLS.",
  of: "resource",
  check(r) {
    if (r.type === "aws:lb/listener:Listener") {
      return [
        ...must<ListenerArgs>(
          r,
          "protocol",
          (protocol) => protocol === "TLS" || protocol === "HTTPS",
          "set protocol: TLS (HTTPS on an application load balancer)",
        ),
        ...must<ListenerArgs>(
          r,
          "sslPolicy",
          (policy) => String(policy).startsWith("ELBSecurityPolicy-TLS13-1-"),
          "set sslPolicy to an ELBSecurityPolicy-TLS13-1-… policy",
        ),
      ];
    }
    if (r.type !== "aws:rds/clusterParameterGroup:ClusterParameterGroup") return [];
    const parameters = listAt<ClusterParameterGroupArgs>(r, "parameters");
    if (parameters === UNKNOWN) return [undecided(r, "parameters")];
    return parameters.some((one) => step(one, "name") === "rds.force_ssl" && step(one, "value") === "1")
      ? []
      : [violation(r, 'add the parameter rds.force_ssl with value "1"')];
  },
};
