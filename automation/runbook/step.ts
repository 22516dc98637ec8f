/**
 * A runbook is a value: the same list prints the plan, the dry run, the progress, the timeline and the resume.
 *
 * A step's `run` may be called again after any interruption, so it reads before it acts; `verify` looks from
 * outside. `P` are the ports it acts on, `F` the facts that later steps and resumed runs need.
 */

import type { Clock } from "./clock.ts";

export interface Skip {
  /** `already-done`: its effect is there. `skipped`: not wanted in this run. */
  readonly state: "already-done" | "skipped";
  readonly reason: string;
}

export interface StepContext<P, F> {
  readonly ports: P;
  readonly run: RunView;
  /** What earlier steps found, as it stands now. */
  readonly facts: Readonly<Partial<F>>;
  /** Keeps facts on disk before it resolves. */
  remember(facts: Partial<F>): Promise<void>;
  /** Says what a long wait waits for; may be called at every look. */
  wait(message: string): void;
  note(message: string): void;
  /** Steps of tolerated branches that failed in this run. */
  readonly failures: readonly { readonly step: string; readonly message: string }[];
  /** Aborted when the run must stop. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export interface RunView {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface StepResult {
  /** One line for a person. */
  readonly detail: string;
  readonly data?: object;
}

export interface Step<P, F> {
  readonly id: string;
  readonly title: string;
  /** What `run` would do, for the dry run; a step without it runs in a dry run too, because it changes nothing. */
  readonly plan?: (context: StepContext<P, F>) => string;
  /** Changes nothing although it has a plan: it asks somebody. */
  readonly harmless?: boolean;
  readonly skip?: (context: StepContext<P, F>) => Promise<Skip | undefined> | Skip | undefined;
  readonly run: (context: StepContext<P, F>) => Promise<StepResult>;
  /** Throws when the effect is not there. */
  readonly verify?: (context: StepContext<P, F>) => Promise<void>;
}

/**
 * Branches that run beside each other. One that fails stops the others, except a `tolerated` one, which stops only
 * itself: a later step weighs it (`failures`).
 */
export interface Parallel<P, F> {
  readonly parallel: readonly Branch<P, F>[];
}

export interface Branch<P, F> {
  readonly nodes: readonly Node<P, F>[];
  readonly tolerated?: boolean;
}

export type Node<P, F> = Step<P, F> | Parallel<P, F>;

/** The steps in the order in which a person reads them. */
export function flatten<P, F>(nodes: readonly Node<P, F>[]): readonly Step<P, F>[] {
  return nodes.flatMap((node) =>
    "parallel" in node ? node.parallel.flatMap(({ nodes: inner }) => flatten(inner)) : [node],
  );
}

/** Lines of a plan: steps numbered, branches marked. */
export function outline<P, F>(nodes: readonly Node<P, F>[]): readonly string[] {
  let number = 0;
  const lines = (list: readonly Node<P, F>[], indent: string): string[] =>
    list.flatMap((node) =>
      "parallel" in node
        ? node.parallel.flatMap((branch, index) => [
            `${indent}${index === 0 ? "at the same time:" : "and:"}`,
            ...lines(branch.nodes, `${indent}  `),
          ])
        : [`${indent}${++number}. ${node.id}: ${node.title}`],
    );
  return lines(nodes, "");
}
