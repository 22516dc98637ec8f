/** What halting and resuming act on, one port per system; `world.ts` makes them of the adapters, tests of fakes. */
import type { OnOff, Region } from "../../components/model.ts";
import type { Acknowledgement, ControlItem, Position } from "../../journal/model.ts";
import type { Decision } from "../failover/decide.ts";
import type { Flip, Flipped, GatewayPort, JournalPort, Switches } from "../failover/ports.ts";

/** A shard's newest epoch, and where the valid log ends. */
export interface ShardStanding {
  readonly shard: number;
  readonly region: Region;
  readonly generation: number;
  /** The last valid record; seq 0: there is none. */
  readonly head: Position & { readonly hash: string; readonly ts: number };
  /** Null: writes are accepted. */
  readonly halt: Halt | null;
}

export interface Halt {
  /** `move`: for good, the log goes on in another table. */
  readonly reason: "halt" | "cut" | "move";
  /** The run that sealed it. */
  readonly by: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface HaltPort {
  decision(): Promise<Decision>;
  /** One per shard. */
  standings(): Promise<readonly ShardStanding[]>;
  /** Halts or resumes the shard; again = the same result. */
  seal(
    shard: number,
    reason: "halt" | "resume",
    by: { readonly generation: number; readonly region: Region; readonly runId: string },
  ): Promise<ShardStanding>;
  tail: JournalPort["tail"];
  control(region: Region): Promise<ControlItem | undefined>;
}

/** What a write by clients' way came to; it is one that could never become an order. */
export interface Knock {
  /** Who gave the address; null: it is one of the load balancer's, which the name may be answered with. */
  readonly resolver: string | null;
  /** Null: the resolver gave none. */
  readonly address: string | null;
  /** HTTP status; null: no answer, for the `reason`. */
  readonly status: number | null;
  /** `status` of the answer's body. */
  readonly said: string | null;
  readonly retryAfter: string | null;
  readonly reason?: string;
}

export interface DoorPort {
  /** Tries a write at every address that every resolver gives for the public name, and at the load balancer's. */
  knock(): Promise<readonly Knock[]>;
  /** Places and cancels an order on a reserved instrument of the shard, by the public name. */
  smoke(
    shard: number,
    runId: string,
  ): Promise<{ readonly placed: Acknowledgement; readonly cancelled: Acknowledgement }>;
}

export interface SwitchPort {
  flip(flip: Flip): Promise<Flipped>;
  /** As Pulumi's state says. */
  deployed(): Promise<Switches>;
  /** As the stack file says. */
  writtenMaintenance(): Promise<OnOff | undefined>;
}

export interface MaintenancePorts {
  readonly journal: HaltPort;
  readonly gateway: Pick<GatewayPort, "status">;
  readonly door: DoorPort;
  readonly stack: SwitchPort;
}
