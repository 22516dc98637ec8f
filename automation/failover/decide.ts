/**
 * What a failover decides, without clock or network.
 *
 * Invariants: a region whose journal moves is not lost, whatever else is silent; nobody but a person decides on
 * evidence that does not settle it; one run at a time owns the decision, and the region item says which.
 */
import type { Region } from "../../components/model.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { RTO_SECONDS } from "../objectives.ts";

/** Silence of the journal that counts as the loss of its writer. */
export const STOPPED_MILLISECONDS = 15_000;
/** Watched at least this long, so that a wrong clock on the operator's machine cannot age a living journal. */
export const WATCH_MILLISECONDS = 3_000;
/**
 * A journal that moved by less is not moving: a put in flight when the region died may land seconds later, but its
 * time stamp is from before.
 */
export const MOVING_MILLISECONDS = 1_000;

export interface HeartbeatSample {
  /** Monotonic milliseconds of the reading. */
  readonly at: number;
  /** Newest time stamp over all shards, milliseconds since 1970; null: no record yet. */
  readonly newest: number | null;
}

export type Heartbeat =
  | { readonly state: "moving"; readonly advancedMilliseconds: number }
  | { readonly state: "stopped"; readonly milliseconds: number }
  | { readonly state: "wait"; readonly milliseconds: number }
  | { readonly state: "unknown"; readonly reason: string };

/** @param wallClock milliseconds since 1970 at the last sample */
export function decideHeartbeat(samples: readonly HeartbeatSample[], wallClock: number): Heartbeat {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) {
    return { state: "unknown", reason: "the journal could not be read in the target region" };
  }
  if (last.newest === null) return { state: "unknown", reason: "the journal has no record" };
  const advancedMilliseconds = last.newest - (first.newest ?? last.newest);
  if (advancedMilliseconds >= MOVING_MILLISECONDS) return { state: "moving", advancedMilliseconds };
  const unmovedSince = samples.find(({ newest }) => newest === last.newest)?.at ?? last.at;
  const silence = Math.max(wallClock - last.newest, last.at - unmovedSince);
  const watched = last.at - first.at;
  const missing = Math.max(STOPPED_MILLISECONDS - silence, WATCH_MILLISECONDS - watched);
  return missing <= 0
    ? { state: "stopped", milliseconds: silence }
    : { state: "wait", milliseconds: missing };
}

/** One look at the region that may be lost. */
export interface Probe {
  readonly name: string;
  /** Null: it could not be tried. */
  readonly answered: boolean | null;
  readonly detail: string;
}

export type Finding = "alive" | "lost" | "unknown";
export interface Loss {
  readonly finding: Finding;
  readonly reason: string;
}

export function decideLoss(heartbeat: Heartbeat, probes: readonly Probe[]): Loss {
  if (heartbeat.state === "moving") {
    const seconds = (heartbeat.advancedMilliseconds / 1000).toFixed(1);
    return { finding: "alive", reason: `its journal moves: ${seconds} s of records while watching` };
  }
  const answered = probes.filter((probe) => probe.answered === true).map(({ name }) => name);
  const silent = probes.filter((probe) => probe.answered === false);
  if (heartbeat.state === "stopped") {
    const stopped = `its journal stopped ${Math.round(heartbeat.milliseconds / 1000)} s ago`;
    if (answered.length > 0)
      return { finding: "unknown", reason: `${stopped}, but ${answered.join(", ")} answered` };
    if (silent.length === 0) return { finding: "unknown", reason: `${stopped}, but no probe could be tried` };
    return {
      finding: "lost",
      reason: `${stopped} and ${silent.length} of ${silent.length} probes are silent`,
    };
  }
  const heard = heartbeat.state === "unknown" ? heartbeat.reason : "the journal was not watched long enough";
  const said = answered.length > 0 ? `${answered.join(", ")} answered` : "no probe answered";
  return { finding: "unknown", reason: `${heard}; ${said}` };
}

export type Permission = { readonly act: "proceed" } | { readonly act: "refuse"; readonly reason: string };

export function decidePermission(
  loss: Loss,
  { force, interactive }: { readonly force: boolean; readonly interactive: boolean },
): Permission {
  if (force || loss.finding === "lost") return { act: "proceed" };
  if (loss.finding === "alive") {
    return {
      act: "refuse",
      reason: `${loss.reason}. Use --force only to move production from a living region`,
    };
  }
  if (interactive) return { act: "proceed" };
  return {
    act: "refuse",
    reason: `whether the region is lost is unknown: ${loss.reason}. A person decides: run it without --yes, or with --force`,
  };
}

/** What a failover would undo; null: nobody halted anything. */
export function describeHalt(
  heads: readonly { readonly shard: number; readonly haltedBy: string | null }[],
): string | null {
  const halted = heads.filter(({ haltedBy }) => haltedBy !== null);
  const [first] = halted;
  if (first === undefined) return null;
  return `shard(s) ${halted.map(({ shard }) => shard).join(", ")} are halted by ${first.haltedBy}, and the failover ends that: orders would be taken again`;
}

