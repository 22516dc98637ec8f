/** The autoscaling controller: measures pods' CPU from /proc and writes `spec.replicas` through `scale`. */
import type { Properties } from "../cloud/behaviour.ts";
import { type Recommendation, recommend, stabilize } from "./autoscaling.ts";
import { parseManifest } from "./manifests.ts";
import type { Pod } from "./pod.ts";
import { cores } from "./quantity.ts";
import { scale } from "./scale.ts";
import type { ObjectStore } from "./store.ts";

/** How the API server names this writer in `managedFields`. */
export const AUTOSCALER_MANAGER = "kube-controller-manager";

const MILLISECONDS_PER_TICK = 10;

interface Sample {
  readonly at: number;
  readonly ticks: number;
}

export class AutoscalerController {
  readonly #store: ObjectStore;
  readonly #pods: (namespace: string, owner: string) => readonly Pod[];
  /** Measured CPU times this: load that the machine has no cores for. */
  load = 1;
  #samples = new Map<string, Sample>();
  readonly #history = new Map<string, readonly Recommendation[]>();

  constructor(store: ObjectStore, pods: (namespace: string, owner: string) => readonly Pod[]) {
    this.#store = store;
    this.#pods = pods;
  }

  /** One sync of all autoscalers. Utilization is that since the last sync. */
  sync(now: number): void {
    const seen = new Map<string, Sample>();
    for (const object of this.#store.list("HorizontalPodAutoscaler")) this.#syncOne(object, now, seen);
    this.#samples = seen;
  }

  #syncOne(object: Properties, now: number, seen: Map<string, Sample>): void {
    const { metadata, spec } = parseManifest("HorizontalPodAutoscaler", object);
    const { namespace } = metadata;
    const deployment = this.#store.get("Deployment", namespace, spec.scaleTargetRef.name);
    if (deployment === undefined) return;
    const { replicas } = parseManifest("Deployment", deployment).spec;
    const utilizations = this.#pods(namespace, spec.scaleTargetRef.name).flatMap(
      (pod) => this.#utilization(pod, now, seen) ?? [],
    );
    const recommended = recommend({
      replicas,
      minReplicas: spec.minReplicas,
      maxReplicas: spec.maxReplicas,
      targetUtilization: spec.metrics[0]?.resource.target.averageUtilization,
      utilizations,
    });
    const windowSeconds = spec.behavior.scaleDown?.stabilizationWindowSeconds ?? 300;
    const key = `${namespace}/${metadata.name}`;
    const history = [...(this.#history.get(key) ?? []), { at: now, replicas: recommended }].filter(
      ({ at }) => now - at <= windowSeconds * 1000,
    );
    this.#history.set(key, history);
    const desired = replicas === 0 ? 0 : stabilize(replicas, history, now, windowSeconds);
    if (desired !== replicas)
      scale(this.#store, namespace, spec.scaleTargetRef.name, desired, AUTOSCALER_MANAGER);
    const average = utilizations.reduce((sum, value) => sum + value, 0) / utilizations.length;
    this.#store.setStatus(object, {
      currentReplicas: replicas,
      desiredReplicas: desired,
      ...(utilizations.length === 0 ? {} : { currentCPUUtilizationPercentage: Math.round(average) }),
      conditions: [
        replicas === 0
          ? { type: "ScalingActive", status: "False", reason: "ScalingDisabled" }
          : { type: "ScalingActive", status: "True", reason: "ValidMetricFound" },
      ],
    });
  }

  /** Percent of the request; undefined on the first sight of a container, or when nothing is requested. */
  #utilization(pod: Pod, now: number, seen: Map<string, Sample>): number | undefined {
    const { state } = pod;
    const requested = cores(pod.container.resources.requests.cpu ?? pod.container.resources.limits.cpu);
    const ticks = state.kind === "running" ? state.run.cpuTicks : undefined;
    if (state.kind !== "running" || ticks === undefined || requested === 0) return undefined;
    const key = `${pod.uid}/${state.run.startedAt}`;
    seen.set(key, { at: now, ticks });
    const before = this.#samples.get(key);
    if (before === undefined || now === before.at) return undefined;
    const used = ((ticks - before.ticks) * MILLISECONDS_PER_TICK) / (now - before.at);
    return (this.load * used * 100) / requested;
  }
}
