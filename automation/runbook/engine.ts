/**
 * Runs a list of steps so that it may be cut anywhere and run again.
 *
 * Per step: the guard says that the run still owns the decision; the intent is on disk before the act; the effect
 * is seen from outside before the result is on disk. A step whose result is on disk is not run again.
 */
import {
  CredentialsError,
  DrError,
  HalfwayError,
  InterruptedError,
  isCredentialsError,
  LockedError,
  messageOf,
  RefusedError,
} from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { RunEvent, StepState } from "./events.ts";
import type { RunData, RunRecord, StepRecord } from "./record.ts";
import { flatten, type Node, type Parallel, type Step, type StepContext, type StepResult } from "./step.ts";

/** What a step waits for may change many times a second; a person reads one line in this time. */
const WAIT_TALK_MILLISECONDS = 2_000;

/** Events as steps and engine make them; the sink stamps time and run. */
export type Emission = DistributiveOmit<RunEvent, "at" | "run">;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export interface Execution<P, F> {
  readonly nodes: readonly Node<P, F>[];
  readonly ports: P;
  readonly record: RunRecord;
  readonly emit: (event: Emission) => void;
  readonly signal: AbortSignal;
  /** Throws LockedError when the run must stop. Called before each act. */
  readonly guard: (record: Readonly<RunData>) => Promise<void>;
  /** Tells others where the run is. Called after each step's result is on disk. */
  readonly report: (record: Readonly<RunData>) => Promise<void>;
  readonly clock: Clock;
}

/** @throws the failure that ended the run */
export async function execute<P, F extends object>(execution: Execution<P, F>): Promise<void> {
  await sequence(execution.nodes, execution);
}

async function sequence<P, F extends object>(
  nodes: readonly Node<P, F>[],
  execution: Execution<P, F>,
): Promise<void> {
  for (const node of nodes) {
    if ("parallel" in node) await branches(node, execution);
    else await step(node, execution);
  }
}

/** A branch that fails stops the others: what they wait for may never come, and the operator waits for them. */
async function branches<P, F extends object>(
  { parallel }: Parallel<P, F>,
  execution: Execution<P, F>,
): Promise<void> {
  const group = new AbortController();
  const signal = AbortSignal.any([execution.signal, group.signal]);
  const ends = parallel.map(async ({ nodes, tolerated }) => {
    try {
      await sequence(nodes, { ...execution, signal });
    } catch (error) {
      const mustStop = error instanceof LockedError || error instanceof InterruptedError;
      if (mustStop || tolerated !== true) group.abort(error);
    }
  });
  await Promise.all(ends);
  if (group.signal.aborted) throw group.signal.reason;
}

async function step<P, F extends object>(step: Step<P, F>, execution: Execution<P, F>): Promise<void> {
  const { record, emit, clock, signal } = execution;
  const known = record.data.steps[step.id];
  const say = (state: StepState, extra: { seconds?: number; detail?: string; data?: object } = {}) =>
    emit({ type: "step", step: step.id, title: step.title, state, ...extra });
  if (known !== undefined && known.state !== "intended" && known.state !== "failed") {
    say("already-done", { detail: `in an earlier start of this run: ${known.detail ?? known.state}` });
    return;
  }
  const startedAt = clock.wall();
  const started = clock.monotonic();
  const seconds = (): number => (clock.monotonic() - started) / 1000;
  const save = async (entry: Omit<StepRecord, "startedAt">): Promise<void> => {
    await record.update((data) => {
      data.steps[step.id] = { startedAt, ...entry };
    });
  };
  try {
    throwIfStopped(signal);
    await execution.guard(record.data);
    const context = contextOf(step, execution);
    const skip = await step.skip?.(context);
    if (skip !== undefined) {
      await save({ state: skip.state, endedAt: clock.wall(), detail: skip.reason });
      say(skip.state, { seconds: seconds(), detail: skip.reason });
      return;
    }
    say("started");
    await save({ state: "intended" });
    const result = await step.run(context);
    await step.verify?.(context);
    await save({ state: "done", endedAt: clock.wall(), detail: result.detail });
    say("done", { seconds: seconds(), ...result });
  } catch (thrown) {
    const error = asEnd(thrown, step, execution);
    await save({ state: "failed", endedAt: clock.wall(), detail: messageOf(error) });
    say("failed", { seconds: seconds(), detail: messageOf(error) });
    throw error;
  }
  await execution.report(record.data);
}

/** Runs what changes nothing and says what the rest would do. */
export async function rehearse<P, F extends object>(execution: Execution<P, F>): Promise<void> {
  for (const step of flatten(execution.nodes)) {
    const { emit, signal } = execution;
    throwIfStopped(signal);
    const context = contextOf(step, execution);
    let result: StepResult;
    if (step.plan === undefined) {
      emit({ type: "step", step: step.id, title: step.title, state: "started" });
      result = await step.run(context);
    } else {
      const skip = await step.skip?.(context);
      result = { detail: skip ? `nothing to do: ${skip.reason}` : `would ${step.plan(context)}` };
    }
    const state = step.plan === undefined ? "done" : "skipped";
    emit({ type: "step", step: step.id, title: step.title, state, ...result });
  }
}

function contextOf<P, F extends object>(
  step: Step<P, F>,
  { ports, record, emit, signal, clock }: Execution<P, F>,
): StepContext<P, F> {
  let said = { message: "", at: Number.NEGATIVE_INFINITY };
  return {
    ports,
    run: { id: record.data.id, startedAt: record.data.startedAt },
    get facts() {
      return record.data.facts as Partial<F>;
    },
    remember: (facts) =>
      record.update((data) => {
        Object.assign(data.facts, facts);
      }),
    wait(message) {
      const at = clock.monotonic();
      if (message === said.message || at - said.at < WAIT_TALK_MILLISECONDS) return;
      said = { message, at };
      emit({ type: "wait", step: step.id, message });
    },
    note: (message) => emit({ type: "note", message }),
    get failures() {
      return Object.entries(record.data.steps)
        .filter(([, { state }]) => state === "failed")
        .map(([id, { detail }]) => ({ step: id, message: detail ?? "failed" }));
    },
    signal,
    clock,
  };
}

function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw stopped(signal, "before it began");
}

/** Why a step ended that was told to: by another branch's end, or by the operator. */
function stopped({ reason }: AbortSignal, when: string, cause?: unknown): DrError {
  if (reason instanceof LockedError) return reason;
  return reason instanceof DrError && !(reason instanceof InterruptedError)
    ? new HalfwayError(`stopped ${when}: ${reason.message}`, { cause })
    : new InterruptedError(`interrupted ${when}; the same command resumes`, { cause });
}

/** What the operator should read: our own errors as they are, anything else with the step it stopped. */
function asEnd<P, F>(error: unknown, step: Step<P, F>, { signal, nodes, record }: Execution<P, F>): unknown {
  if (signal.aborted && !(error instanceof LockedError)) return stopped(signal, `in step ${step.id}`, error);
  if (error instanceof DrError) return error;
  const text = `step ${step.id} failed: ${messageOf(error)}`;
  const changed = flatten(nodes).some(
    ({ id, plan, harmless }) => plan !== undefined && !harmless && record.data.steps[id] !== undefined,
  );
  if (changed) return new HalfwayError(`${text}. The same command resumes`, { cause: error });
  return isCredentialsError(error)
    ? new CredentialsError(`${text}. Nothing was changed; check the AWS credentials`, { cause: error })
    : new RefusedError(`${text}. Nothing was changed`, { cause: error });
}
