/** The Job controller: a pod per completion index, replaced while its index may fail, and the Job's status. */
import type { Properties } from "../cloud/behaviour.ts";
import { isObject } from "../cloud/fields.ts";
import { objects } from "../cloud/lists.ts";
import { templateHash } from "./controllers.ts";
import { decideJob, givesUp, intervals, type JobDecision, type Tally } from "./jobs.ts";
import { type Job, type PodTemplate, parseManifest } from "./manifests.ts";
import type { Pod } from "./pod.ts";
import type { Pods } from "./pods.ts";
import { time } from "./status.ts";
import { metadataOf, type ObjectStore } from "./store.ts";
import type { Backoff } from "./timings.ts";

const INDEX = "batch.kubernetes.io/job-completion-index";

export interface JobControllerOptions {
  readonly store: ObjectStore;
  readonly pods: Pods;
  readonly backoff: Backoff;
}

export class JobController {
  readonly #store: ObjectStore;
  readonly #pods: Pods;
  readonly #backoff: Backoff;
  /** By the Job's uid and the index: pods may be deleted, what became of them counts on. */
  readonly #tallies = new Map<string, Map<number, Tally>>();
  readonly #underWay = new Map<string, readonly Pod[]>();
  readonly #counted = new WeakSet<Pod>();

  constructor({ store, pods, backoff }: JobControllerOptions) {
    this.#store = store;
    this.#pods = pods;
    this.#backoff = backoff;
  }

  reconcile(now: number): void {
    const jobs = this.#store.list("Job");
    const uids = new Set(jobs.map(uidOf));
    for (const kept of [this.#tallies, this.#underWay]) {
      for (const uid of kept.keys()) if (!uids.has(uid)) kept.delete(uid);
    }
    for (const object of jobs) {
      const job = parseManifest("Job", object);
      const finishedAt = finishOf(object);
      if (finishedAt === undefined) this.#advance(object, job, now);
      else if (isExpired(job, finishedAt, now)) {
        this.#store.delete("Job", job.metadata.namespace, job.metadata.name);
      }
    }
  }

  #advance(object: Properties, job: Job, now: number): void {
    const uid = uidOf(object);
    const tallies = this.#tallies.get(uid) ?? new Map<number, Tally>();
    this.#tallies.set(uid, tallies);
    const active = new Map<number, Pod>();
    // One that was deleted and has ended is no longer among the pods.
    for (const pod of new Set([...this.#pods.ofJob(uid), ...(this.#underWay.get(uid) ?? [])])) {
      const index = pod.birth.completion?.index ?? 0;
      const outcome = pod.outcome ?? (hasFailed(pod, job) ? "Failed" : undefined);
      if (outcome === undefined) active.set(index, pod);
      else if (!this.#counted.has(pod)) {
        this.#counted.add(pod);
        const [{ name: container }] = pod.birth.manifest.spec.containers;
        const { state } = pod;
        const givenUp = state.kind === "ended" && givesUp(job.spec, { container, exitCode: state.exitCode });
        tallies.set(index, counted(tallies.get(index), { outcome, givenUp }, now));
      }
    }
    const decision = decideJob(job.spec, { tallies, active: new Set(active.keys()), now }, this.#backoff);
    for (const index of decision.start) {
      const manifest = manifestOf(job, uid, index, tallies.get(index)?.failures ?? 0);
      const { namespace, name: owner } = job.metadata;
      const template = templateHash(job.spec.template);
      active.set(
        index,
        this.#pods.create({ namespace, owner, template, manifest, completion: { jobUid: uid, index } }),
      );
    }
    this.#underWay.set(uid, [...active.values()]);
    const failures = [...tallies.values()].reduce((sum, tally) => sum + tally.failures, 0);
    this.#store.setStatus(object, statusOf(object, decision, [...active.values()], failures, now));
  }
}

const uidOf = (object: Properties): string => String(metadataOf(object)["uid"]);
const statusIn = ({ status }: Properties): Properties => (isObject(status) ? status : {});

/**
 * One that is being deleted has failed, whatever it still does, and another takes its place at once; under a policy, only
 * when it has ended. https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-replacement-policy
 */
const hasFailed = (pod: Pod, { spec: { podFailurePolicy } }: Job): boolean =>
  podFailurePolicy === undefined ? pod.terminating : pod.gone;

const counted = (
  before: Tally | undefined,
  { outcome, givenUp }: { readonly outcome: "Succeeded" | "Failed"; readonly givenUp: boolean },
  now: number,
): Tally => ({
  succeeded: before?.succeeded === true || outcome === "Succeeded",
  givenUp: before?.givenUp === true || givenUp,
  failures: (before?.failures ?? 0) + Number(outcome === "Failed"),
  failedAt: outcome === "Failed" ? now : (before?.failedAt ?? 0),
});

/** Undefined: it has not come to an end. */
function finishOf(object: Properties): number | undefined {
  const { conditions } = statusIn(object);
  const [last] = objects(conditions);
  return last === undefined ? undefined : Date.parse(String(last["lastTransitionTime"]));
}

const isExpired = ({ spec: { ttlSecondsAfterFinished } }: Job, finishedAt: number, now: number): boolean =>
  ttlSecondsAfterFinished !== undefined && now >= finishedAt + ttlSecondsAfterFinished * 1000;

/** The index reaches the container as a variable, in the pod's labels and annotations, and in its host name. */
function manifestOf({ metadata, spec }: Job, uid: string, index: number, failures: number): PodTemplate {
  const { template } = spec;
  const [container] = template.spec.containers;
  const own = {
    name: "JOB_COMPLETION_INDEX",
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } },
  };
  return {
    metadata: {
      labels: {
        ...template.metadata.labels,
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": metadata.name,
        [INDEX]: String(index),
      },
      annotations: {
        ...template.metadata.annotations,
        [INDEX]: String(index),
        "batch.kubernetes.io/job-index-failure-count": String(failures),
      },
    },
    spec: {
      ...template.spec,
      hostname: `${metadata.name}-${index}`,
      containers: [{ ...container, env: [...container.env, own] }],
    },
  };
}

const CONDITIONS = {
  Complete: { reason: "CompletionsReached", message: "Reached expected number of succeeded pods" },
  Failed: { reason: "FailedIndexes", message: "Job has failed indexes" },
} as const;

function statusOf(
  object: Properties,
  { completed, failed, finished }: JobDecision,
  active: readonly Pod[],
  failures: number,
  now: number,
): Properties {
  const common = {
    startTime: statusIn(object)["startTime"] ?? time(now),
    active: active.length,
    ready: active.filter(({ readySince }) => readySince !== undefined).length,
    succeeded: completed.length,
    failed: failures,
    completedIndexes: intervals(completed),
    failedIndexes: intervals(failed),
  };
  if (finished === undefined) return common;
  return {
    ...common,
    ...(finished === "Complete" ? { completionTime: time(now) } : {}),
    conditions: [{ type: finished, status: "True", lastTransitionTime: time(now), ...CONDITIONS[finished] }],
  };
}
