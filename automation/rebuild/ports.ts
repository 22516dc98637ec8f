/** What a rebuilding acts on, one port per system; `world.ts` makes them of the adapters, tests of fakes. */
import type { Region } from "../../components/model.ts";
import type { Acknowledgement } from "../../journal/model.ts";
import type { Rebuilt } from "../../journal/rebuild.ts";
import type { Decision } from "../failover/decide.ts";
import type { ShardStanding } from "../maintenance/ports.ts";

export interface RebuildPorts {
  readonly damaged: DamagedPort;
  readonly table: TablePort;
  readonly fresh: FreshPort;
  readonly cutover: { flip(): Promise<{ readonly changed: readonly string[] }> };
  readonly database: {
    /** Per shard; absent: nothing applied. Rejects when this host cannot reach the database. */
    watermarks(): Promise<readonly Acknowledgement[]>;
  };
  readonly operator: { ask(question: string): Promise<string> };
}

/** The table that somebody wrote into. */
export interface DamagedPort {
  decision(): Promise<Decision>;
  /** One per shard. */
  standings(): Promise<readonly ShardStanding[]>;
  /** What of the shard can be proven. Rejects with TamperedError when the archive contradicts itself. */
  survey(shard: number): Promise<Rebuilt>;
  /** Closes the shard for good; again = the same result. */
  close(
    shard: number,
    by: { readonly generation: number; readonly region: Region; readonly runId: string },
  ): Promise<ShardStanding>;
}

/** The fresh table as a thing of AWS. */
export interface TablePort {
  /** Makes it, empty and strongly consistent, unless it is there; the next call goes on. Undefined: it can be used; else what is missing. */
  provide(): Promise<string | undefined>;
  /** The decision which region is active, and what each region's pods obey. */
  copyControls(): Promise<void>;
}

/** The fresh table as a journal. */
export interface FreshPort {
  /** Puts what can be proven, then a halt; what cannot goes into a file. Again = the same result. */
  rebuild(
    progress: (shard: number, put: number) => void,
    runId: string,
  ): Promise<{ readonly rebuilt: readonly Rebuilt[]; readonly file: string; readonly commands: number }>;
  standings(): Promise<readonly ShardStanding[]>;
  /** Holds the shard's chain against the archive; returns its records. Rejects with TamperedError. */
  verify(shard: number): Promise<number>;
}
