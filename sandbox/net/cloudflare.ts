/** Cloudflare as its provider sees it: DNS records, and proxied load balancers with pools and monitors. */
import type { Behaviours, Properties } from "../cloud/behaviour.ts";
import { objects, strings } from "../cloud/lists.ts";
import { cloudId } from "../compute/subnets.ts";
import { monitorOf, originOf } from "./cloudflareInputs.ts";
import type { NameSource } from "./dns.ts";
import { Edge } from "./edge.ts";
import { type Monitor, Pool } from "./pool.ts";
import type { Answer } from "./recordSets.ts";
import { normalName } from "./route53.ts";

/** What `ttl: 1` (automatic) means, and the TTL of everything proxied. */
const AUTOMATIC_TTL_SECONDS = 300;

interface Balancer {
  readonly name: string;
  readonly pools: readonly string[];
  readonly fallback: string;
}

export class Cloudflare implements NameSource {
  readonly #zones: Readonly<Record<string, string>>;
  readonly #edge: Edge;
  readonly #edgeHost: string;
  readonly #records = new Map<string, Properties>();
  readonly #monitors = new Map<string, Monitor>();
  readonly #pools = new Map<string, Pool>();
  readonly #balancers = new Map<string, Balancer>();

  /** @param edgeHost the address that proxied names resolve to */
  constructor(zones: Readonly<Record<string, string>>, edgeHost: string) {
    this.#zones = zones;
    this.#edgeHost = edgeHost;
    this.#edge = new Edge(edgeHost, {
      pools: (host) => this.#poolsFor(host),
      resolve: (name) => this.answer(name, "A")?.values[0],
    });
  }

  readonly behaviours: Behaviours = {
    "cloudflare:index/dnsRecord:DnsRecord": {
      create: async (inputs, { urn }) => {
        const id = cloudId("record", urn);
        this.#requireZone(inputs);
        const twin = [...this.#records.values()].some((other) =>
          ["name", "type", "content"].every((key) => other[key] === inputs[key]),
        );
        if (twin) throw new Error(`An identical record already exists: ${String(inputs["name"])}`);
        this.#records.set(id, inputs);
        return { id };
      },
      update: async (id, _olds, news) => {
        this.#records.set(id, news);
        return {};
      },
      delete: async (id) => {
        this.#records.delete(id);
      },
    },
    "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor": {
      create: async (inputs, { urn }) => {
        const id = cloudId("monitor", urn);
        this.#monitors.set(id, monitorOf(inputs));
        return { id };
      },
      update: async (id, _olds, news) => {
        const monitor = monitorOf(news);
        this.#monitors.set(id, monitor);
        for (const pool of this.#pools.values()) if (pool.monitorId === id) pool.watch(monitor);
        return {};
      },
      delete: async (id) => {
        if ([...this.#pools.values()].some(({ monitorId }) => monitorId === id)) {
          throw new Error(`monitor ${id} is in use by a pool`);
        }
        this.#monitors.delete(id);
      },
    },
    "cloudflare:index/loadBalancerPool:LoadBalancerPool": {
      create: async (inputs, { urn }) => {
        const id = cloudId("pool", urn);
        this.#pools.set(id, this.#pool(inputs));
        return { id };
      },
      update: async (id, _olds, news) => {
        const replacement = this.#pool(news);
        this.#pools.get(id)?.close();
        this.#pools.set(id, replacement);
        await this.#follow();
        return {};
      },
      delete: async (id) => {
        const user = [...this.#balancers.values()].find(({ pools, fallback }) =>
          [...pools, fallback].includes(id),
        );
        if (user !== undefined) throw new Error(`pool ${id} is in use by load balancer ${user.name}`);
        this.#pools.get(id)?.close();
        this.#pools.delete(id);
      },
    },
    "cloudflare:index/loadBalancer:LoadBalancer": {
      create: async (inputs, { urn }) => {
        const id = cloudId("balancer", urn);
        this.#balancers.set(id, this.#balancer(inputs));
        await this.#follow();
        return { id };
      },
      update: async (id, _olds, news) => {
        this.#balancers.set(id, this.#balancer(news));
        await this.#follow();
        return {};
      },
      delete: async (id) => {
        this.#balancers.delete(id);
        await this.#follow();
      },
    },
  };

  answer(name: string, type: string): Answer | undefined {
    const proxied = { ttlSeconds: AUTOMATIC_TTL_SECONDS, values: [this.#edgeHost] };
    if (type === "A" && this.#balancerOf(name) !== undefined) return proxied;
    const records = this.#named(name).filter((record) => record["type"] === type);
    if (records.length === 0) return undefined;
    if (records.some((record) => record["proxied"] === true)) return proxied;
    const ttl = Math.min(...records.map((record) => Number(record["ttl"] ?? 1)));
    return {
      ttlSeconds: ttl === 1 ? AUTOMATIC_TTL_SECONDS : ttl,
      values: records.map((record) => String(record["content"])),
    };
  }

  has(name: string): boolean {
    return this.#named(name).length > 0 || this.#balancerOf(name) !== undefined;
  }

  /** Pool name → healthy, as the edge sees it. */
  health(): Readonly<Record<string, boolean>> {
    return Object.fromEntries([...this.#pools.values()].map((pool) => [pool.name, pool.healthy]));
  }

  async close(): Promise<void> {
    for (const pool of this.#pools.values()) pool.close();
    await this.#edge.close();
  }

  #named(name: string): readonly Properties[] {
    return [...this.#records.values()].filter((record) => normalName(record["name"]) === name);
  }

  #balancerOf(name: string): Balancer | undefined {
    return [...this.#balancers.values()].find((balancer) => balancer.name === name);
  }

  /** The pools in the order in which they are tried, the last resort at the end. */
  #poolsFor(
    host: string,
  ): { readonly ordered: readonly Pool[]; readonly fallback: Pool | undefined } | undefined {
    const balancer = this.#balancerOf(normalName(host));
    if (balancer === undefined) return undefined;
    return {
      ordered: balancer.pools.flatMap((id) => this.#pools.get(id) ?? []),
      fallback: this.#pools.get(balancer.fallback),
    };
  }

  #pool(inputs: Properties): Pool {
    const monitorId = inputs["monitor"];
    const monitor = typeof monitorId === "string" ? this.#monitors.get(monitorId) : undefined;
    if (monitorId !== undefined && monitor === undefined) {
      throw new Error(`pool ${String(inputs["name"])}: monitor ${String(monitorId)} does not exist`);
    }
    return new Pool(
      {
        name: String(inputs["name"]),
        enabled: inputs["enabled"] !== false,
        minimumOrigins: Number(inputs["minimumOrigins"] ?? 1),
        origins: objects(inputs["origins"]).map(originOf),
        monitorId: typeof monitorId === "string" ? monitorId : undefined,
        regions: Math.max(1, strings(inputs["checkRegions"]).length),
        resolve: (name) => this.answer(name, "A")?.values[0],
      },
      monitor,
    );
  }

  #balancer(inputs: Properties): Balancer {
    this.#requireZone(inputs);
    if (inputs["proxied"] !== true)
      throw new Error("the sandbox models proxied Cloudflare load balancers only");
    const steering = inputs["steeringPolicy"] ?? "off";
    if (steering !== "off" && steering !== "") {
      throw new Error(
        `steering policy ${String(steering)} is not modelled by the sandbox: use off (failover order)`,
      );
    }
    const [pools, fallback] = [strings(inputs["defaultPools"]), String(inputs["fallbackPool"])];
    for (const id of [...pools, fallback]) {
      if (!this.#pools.has(id))
        throw new Error(`load balancer ${String(inputs["name"])}: pool ${id} does not exist`);
    }
    return { name: normalName(inputs["name"]), pools, fallback };
  }

  #requireZone(inputs: Properties): void {
    const zone = this.#zones[String(inputs["zoneId"])];
    const name = normalName(inputs["name"]);
    if (zone === undefined)
      throw new Error(`Could not route to zone ${String(inputs["zoneId"])}: it does not exist`);
    if (name !== zone && !name.endsWith(`.${zone}`)) throw new Error(`${name} is not in zone ${zone}`);
  }

  /** The edge listens where the origins of the balancers' pools do: 443, and 8443 where ports below 1024 are not ours. */
  async #follow(): Promise<void> {
    const used = [...this.#balancers.values()].flatMap(({ pools }) =>
      pools.flatMap((id) => this.#pools.get(id) ?? []),
    );
    await this.#edge.listenOn(new Set(used.flatMap((pool) => pool.origins.map(({ port }) => port))));
  }
}