/** Why a halt stands in the way; undefined: there is none, or it may end. */
export function decideHalt(halted: string | null, endHalt: boolean): string | undefined {
  if (halted === null || endHalt) return;
  return `${halted}. Add --end-halt when that is meant; afterwards dr maintenance --enable halts the target region again`;
}

/** What the region item says of the run that made the decision. */
export interface Decision {
  readonly generation: number;
  readonly active: Region;
  readonly runId: string | null;
  /** Whether that run came to its end; false also when it left no word. */
  readonly finished: boolean;
}

export interface Known {
  readonly target: Region;
  /** Unfinished run with a record on this machine and no living process. */
  readonly mine: string | undefined;
  readonly takeOver: string | undefined;
}

export type Start =
  | { readonly act: "start" }
  | { readonly act: "resume"; readonly run: string }
  | { readonly act: "take-over"; readonly run: string }
  | { readonly act: "already-active" }
  | { readonly act: "locked"; readonly reason: string };

/** Who may go on, given the decision that stands. */
export function decideStart(decision: Decision, { target, mine, takeOver }: Known): Start {
  const { runId } = decision;
  if (takeOver !== undefined && takeOver !== runId) {
    const holder = runId === null ? "no run made the decision" : `the decision is run ${runId}'s`;
    return { act: "locked", reason: `--take-over ${takeOver}: ${holder}` };
  }
  if (decision.finished || runId === null) {
    return decision.active === target ? { act: "already-active" } : { act: "start" };
  }
  if (takeOver !== undefined) return { act: "take-over", run: takeOver };
  if (mine === runId && decision.active === target) return { act: "resume", run: runId };
  return {
    act: "locked",
    reason: `run ${runId} towards ${decision.active} has not finished. Continue it where it was started, or name it: --take-over ${runId}`,
  };
}

/** Why the run must stop now; undefined: the decision is still its own. `generation` null: it has not decided yet. */
export function decideOwnership(
  decision: Decision,
  run: { readonly id: string; readonly generation: number | null; readonly seenGeneration: number },
): string | undefined {
  // Generations only grow: the one seen at the start still stands, so this run's own put has not landed yet.
  if (decision.generation === run.seenGeneration) return;
  const expected = run.generation ?? run.seenGeneration;
  if (decision.generation === run.generation && decision.runId === run.id) return;
  return `generation ${decision.generation} (${decision.active} active) was decided by ${
    decision.runId === null ? "nobody" : `run ${decision.runId}`
  }; run ${run.id} expected generation ${expected}`;
}

/** A resolver's answer and who answered there, or why the resolver could not be asked. */
export interface Seen {
  readonly resolver: string;
  readonly region: Region | null;
  readonly error?: string;
}

/** What is still missing until traffic has moved; undefined: it has. `oldSide`: requests the old side took since the last look. */
export function decideMoved(
  target: Region,
  seen: readonly Seen[],
  oldSide: number | undefined,
): string | undefined {
  const heard = seen.filter(({ error }) => error === undefined);
  if (heard.length === 0) return `a resolver to answer (${seen.map(({ error }) => error).join("; ")})`;
  const elsewhere = heard.filter(({ region }) => region !== target);
  if (elsewhere.length > 0) {
    return `the public name to lead to ${target}: ${elsewhere.map(({ resolver, region }) => `${resolver} leads to ${region ?? "nobody"}`).join(", ")}`;
  }
  return oldSide !== undefined && oldSide > 0 ? `the old side's requests to end: ${oldSide} more` : undefined;
}

export interface Outcome {
  /** From the operator's go to the traffic in the new region. */
  readonly recoverySeconds: number;
  /** Acknowledged positions that the valid journal does not have. */
  readonly missing: number;
  /** Why the database is not in order; undefined when it is. */
  readonly degraded: string | undefined;
}

export interface Verdict {
  readonly verdict: "recovered" | "degraded" | "rpo-missed" | "rto-missed";
  readonly exitCode: ExitCode;
  readonly message: string;
}

export function decideVerdict({ recoverySeconds, missing, degraded }: Outcome): Verdict {
  const seconds = recoverySeconds.toFixed(1);
  if (missing > 0) {
    return {
      verdict: "rpo-missed",
      exitCode: EXIT.rpoMissed,
      message: `recovered in ${seconds} s, but ${missing} acknowledged position(s) are not in the journal`,
    };
  }
  if (degraded !== undefined) {
    return {
      verdict: "degraded",
      exitCode: EXIT.halfway,
      message: `recovered in ${seconds} s, degraded: ${degraded}. Orders are taken; the same command resumes the database`,
    };
  }
  if (recoverySeconds > RTO_SECONDS) {
    return {
      verdict: "rto-missed",
      exitCode: EXIT.rtoMissed,
      message: `recovered in ${seconds} s, objective ${RTO_SECONDS} s`,
    };
  }
  return { verdict: "recovered", exitCode: EXIT.done, message: `recovered in ${seconds} s` };
}
