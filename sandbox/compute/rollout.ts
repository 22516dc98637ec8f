/**
 * What the Deployment controller does next. Pure.
 * Invariant: during a rolling update never fewer than replicas − maxUnavailable pods are available through a decision
 * taken here, and never more than replicas + maxSurge exist (terminating ones not counted).
 */
import type { Deployment } from "./manifests.ts";
import { count } from "./quantity.ts";

export interface ReplicaView {
  readonly name: string;
  /** Hash of the template it was made from. */
  readonly template: string;
  readonly available: boolean;
  readonly terminating: boolean;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

export interface RolloutDecision {
  readonly create: number;
  readonly remove: readonly string[];
}

/** Not available ones first, then the newest: what the ReplicaSet controller prefers to lose. */
const expendableFirst = (a: ReplicaView, b: ReplicaView): number =>
  Number(a.available) - Number(b.available) || b.createdAt - a.createdAt;

export function decideRollout(
  spec: Deployment["spec"],
  template: string,
  pods: readonly ReplicaView[],
): RolloutDecision {
  const living = pods.filter(({ terminating }) => !terminating);
  const current = living.filter((pod) => pod.template === template);
  const outdated = living.filter((pod) => pod.template !== template);
  const { replicas, strategy } = spec;

  const surplus = [...current]
    .sort(expendableFirst)
    .slice(0, Math.max(0, current.length - replicas))
    .map(({ name }) => name);
  const missing = Math.max(0, replicas - current.length);
  if (outdated.length === 0) {
    const waitForOld =
      strategy.type === "Recreate" && pods.some((pod) => pod.terminating && pod.template !== template);
    return { create: waitForOld ? 0 : missing, remove: surplus };
  }
  if (strategy.type === "Recreate") return { create: 0, remove: outdated.map(({ name }) => name) };

  const surge = count(strategy.rollingUpdate.maxSurge, replicas, Math.ceil);
  const unavailable = count(strategy.rollingUpdate.maxUnavailable, replicas, Math.floor);
  // Both zero would allow no step at all; the controller then takes one away.
  const leastAvailable = replicas - (surge === 0 && unavailable === 0 ? 1 : unavailable);
  const create = Math.max(0, Math.min(missing, replicas + surge - living.length));
  const available = living.filter((pod) => pod.available).length;
  const broken = outdated.filter((pod) => !pod.available);
  const healthy = outdated.filter((pod) => pod.available).sort(expendableFirst);
  const spare = Math.max(0, available - leastAvailable);
  return {
    create,
    remove: [
      ...surplus,
      ...broken.map(({ name }) => name),
      ...healthy.slice(0, spare).map(({ name }) => name),
    ],
  };
}
