/**
 * A target group: nodes of attached scaling groups, each checked at the service's own port.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
 */
import { get } from "node:http";
import type { Cluster } from "../compute/cluster.ts";
import type { Node } from "../compute/nodes.ts";
import { Prober } from "../compute/probes.ts";
import type { Backend } from "./proxy.ts";

export interface TargetSettings {
  readonly port: number;
  readonly path: string;
  readonly checkPort: number;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Statuses that count, e.g. `200-399`. */
  readonly matcher: string;
  /** Connections to a target that turns unhealthy are reset. */
  readonly terminatesConnections: boolean;
}

interface Target {
  readonly node: Node;
  readonly prober: Prober;
  healthy: boolean;
}

export function matches(matcher: string, status: number): boolean {
  return matcher.split(",").some((part) => {
    const [low, high = low] = part.split("-").map(Number);
    return low !== undefined && high !== undefined && status >= low && status <= high;
  });
}

const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(Math.random() * items.length)];

export class TargetGroup {
  readonly #cluster: () => Cluster;
  readonly #unhealthy: (backendHosts: readonly string[]) => void;
  readonly #scalingGroups = new Set<string>();
  readonly #targets = new Map<string, Target>();
  #settings: TargetSettings;

  /** @param unhealthy told which addresses lost their target, when its connections are to be reset */
  constructor(
    settings: TargetSettings,
    cluster: () => Cluster,
    unhealthy: (backendHosts: readonly string[]) => void,
  ) {
    this.#settings = settings;
    this.#cluster = cluster;
    this.#unhealthy = unhealthy;
  }

  get attached(): readonly string[] {
    return [...this.#scalingGroups];
  }

  attach(scalingGroup: string): void {
    this.#scalingGroups.add(scalingGroup);
    this.#follow();
  }

  detach(scalingGroup: string): void {
    this.#scalingGroups.delete(scalingGroup);
    this.#follow();
  }

  change(settings: TargetSettings): void {
    this.#settings = settings;
    this.close();
    this.#follow();
  }

  healthyIn(zone: string): number {
    return [...this.#targets.values()].filter(({ node, healthy }) => healthy && node.zone === zone).length;
  }

  /** Node name → healthy. */
  health(): Readonly<Record<string, boolean>> {
    return Object.fromEntries([...this.#targets].map(([name, { healthy }]) => [name, healthy]));
  }

  /**
   * Where a connection that entered in this zone goes; cross-zone load balancing is off. With no healthy target in the
   * zone all of it are tried (routing failover, at its default threshold of one): the zone's address stays in the
   * answers of whoever does not use the load balancer's own DNS name. Undefined: nothing is registered there.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health.html
   */
  choose(zone: string): Backend | undefined {
    this.#follow();
    const here = [...this.#targets.values()].filter(({ node }) => node.zone === zone);
    const healthy = here.filter((target) => target.healthy);
    const target = pick(healthy.length > 0 ? healthy : here);
    if (target === undefined) return undefined;
    const backends = this.#cluster().services.nodePort(target.node.name, this.#settings.port);
    if (backends === undefined) return undefined;
    // kube-proxy drops what comes to a node without a local endpoint: neither answer nor refusal.
    return pick(backends) ?? { host: "", port: 0, place: zone, dead: () => true };
  }

  close(): void {
    for (const { prober } of this.#targets.values()) prober.stop();
    this.#targets.clear();
  }

  /** Targets are the scaling groups' nodes of the moment. */
  #follow(): void {
    const { nodes } = this.#cluster();
    const present = new Map(
      this.attached.flatMap((name) => nodes.inScalingGroup(name)).map((node) => [node.name, node]),
    );
    for (const [name, { prober }] of this.#targets) {
      if (present.has(name)) continue;
      prober.stop();
      this.#targets.delete(name);
    }
    for (const [name, node] of present)
      if (!this.#targets.has(name)) this.#targets.set(name, this.#watch(node));
  }

  #watch(node: Node): Target {
    const { intervalSeconds, unhealthyThreshold, healthyThreshold } = this.#settings;
    const timing = {
      // Targets are not checked in step.
      initialDelaySeconds: Math.random() * intervalSeconds,
      periodSeconds: intervalSeconds,
      failureThreshold: unhealthyThreshold,
      successThreshold: healthyThreshold,
    };
    const target: Target = {
      node,
      healthy: false,
      prober: new Prober(
        timing,
        false,
        () => this.#check(node),
        (healthy) => {
          target.healthy = healthy;
          if (healthy || !this.#settings.terminatesConnections) return;
          const pods = this.#cluster().pods.all.filter((pod) => pod.node === node.name);
          this.#unhealthy(pods.flatMap(({ ip }) => ip ?? []));
        },
      ),
    };
    return target;
  }

  #check(node: Node): Promise<boolean> {
    const { checkPort, path, timeoutSeconds, matcher } = this.#settings;
    const backend = pick(this.#cluster().services.nodePort(node.name, checkPort) ?? []);
    if (backend === undefined || backend.dead?.()) return Promise.resolve(false);
    return new Promise((resolve) => {
      const request = get(
        {
          host: backend.host,
          port: backend.port,
          path,
          agent: false,
          headers: { "user-agent": "ELB-HealthChecker/2.0" },
          signal: AbortSignal.timeout(timeoutSeconds * 1000),
        },
        (response) => {
          response.on("error", () => undefined).resume();
          resolve(matches(matcher, response.statusCode ?? 0));
        },
      );
      request.on("error", () => resolve(false));
    });
  }
}
