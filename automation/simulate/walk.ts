/** The runbook on a virtual clock: its own nodes, in its own order, with a model of each step in place of the step. */
import { flatten, type Node } from "../runbook/step.ts";

/** When the step that begins at `at` ends. Seconds since the impact. */
export type StepModels<M> = Readonly<Record<string, (at: number, moments: M) => number>>;

export interface Span {
  readonly step: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Branches begin together, and what follows them waits for all, as in the engine that runs them. They are walked in
 * the list's order: a later branch may wait for a moment of an earlier one, not the other way round.
 */
export function walk<P, F, M>(
  nodes: readonly Node<P, F>[],
  begin: number,
  models: StepModels<M>,
  moments: M,
  spans: Span[],
): number {
  let at = begin;
  for (const node of nodes) {
    if ("parallel" in node) {
      const start = at;
      for (const branch of node.parallel) {
        at = Math.max(at, walk(branch.nodes, start, models, moments, spans));
      }
    } else {
      const model = models[node.id];
      if (model === undefined) throw new Error(missingModel(node.id));
      const end = model(at, moments);
      spans.push({ step: node.id, start: at, end });
      at = end;
    }
  }
  return at;
}

/** What is wrong with the models of a runbook, one line each; empty: every step has one, and no other is there. */
export function unmodelled<P, F, M>(nodes: readonly Node<P, F>[], models: StepModels<M>): readonly string[] {
  const steps = new Set(flatten(nodes).map(({ id }) => id));
  return [
    ...[...steps].filter((id) => !(id in models)).map(missingModel),
    ...Object.keys(models)
      .filter((id) => !steps.has(id))
      .map((id) => `there is a model of step ${id}, which the runbook does not have`),
  ];
}

const missingModel = (id: string): string =>
  `step ${id} of the runbook has no model: say in automation/simulate/model.ts what it waits for`;
