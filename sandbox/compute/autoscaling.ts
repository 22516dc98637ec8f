/**
 * The horizontal autoscaler's decision. Pure.
 * https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 */

export interface AutoscalerView {
  readonly replicas: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Percent of the requested CPU that pods should use on average; undefined: no metric configured. */
  readonly targetUtilization: number | undefined;
  /** Percent of the requested CPU that each measured pod used. */
  readonly utilizations: readonly number[];
}

const TOLERANCE = 0.1;

/** @returns the wished replica count, before down-scale stabilization */
export function recommend(view: AutoscalerView): number {
  const { replicas, minReplicas, maxReplicas, targetUtilization, utilizations } = view;
  // At 0 replicas autoscaling is disabled: this is what parks a passive region.
  if (replicas === 0) return 0;
  if (replicas < minReplicas) return minReplicas;
  if (replicas > maxReplicas) return maxReplicas;
  if (targetUtilization === undefined || utilizations.length === 0) return replicas;
  const ratioOver = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length / targetUtilization;
  const ratio = ratioOver(utilizations);
  // Pods without a measurement are taken to idle when scaling up and to be busy when scaling down.
  const missing = Array<number>(Math.max(0, replicas - utilizations.length)).fill(ratio > 1 ? 0 : 100);
  const cautious = ratioOver([...utilizations, ...missing]);
  if (Math.abs(cautious - 1) <= TOLERANCE || cautious > 1 !== ratio > 1) return replicas;
  // Default scale-up policy: at most the greater of 4 more pods or twice as many per period.
  const limit = Math.max(replicas * 2, replicas + 4);
  return Math.max(minReplicas, Math.min(maxReplicas, limit, Math.ceil(cautious * replicas)));
}

export interface Recommendation {
  readonly at: number;
  readonly replicas: number;
}

/** Down-scaling follows the highest recommendation of the window, so that a dip does not shed capacity. */
export function stabilize(
  current: number,
  history: readonly Recommendation[],
  now: number,
  windowSeconds: number,
): number {
  const recent = history.filter(({ at }) => now - at <= windowSeconds * 1000);
  const latest = recent.at(-1)?.replicas ?? current;
  if (latest >= current) return latest;
  return Math.min(current, Math.max(...recent.map(({ replicas }) => replicas)));
}
