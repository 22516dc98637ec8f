/** Aurora PostgreSQL Global Database, played by real PostgreSQL processes. */
import type { Region, RegionTriple } from "../../components/model.ts";
import type { Address } from "../addresses.ts";
import type { AwsService } from "../aws/protocol.ts";
import type { Service } from "../cloud/behaviour.ts";
import type { Faults } from "../faults.ts";

export interface AuroraOptions {
  readonly faults: Faults;
  readonly regions: RegionTriple;
  readonly addresses: {
    auroraWriter(region: Region): Address;
    auroraReader(region: Region): Address;
    auroraInstance(region: Region, n: number): Address;
  };
  readonly accountId: string;
  /** The sandbox' directory; data and logs live below it (elsewhere when root: see `postgres.ts`). */
  readonly directory: string;
  /** Sandbox' ledger of child processes; see `sandbox/processes.ts`. */
  readonly processes: unknown;
  /** Time that a managed failover takes besides PostgreSQL's own promotion. AWS: 60 to 120 s. */
  readonly promotionSeconds?: number;
}

export interface Aurora extends Service {
  /** The RDS API (Query protocol). */
  readonly rds: AwsService;
  /** SIGKILL of every process in the region. */
  kill(region: Region): Promise<void>;
  /** SIGSTOP of every process in the region. */
  freeze(region: Region): Promise<void>;
  /** The region is back: thaws or starts its processes; when it lost the primary's role, it rejoins as a secondary. */
  restore(region: Region): Promise<void>;
  /** Delays what the secondary receives. */
  setLag(milliseconds: number): void;
}

export declare function createAurora(options: AuroraOptions): Promise<Aurora>;
