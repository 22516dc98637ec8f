/** What a drill says while it happens: `--json` prints these, one a line, and the evidence last. */
import type { RunEvent } from "../runbook/events.ts";
import type { Evidence, Loss } from "./evidence.ts";

interface Stamped {
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface PhaseStarted extends Stamped {
  readonly type: "phase";
  readonly phase: string;
  readonly title: string;
}

export interface Note extends Stamped {
  readonly type: "note";
  readonly message: string;
}

/** One of many lines of a long piece of work. */
export interface ProgressLine extends Stamped {
  readonly type: "progress";
  readonly message: string;
}

export interface Impact extends Stamped {
  readonly type: "impact";
  /** Region or zone. */
  readonly place: string;
  readonly loss: Loss;
}

/** A moment that the drill waited for. */
export interface Moment extends Stamped {
  readonly type: "moment";
  readonly moment: "failing" | "active" | "name" | "database" | "RECOVERED" | "all moved" | "returned";
  readonly message: string;
}

/** One second of load. */
export interface LoadSecond extends Stamped {
  readonly type: "load";
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  readonly regions: Readonly<Record<string, number>>;
}

/** What the operator's command said. */
export interface FromFailover extends Stamped {
  readonly type: "failover";
  readonly event: RunEvent;
}

export type DrillEvent =
  | PhaseStarted
  | Note
  | ProgressLine
  | Impact
  | Moment
  | LoadSecond
  | FromFailover
  | Evidence;
