/** Shapes that cross a process boundary: what the programs answer each other and the tools. */
import type { OnOff, Region } from "../components/model.ts";
import type { Acknowledgement, Position } from "../journal/model.ts";
import type { OrderStatus } from "./engine/state.ts";
import type { Reply } from "./http.ts";

/** Answer to POST /orders: 201, or 200 when it repeats an earlier order. */
export interface Accepted {
  readonly status: "accepted";
  readonly clientOrderId: string;
  readonly ack: Acknowledgement;
  readonly region: Region;
  readonly duplicate?: true;
}

/** Answer to DELETE /orders/{id}: 200, the same however often it is asked. */
export interface Cancelled {
  readonly status: "cancelled";
  /** What was still open. */
  readonly quantity: number;
  readonly ack: Acknowledgement;
  readonly region: Region;
}

/** Answer to GET /orders/{id}: 200. `ack` is the placement's. */
export interface OrderView {
  readonly status: OrderStatus;
  readonly remaining: number;
  readonly ack: Acknowledgement;
  readonly region: Region;
}

/**
 * Every other answer.
 * - `never-appended` (503): the order does not exist and will not; `unknown` (504): it may, ask again with the same id
 * - `not-active`, `maintenance` (503): not served here, or not now
 */
export interface Declined {
  readonly status:
    | "malformed"
    | "refused"
    | "conflict"
    | "unknown-order"
    | "never-appended"
    | "unknown"
    | "not-active"
    | "maintenance"
    | "unauthorised"
    | "not-found";
  readonly reason: string;
}

/** Maintenance lasts: who asks every second gains nothing. */
export const MAINTENANCE_RETRY_SECONDS = 5;

/** With `retry-after` wherever asking again may help. */
export function declined(code: number, status: Declined["status"], reason: string): Reply {
  const body: Declined = { status, reason };
  const seconds = status === "maintenance" ? MAINTENANCE_RETRY_SECONDS : 1;
  return code === 503
    ? { status: code, body, headers: { "retry-after": String(seconds) } }
    : { status: code, body };
}

/** `unreachable` is what a gateway says of an engine that does not answer. */
export type Phase =
  | "starting"
  | "waiting"
  /** Its shard is halted: everything acknowledged is answered, and only `dr` lets it go on. */
  | "halted"
  | "standby"
  | "replaying"
  | "active"
  | "maintenance"
  | "stopping"
  | "unreachable";

/** GET /state of an engine: what a gateway asks twice a second. */
export interface EngineReport {
  readonly shard: number;
  /** Holds the newest epoch and has replayed all before it. */
  readonly ready: boolean;
  /** Of the region decision under which its epoch was opened; null before it holds one. */
  readonly generation: number | null;
  readonly epoch: number | null;
  /** Why it is not ready, or what it is doing. */
  readonly phase: Phase;
  readonly reason: string;
}

/** GET /status of an engine. Head and checksum are of acknowledged state only. */
export interface EngineStatus extends EngineReport {
  /** The last record its state covers: one of an earlier epoch until its own first one; null: an empty log. */
  readonly head: (Position & { readonly hash: string }) | null;
  /** The checkpoint it started from; null: from the beginning of the log. */
  readonly replayedFrom: Position | null;
  /** Records it replayed after that. */
  readonly tailReplayed: number;
  readonly stateChecksum: string | null;
  readonly orders: number;
  /** Everything taken is acknowledged and in a checkpoint, nothing new is taken. */
  readonly drained: boolean;
}

export interface Watermark extends Position {
  readonly shard: number;
  readonly hash: string;
}

/** GET /status of the projector. */
export interface ProjectorStatus {
  /** The database accepts writes. */
  readonly writable: boolean;
  readonly watermarks: readonly Watermark[];
  /** Shards that stopped, with the reason: another projector moved their watermark. */
  readonly stopped: readonly { readonly shard: number; readonly reason: string }[];
  readonly rebuilds: number;
}

/** GET /status of a gateway, smoke principal only. */
export interface GatewayStatus {
  readonly region: Region;
  /** Of the region item as last read; null before the first read. */
  readonly generation: number | null;
  readonly traffic: OnOff;
  readonly maintenance: OnOff;
  readonly active: boolean;
  readonly reason: string;
  /** One per shard, in order. */
  readonly shards: readonly EngineStatus[];
  readonly projector: ProjectorStatus | null;
  readonly requests: { readonly total: number; readonly accepted: number };
}

/** GET /peer of the archiver. */
export interface PeerReport {
  /** Some address of the other region answered. */
  readonly reachable: boolean;
  /** ISO 8601. */
  readonly checkedAt: string;
  readonly reason: string;
}
