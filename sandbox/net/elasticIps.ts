/** Elastic IPs: which zone's load balancer address each one is, and what arrived there. */
import type { Region } from "../../components/model.ts";
import type { Addresses } from "../addresses.ts";
import type { Behaviours, Json } from "../cloud/behaviour.ts";
import { cloudId } from "../compute/subnets.ts";

/** What arrived at one address since it was allocated. Times are Unix milliseconds, null: never. */
export interface Traffic {
  readonly connections: number;
  /** Requests, health checks apart. */
  readonly requests: number;
  /** Requests for `/active`: health checkers and monitors, wherever they are. */
  readonly probes: number;
  readonly lastRequestAt: number | null;
}

const REQUEST_LINE = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\S+) HTTP\/1\.[01]\r\n/;
const PROBE = /^\/active(?:\?|$)/;
const LONGEST_REQUEST_LINE = 256;

export class ElasticIp {
  readonly host: string;
  readonly region: Region;
  readonly #counts = { connections: 0, requests: 0, probes: 0, lastRequestAt: null as number | null };

  constructor(host: string, region: Region) {
    this.host = host;
    this.region = region;
  }

  get traffic(): Traffic {
    return { ...this.#counts };
  }

  countConnection(): void {
    this.#counts.connections++;
  }

  /** Looks for a request at the beginning of what came in: clients that do not pipeline send each by itself. */
  countData(chunk: Buffer): void {
    const match = REQUEST_LINE.exec(chunk.toString("latin1", 0, LONGEST_REQUEST_LINE));
    if (match === null) return;
    if (PROBE.test(match[1] ?? "")) {
      this.#counts.probes++;
    } else {
      this.#counts.requests++;
      this.#counts.lastRequestAt = Date.now();
    }
  }
}

export class ElasticIps {
  readonly #addresses: Addresses;
  readonly #allocated = new Map<string, ElasticIp>();

  constructor(addresses: Addresses) {
    this.#addresses = addresses;
  }

  readonly behaviours: Behaviours = {
    "aws:ec2/eip:Eip": {
      create: async (_inputs, { region, type, urn }) => {
        if (region === "global") throw new Error(`${type} has no region`);
        const id = cloudId("eipalloc", urn);
        const ip = new ElasticIp(this.#free(region), region);
        this.#allocated.set(id, ip);
        return { id, allocationId: id, publicIp: ip.host };
      },
      delete: async (id) => {
        this.#allocated.delete(id);
      },
    },
  };

  get(allocationId: Json | undefined): ElasticIp {
    const ip = typeof allocationId === "string" ? this.#allocated.get(allocationId) : undefined;
    if (ip === undefined) {
      throw new Error(`AllocationIdNotFound: The allocation ID '${String(allocationId)}' does not exist`);
    }
    return ip;
  }

  in(region: Region): readonly ElasticIp[] {
    return [...this.#allocated.values()].filter((ip) => ip.region === region);
  }

  #free(region: Region): string {
    const taken = new Set(this.in(region).map(({ host }) => host));
    let n = 0;
    while (taken.has(this.#addresses.elasticIp(region, n))) n++;
    return this.#addresses.elasticIp(region, n);
  }
}
