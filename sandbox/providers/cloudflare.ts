/** Cloudflare, as the `cloudflare` provider sees it: one global control plane, none of AWS' regions. */
import type { Region } from "../../components/model.ts";
import type { Properties } from "../cloud/behaviour.ts";
import { strings } from "../cloud/lists.ts";
import { hex } from "./aws/making.ts";
import { valuesAt } from "./aws/paths.ts";
import type { Cloud, ControlPlane, Target } from "./bridge/cloud.ts";
import { type Catalog, loadCatalog } from "./catalog/catalog.ts";
import type { Location, Registry } from "./registry.ts";

export class CloudflareCloud implements Cloud {
  readonly version: string;
  readonly catalog: Catalog = loadCatalog("cloudflare");

  readonly #registry: Registry;

  constructor(version: string, registry: Registry) {
    this.version = version;
    this.#registry = registry;
  }

  async configure(): Promise<void> {}

  /** The Cloudflare provider names nothing by itself. */
  named(): undefined {
    return undefined;
  }

  locate(): Location {
    return "global";
  }

  regionOf(): Region {
    throw new Error("cloudflare: the sandbox has no data sources of Cloudflare");
  }

  controlPlanes(): ControlPlane[] {
    return [{ place: "cloudflare" }];
  }

  conceive() {
    const now = new Date().toISOString();
    return { id: hex(32), outputs: { createdOn: now, modifiedOn: now } };
  }

  derive() {
    return {};
  }

  normalise(_type: string, _property: string, text: string): string {
    return text;
  }

  validate({ type }: Target, inputs: Properties, before: Properties | undefined): void {
    checkReferences(this.#registry, type, inputs);
    const broken = RULES[type]?.(inputs);
    if (broken !== undefined) throw new Error(broken);
    if (type !== RECORD || before !== undefined) return;
    const same = this.#registry
      .list({ type: RECORD })
      .find((entry) =>
        ["zoneId", "name", "type", "content"].every((key) => entry.inputs[key] === inputs[key]),
      );
    if (same) throw new Error(`400: An identical record already exists: ${same.id}`);
  }

  mayDelete({ type }: Target, id: string): void {
    const user = this.#registry
      .list()
      .find((entry) =>
        REFERENCES[entry.type]?.some(([path, to]) => to === type && named(entry.inputs, path).includes(id)),
      );
    if (user) throw new Error(`412: ${type} ${id} is in use by ${user.type} ${user.id}`);
  }
}

const RECORD = "cloudflare:index/dnsRecord:DnsRecord";
const POOL = "cloudflare:index/loadBalancerPool:LoadBalancerPool";
const MONITOR = "cloudflare:index/loadBalancerMonitor:LoadBalancerMonitor";

/** By type: which property (dotted, `*` for each element) names what. */
const REFERENCES: Readonly<Record<string, readonly (readonly [path: string, to: string])[]>> = {
  "cloudflare:index/loadBalancer:LoadBalancer": [
    ["defaultPools.*", POOL],
    ["fallbackPool", POOL],
  ],
  [POOL]: [["monitor", MONITOR]],
};

const named = (inputs: Properties, path: string): readonly unknown[] => valuesAt(inputs, path.split("."));

function checkReferences(registry: Registry, type: string, inputs: Properties): void {
  for (const [path, to] of REFERENCES[type] ?? []) {
    for (const id of named(inputs, path)) {
      if (registry.get(to, "global", String(id)) === undefined) {
        throw new Error(`400: ${path} of ${type} names ${String(id)}, which does not exist`);
      }
    }
  }
}

/** What Cloudflare documents of its types; each returns what is wrong. */
const RULES: Readonly<Record<string, (inputs: Properties) => string | undefined>> = {
  // https://developers.cloudflare.com/dns/manage-dns-records/reference/ttl/
  [RECORD]: ({ ttl }) =>
    typeof ttl === "number" && ttl !== 1 && (ttl < 30 || ttl > 86_400)
      ? `400: TTL must be 1 (automatic) or between 60 and 86400 seconds, or 30 seconds for Enterprise zones: ${ttl}`
      : undefined,
  // Without regions every data center would probe, which is Enterprise's alone.
  // https://github.com/cloudflare/cloudflare-go/pull/162
  [POOL]: ({ monitor, checkRegions }) =>
    monitor !== undefined && strings(checkRegions).length === 0
      ? "400: Probing from every data centre is not allowed with this subscription. Please choose regions to probe from.: validation failed"
      : undefined,
  // https://developers.cloudflare.com/load-balancing/monitors/create-monitor/
  [MONITOR]: ({ interval, timeout, retries }) => {
    const [every, limit, again] = [Number(interval ?? 60), Number(timeout ?? 5), Number(retries ?? 2)];
    if (every < 5 || every > 3600)
      return `400: interval is ${every}: Cloudflare probes every 5 to 3600 seconds`;
    return limit * (again + 1) > every
      ? `400: ${again + 1} attempts of ${limit} s each do not fit into an interval of ${every} s`
      : undefined;
  },
};
