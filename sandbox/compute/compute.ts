/** Kubernetes in every region: one cluster each, its nodes, and the processes that are its pods. */
import type { Region, RegionTriple } from "../../components/model.ts";
import type { Addresses } from "../addresses.ts";
import type { Service } from "../cloud/behaviour.ts";
import type { Faults } from "../faults.ts";
import type { Processes } from "../processes.ts";
import type { ImageRegistry } from "./images.ts";

export interface ComputeOptions {
  readonly faults: Faults;
  readonly addresses: Addresses;
  readonly regions: RegionTriple;
  readonly processes: Processes;
  readonly images: ImageRegistry;
  /** Pod logs go to `<directory>/<region>/<pod>.log`. */
  readonly directory: string;
  /** What the node agent adds to every pod's environment; wins over the manifest. Default: contract's list. */
  readonly environment?: (region: Region) => Readonly<Record<string, string>>;
}

export interface Compute extends Service {
  /** Pods die (SIGKILL) or freeze (SIGSTOP) at once, and nothing is reconciled until the region returns. */
  loseRegion(region: Region, how: "kill" | "freeze"): void;
  /** Thaws what was frozen and restarts what was killed, as the manifests say. */
  returnRegion(region: Region): void;
  /** The nodes of one zone, e.g. `us-east-1a`; the rest of the cluster lives on and reschedules. */
  loseZone(zone: string, how: "kill" | "freeze"): void;
  returnZone(zone: string): void;
}

export declare function createCompute(options: ComputeOptions): Promise<Compute>;
