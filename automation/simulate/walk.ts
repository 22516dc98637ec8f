/** A runbook on a virtual clock: its own nodes, in its own order, with a model of each step in place of the step. */

/** When the step that begins at `at` ends. Seconds on the walk's clock. */
export type StepModels<M> = Readonly<Record<string, (at: number, moments: M) => number>>;

/** As much of a runbook as a walk needs: what runs after and what beside what. */
export type Way =
  | { readonly id: string }
  | { readonly parallel: readonly { readonly nodes: readonly Way[] }[] };

export interface Span {
  readonly step: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Branches begin together, and what follows them waits for all, as in the engine that runs them. They are walked in
 * the list's order: a later branch may wait for a moment of an earlier one, not the other way round.
 */
export function walk<M>(
  nodes: readonly Way[],
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

/** What the end waited for: of steps beside each other the longest, of branches the one that ended last. */
export function criticalPath(spans: readonly Span[]): readonly Span[] {
  let until = Math.max(...spans.map(({ end }) => end));
  const path: Span[] = [];
  for (const span of spans.toReversed()) {
    if (span.end !== until) continue;
    path.unshift(span);
    until = span.start;
  }
  return path;
}

export interface Share {
  readonly name: string;
  /** Mean over the runs; the shares' sum is the mean of the whole. */
  readonly seconds: number;
}

/** Of what every run waited for, the largest first. */
export function meanShares(runs: readonly (readonly Share[])[]): readonly Share[] {
  const totals = new Map<string, number>();
  for (const { name, seconds } of runs.flat()) totals.set(name, (totals.get(name) ?? 0) + seconds);
  return [...totals]
    .map(([name, seconds]) => ({ name, seconds: seconds / runs.length }))
    .toSorted((a, b) => b.seconds - a.seconds);
}

/** What is wrong with the models of a runbook, one line each; empty: every step has one, and no other is there. */
export function unmodelled<M>(nodes: readonly Way[], models: StepModels<M>): readonly string[] {
  const steps = new Set(stepsOf(nodes));
  return [
    ...[...steps].filter((id) => !(id in models)).map(missingModel),
    ...Object.keys(models)
      .filter((id) => !steps.has(id))
      .map((id) => `there is a model of step ${id}, which the runbook does not have`),
  ];
}

const stepsOf = (nodes: readonly Way[]): readonly string[] =>
  nodes.flatMap((node) =>
    "parallel" in node ? node.parallel.flatMap((branch) => stepsOf(branch.nodes)) : [node.id],
  );

const missingModel = (id: string): string =>
  `step ${id} of the runbook has no model: say in automation/simulate what it waits for`;
