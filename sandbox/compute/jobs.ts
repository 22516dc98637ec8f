/**
 * What the Job controller does next about an Indexed Job with a back-off limit per index. Pure.
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index
 * Invariant: an index never has two active pods, and none once it succeeded or failed for good.
 */
import type { Job } from "./manifests.ts";
import type { Backoff } from "./timings.ts";

/** What became of an index' pods so far. */
export interface Tally {
  readonly succeeded: boolean;
  /** The Job's policy gives the index up, whatever its limit. */
  readonly givenUp: boolean;
  readonly failures: number;
  /** Unix milliseconds of the last failure. */
  readonly failedAt: number;
}

export interface JobView {
  /** By index; absent: no pod of it has ended. */
  readonly tallies: ReadonlyMap<number, Tally>;
  /** Indexes with a pod that is under way. */
  readonly active: ReadonlySet<number>;
  readonly now: number;
}

export interface JobDecision {
  /** Indexes that get a pod now. */
  readonly start: readonly number[];
  readonly completed: readonly number[];
  readonly failed: readonly number[];
  /** Undefined: not every index has come to its end. */
  readonly finished: "Complete" | "Failed" | undefined;
}

const FRESH: Tally = { succeeded: false, givenUp: false, failures: 0, failedAt: 0 };

export function decideJob(
  { completions, parallelism, backoffLimitPerIndex }: Job["spec"],
  { tallies, active, now }: JobView,
  { first, most }: Backoff,
): JobDecision {
  const indexes = Array.from({ length: completions }, (_, index) => index);
  const of = (index: number): Tally => tallies.get(index) ?? FRESH;
  const completed = indexes.filter((index) => of(index).succeeded);
  const failed = indexes.filter((index) => {
    const { succeeded, givenUp, failures } = of(index);
    return !succeeded && (givenUp || failures > backoffLimitPerIndex);
  });
  const ended = new Set([...completed, ...failed]);
  const isDue = ({ failures, failedAt }: Tally): boolean =>
    failures === 0 || now >= failedAt + Math.min(most, first * 2 ** (failures - 1));
  const due = indexes.filter((index) => !ended.has(index) && !active.has(index) && isDue(of(index)));
  return {
    start: due.slice(0, Math.max(0, parallelism - active.size)),
    completed,
    failed,
    finished: ended.size < completions ? undefined : failed.length === 0 ? "Complete" : "Failed",
  };
}

/** Whether the policy gives an index up by how a container of one of its pods ended. */
export const givesUp = (
  { podFailurePolicy }: Pick<Job["spec"], "podFailurePolicy">,
  { container, exitCode }: { readonly container: string; readonly exitCode: number },
): boolean =>
  podFailurePolicy?.rules.some(
    ({ onExitCodes: { containerName = container, values } }) =>
      containerName === container && values.includes(exitCode),
  ) === true;

/** As the API writes them: `0,2-4`. */
export function intervals(indexes: readonly number[]): string {
  const spans: { from: number; to: number }[] = [];
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === last.to + 1) last.to = index;
    else spans.push({ from: index, to: index });
  }
  return spans
    .map(({ from, to }) => (from === to ? `${from}` : `${from}${to === from + 1 ? "," : "-"}${to}`))
    .join(",");
}
