/** Load balancers, Elastic IPs, DNS, health checks and the Cloudflare edge. */
import type { Region, RegionTriple } from "../../components/model.ts";
import type { Addresses } from "../addresses.ts";
import type { Service } from "../cloud/behaviour.ts";
import type { Compute } from "../compute/compute.ts";
import type { Faults } from "../faults.ts";

export interface NetworkOptions {
  readonly faults: Faults;
  readonly addresses: Addresses;
  readonly regions: RegionTriple;
  readonly compute: Compute;
  /** Existing hosted zones, Route 53's and Cloudflare's: id → domain, e.g. `Z0123` → `example.com`. */
  readonly zones: Readonly<Record<string, string>>;
  /** Until an edited record is answered (really: up to 60,000) and until a health flip is (really: seconds). */
  readonly propagation?: { readonly recordMilliseconds: number; readonly healthMilliseconds: number };
}

/** What arrived at one Elastic IP since it was allocated. Times are Unix milliseconds, null: never. */
export interface Traffic {
  readonly connections: number;
  /** Requests, health checks (`/active`) apart. */
  readonly requests: number;
  readonly probes: number;
  readonly lastRequestAt: number | null;
}

export interface Network extends Service {
  /** By Elastic IP, e.g. `127.3.10.11`. */
  traffic(region: Region): Readonly<Record<string, Traffic>>;
}

export declare function createNetwork(options: NetworkOptions): Promise<Network>;
