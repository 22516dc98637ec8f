/** What the steps of a failover act on, one port per system; `world.ts` makes them of the adapters, tests of fakes. */
import type { OnOff, Region, Role } from "../../components/model.ts";
import type {
  Acknowledgement,
  Anchor,
  ControlItem,
  EventPosition,
  Position,
  RegionItem,
} from "../../journal/model.ts";
import type { GatewayStatus } from "../../workload/api.ts";
import type { Decision, Probe } from "./decide.ts";

/** The newest valid record of a shard; seq 0 when there is none yet. */
export interface ShardHead extends Anchor {
  readonly shard: number;
  /** Milliseconds since 1970. */
  readonly ts: number;
  /** Owner of the newest epoch. */
  readonly region: Region;
  /** Who stopped the shard; null: it is not halted. */
  readonly haltedBy: string | null;
}

/** How a shard's log of the lost region was ended. */
export interface ShardFence {
  readonly shard: number;
  /** The epoch that the seal opened, and the decision it carries. */
  readonly epoch: number;
  readonly generation: number;
  readonly region: Region;
  /** Where the valid log before it ends. */
  readonly base: EventPosition;
  /** Empty positions below the highest record when the sealing began. */
  readonly gapsAtSeal: number;
  /** Records beyond the seal, seen so far. */
  readonly orphans: number;
}

/** Progress that other machines may read while the run owns the decision. */
export interface RunSummary {
  readonly id: string;
  readonly owner: string;
  readonly startedAt: string;
  readonly step: string;
  readonly finished: boolean;
}

export interface JournalPort {
  decision(): Promise<Decision & { readonly summary: RunSummary | undefined }>;
  /** One per shard. */
  heads(): Promise<readonly ShardHead[]>;
  /** Puts the decision if the generation before it still stands; false: another was quicker. */
  decide(decision: RegionItem): Promise<boolean>;
  /** Writes the summary into the decision; false: it is no longer this run's. */
  report(generation: number, summary: RunSummary): Promise<boolean>;
  /** Seals the shard for the region; again = the same result. */
  fence(
    shard: number,
    seal: {
      readonly generation: number;
      readonly region: Region;
      readonly runId: string;
      readonly endsHalt: boolean;
    },
  ): Promise<ShardFence>;
  /** What the valid log holds after the anchor, up to `to`; undefined: the anchor is not in the valid log. */
  tail(
    shard: number,
    after: Anchor | undefined,
    to?: Position,
  ): Promise<{ readonly records: number; readonly events: number } | undefined>;
  control(region: Region): Promise<ControlItem | undefined>;
}

export interface DeploymentState {
  readonly name: string;
  /** `spec.replicas`. */
  readonly desired: number;
  readonly ready: number;
}

export interface Capacity {
  /** What is free after what runs there already, in cores and bytes; undefined: the nodes do not say. */
  readonly free: { readonly cpu: number; readonly memory: number } | undefined;
  readonly needed: { readonly cpu: number; readonly memory: number };
  /** Images that no node has pulled yet; undefined: the nodes do not say. */
  readonly missingImages: readonly string[] | undefined;
}

export interface ClusterPort {
  deployments(): Promise<readonly DeploymentState[]>;
  capacity(targets: readonly Target[]): Promise<Capacity>;
  scale(targets: readonly Target[]): Promise<void>;
  smokeToken(): Promise<string>;
  /** Whether a pod here can reach the other region. */
  peer(): Promise<Probe>;
}

export interface Target {
  readonly name: string;
  readonly replicas: number;
}

export interface GatewayPort {
  status(): Promise<GatewayStatus>;
  /** Places and cancels an order on a reserved instrument of the shard; returns both acknowledgements. */
  smoke(
    shard: number,
    runId: string,
  ): Promise<{ readonly placed: Acknowledgement; readonly cancelled: Acknowledgement }>;
}

export interface DatabaseState {
  /** `available`, `failing-over`, … as RDS says it. */
  readonly status: string;
  readonly writer: Region | undefined;
  /** The writer's cluster; all others are copies of it. */
  readonly writerCluster?: string | undefined;
}

export interface DatabasePort {
  state(): Promise<DatabaseState>;
  promote(): Promise<void>;
  /** Per shard, read on the replica; undefined: this host cannot reach the database. */
  watermarks(): Promise<readonly (Acknowledgement | null)[] | undefined>;
}

/** What one resolver says of the public name, and who answers there. */
export interface Answer {
  readonly resolver: string;
  readonly addresses: readonly string[];
  /** Region that answered a fresh request to one of the addresses; null: none. */
  readonly region: Region | null;
  /** The resolver itself failed: it says nothing about the name. */
  readonly error?: string;
}

export interface NamesPort {
  look(): Promise<readonly Answer[]>;
}

export interface ProbePort {
  /** The lost region's own load balancer addresses, from this host. */
  addresses(): Promise<readonly Probe[]>;
  /** Orders that the old side accepted since its gateways started; undefined: it does not answer, or not to us. */
  acceptedByOldSide(): Promise<number | undefined>;
}

export interface Switches {
  readonly role?: Role;
  readonly traffic?: OnOff;
  readonly maintenance?: OnOff;
}

/** The switches of a stack that are flipped; what is absent stays as it is. */
export interface Flip extends Switches {
  readonly acceptGeneration?: number;
  /** By API from the start: an earlier flip of this run went so, and Pulumi's state does not know of it. */
  readonly direct?: boolean;
}

export interface Flipped {
  readonly via: "pulumi" | "direct";
  /** Why Pulumi was not used. */
  readonly reason?: string;
}

export interface StackPort {
  /** What a person should know of the state before trusting it. */
  warnings(): Promise<readonly string[]>;
  /** Computes what the flip would do, without doing it; resolves to why `flip` would go by API, else undefined. */
  prepare(flip: Flip): Promise<string | undefined>;
  flip(flip: Flip): Promise<Flipped>;
  /** What was deployed last, as Pulumi's state says; nothing when it cannot be read. */
  deployed(): Promise<Switches>;
}

export interface OperatorPort {
  readonly interactive: boolean;
  ask(question: string): Promise<string>;
}

export interface Ports {
  readonly journal: JournalPort;
  readonly cluster: ClusterPort;
  readonly gateway: GatewayPort;
  readonly database: DatabasePort;
  readonly names: NamesPort;
  readonly probes: ProbePort;
  readonly stack: StackPort;
  readonly operator: OperatorPort;
}
