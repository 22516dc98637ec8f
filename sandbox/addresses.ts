/**
 * Where everything in one sandbox listens. Sandbox number S owns 127.S.0.0/16, so that fixed ports never collide
 * and an address alone says what it is. Linux answers on all of 127/8 without configuring anything.
 */
import type { Region, RegionTriple } from "../components/model.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export const url = ({ host, port }: Address): string => `http://${host}:${port}`;
export const hostPort = ({ host, port }: Address): string => `${host}:${port}`;

export const AWS_EDGE_PORT = 4566;
export const KUBERNETES_PORT = 6443;
export const POSTGRES_PORT = 5432;
export const DNS_PORT = 5353;

/** Third octet of a region's own endpoints; pods are on the next one, services on the one after, then the doors. */
const REGION_OCTET = { primary: 10, secondary: 20, witness: 30 } as const;

/** From a pod's third octet to its door's. */
const POD_DOORS = 2;
const POD_IP = /^(127\.\d+)\.([123]1)\.(\d+)$/;

/**
 * Where a pod answers to other pods: what leads there obeys the faults of the way. Probes and node ports go to the pod
 * itself, as they come from its own node. Undefined: no pod's IP.
 */
export function podDoor(ip: string): string | undefined {
  const [, sandbox, region, pod] = POD_IP.exec(ip) ?? [];
  return sandbox && `${sandbox}.${Number(region) + POD_DOORS}.${pod}`;
}

export class Addresses {
  readonly sandbox: number;
  readonly #octets: ReadonlyMap<Region, number>;

  /** @param sandbox 1 to 250 */
  constructor(sandbox: number, regions: RegionTriple) {
    if (!Number.isInteger(sandbox) || sandbox < 1 || sandbox > 250) {
      throw new RangeError(`sandbox number ${sandbox}: must be an integer from 1 to 250`);
    }
    this.sandbox = sandbox;
    this.#octets = new Map([
      [regions.primary, REGION_OCTET.primary],
      [regions.secondary, REGION_OCTET.secondary],
      [regions.witness, REGION_OCTET.witness],
    ]);
  }

  get dns(): Address {
    return { host: this.#host(0, 53), port: DNS_PORT };
  }

  get operatorEdge(): Address {
    return { host: this.#host(0, 1), port: AWS_EDGE_PORT };
  }

  /** Held for as long as the sandbox lives: whoever can listen here owns number S. */
  get guard(): Address {
    return { host: this.#host(0, 2), port: 4570 };
  }

  cloudflareEdge(port: number): Address {
    return { host: this.#host(0, 80), port };
  }

  edge(region: Region): Address {
    return { host: this.#host(this.#octet(region), 1), port: AWS_EDGE_PORT };
  }

  kubernetesApi(region: Region): Address {
    return { host: this.#host(this.#octet(region), 2), port: KUBERNETES_PORT };
  }

  /** @param n 0 to 30: the zone's Elastic IP */
  elasticIp(region: Region, n: number): string {
    return this.#host(this.#octet(region), 11 + n);
  }

  /** @param slot 0 to 4: the region's clusters, restored ones after the first */
  auroraWriter(region: Region, slot = 0): Address {
    return { host: this.#host(this.#octet(region), 50 + 2 * slot), port: POSTGRES_PORT };
  }

  auroraReader(region: Region, slot = 0): Address {
    return { host: this.#host(this.#octet(region), 51 + 2 * slot), port: POSTGRES_PORT };
  }

  /** @param n 0 to 19: one PostgreSQL process */
  auroraInstance(region: Region, n: number, slot = 0): Address {
    return { host: this.#host(this.#octet(region), 60 + 20 * slot + n), port: POSTGRES_PORT };
  }

  /** @param n 0 to 253; pods take a new one at each start */
  podIp(region: Region, n: number): string {
    return this.#host(this.#octet(region) + 1, 1 + n);
  }

  /** @param n 0 to 253 */
  serviceIp(region: Region, n: number): string {
    return this.#host(this.#octet(region) + 2, 1 + n);
  }

  #octet(region: Region): number {
    const octet = this.#octets.get(region);
    if (octet === undefined) {
      throw new RangeError(
        `region ${region} is not in this sandbox: it has ${[...this.#octets.keys()].join(", ")}`,
      );
    }
    return octet;
  }

  #host(third: number, fourth: number): string {
    return `127.${this.sandbox}.${third}.${fourth}`;
  }
}
