/** What the steps of a run leave to one another. */
import type { StepContext } from "./step.ts";

/** A fact that an earlier step must have left. */
export function known<P, F, K extends keyof F>({ facts }: StepContext<P, F>, key: K): F[K] {
  const value = facts[key];
  if (value === undefined)
    throw new Error(`the run's record has no "${String(key)}": an earlier step did not leave it`);
  return value as F[K];
}
