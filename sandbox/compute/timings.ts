/** Doubled with each failure, from the first to the longest delay. */
export interface Backoff {
  readonly first: number;
  readonly most: number;
}

/** How long Kubernetes takes over things. Tests shorten them; a drill keeps them. */
export interface Timings {
  /** How often time-driven decisions are looked at. */
  readonly tickMilliseconds: number;
  /** A silent kubelet's node is `Unknown` after this; its pods' tolerations count from then. */
  readonly nodeMonitorGraceMilliseconds: number;
  readonly autoscalerSyncMilliseconds: number;
  readonly backoffMilliseconds: Backoff;
  /** Before the pod that follows a failed one of the same completion index. */
  readonly jobBackoffMilliseconds: Backoff;
}

/**
 * Upstream defaults, which EKS does not let anybody change.
 * https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
 * (--node-monitor-grace-period 50 s since 1.32, --horizontal-pod-autoscaler-sync-period 15 s)
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy (back-off 10 s to 5 min)
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy (10 s to 6 min)
 */
export const KUBERNETES_TIMINGS: Timings = {
  tickMilliseconds: 250,
  nodeMonitorGraceMilliseconds: 50_000,
  autoscalerSyncMilliseconds: 15_000,
  backoffMilliseconds: { first: 10_000, most: 300_000 },
  jobBackoffMilliseconds: { first: 10_000, most: 360_000 },
};

/** Admission gives every pod this toleration of an unreachable node unless its manifest names one. */
export const DEFAULT_TOLERATION_MILLISECONDS = 300_000;
