/** The timeline of a run: what `--json` prints, one event per line on stdout. */
import type { Region } from "../../components/model.ts";

export type StepState =
  | "started"
  | "done"
  /** Its effect was there already: nothing was done. */
  | "already-done"
  | "skipped"
  | "failed";

interface Stamped {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly run: string;
}

export interface RunStarted extends Stamped {
  readonly type: "run";
  readonly verb: string;
  readonly target: Region;
  readonly resumed: boolean;
  readonly dryRun: boolean;
  readonly steps: readonly { readonly id: string; readonly title: string }[];
}

export interface StepEvent extends Stamped {
  readonly type: "step";
  readonly step: string;
  readonly title: string;
  readonly state: StepState;
  /** Duration; absent on `started`. */
  readonly seconds?: number;
  readonly detail?: string;
  /** What the step found or did, by step: see `automation/failover/findings.ts`. */
  readonly data?: object;
}

/** A long wait says what it waits for. */
export interface WaitEvent extends Stamped {
  readonly type: "wait";
  readonly step: string;
  readonly message: string;
}

export interface NoteEvent extends Stamped {
  readonly type: "note";
  readonly message: string;
}

export interface ResultEvent extends Stamped {
  readonly type: "result";
  readonly verdict:
    | "recovered"
    | "degraded"
    | "rpo-missed"
    | "rto-missed"
    | "halted"
    | "resumed"
    | "restored"
    | "rebuilt"
    | "stopped"
    | "refused"
    | "dry-run";
  readonly exitCode: number;
  readonly message: string;
  readonly data?: object;
}

export type RunEvent = RunStarted | StepEvent | WaitEvent | NoteEvent | ResultEvent;
