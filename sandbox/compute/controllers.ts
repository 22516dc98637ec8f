/** What the control plane does about deployments, pending pods and nodes that fell silent: one look at everything. */
import { createHash } from "node:crypto";
import type { Properties } from "../cloud/behaviour.ts";
import { type Deployment, type PodTemplate, parseManifest } from "./manifests.ts";
import type { Node, Nodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import type { Pods } from "./pods.ts";
import { cores } from "./quantity.ts";
import { decideRollout } from "./rollout.ts";
import { type PlacedPod, schedule } from "./scheduler.ts";
import { deploymentStatus, type PodView } from "./status.ts";
import { metadataOf, type ObjectStore } from "./store.ts";
import { DEFAULT_TOLERATION_MILLISECONDS } from "./timings.ts";

export interface ControllersOptions {
  readonly store: ObjectStore;
  readonly nodes: Nodes;
  readonly pods: Pods;
  readonly nodeMonitorGraceMilliseconds: number;
}

export class Controllers {
  readonly #store: ObjectStore;
  readonly #nodes: Nodes;
  readonly #pods: Pods;
  readonly #graceMilliseconds: number;

  constructor({ store, nodes, pods, nodeMonitorGraceMilliseconds }: ControllersOptions) {
    this.#store = store;
    this.#nodes = nodes;
    this.#pods = pods;
    this.#graceMilliseconds = nodeMonitorGraceMilliseconds;
  }

  /** Changes what can be changed now; called again whenever something happened and now and then. */
  reconcile(now: number): void {
    this.#pods.sweep();
    for (const node of this.#nodes.all) if (!this.isReady(node)) this.#evictFrom(node, now);
    const deployments = this.#store.list("Deployment");
    for (const object of deployments) this.#rollOut(parseManifest("Deployment", object));
    for (const pod of this.#pods.all) {
      if (!pod.terminating && !this.#isOwned(pod)) pod.delete();
    }
    this.#schedulePending();
    for (const object of deployments) this.#writeStatus(object);
  }

  /** As the node controller knows: a node that fell silent is believed in for a while. */
  isReady(node: Node): boolean {
    return node.lostAt === undefined || Date.now() - node.lostAt < this.#graceMilliseconds;
  }

  /** Ready, on a node that is believed in, and not on its way out. */
  isAvailable(pod: Pod): boolean {
    const node = pod.node === undefined ? undefined : this.#nodes.get(pod.node);
    return pod.readySince !== undefined && !pod.terminating && node !== undefined && this.isReady(node);
  }

  views(namespace: string, owner: string): readonly PodView[] {
    return this.#pods.of(namespace, owner).map((pod) => ({ pod, available: this.isAvailable(pod) }));
  }

  #isOwned({ birth: { namespace, owner, completion } }: Pod): boolean {
    if (completion === undefined) return this.#store.get("Deployment", namespace, owner) !== undefined;
    const job = this.#store.get("Job", namespace, owner);
    return job !== undefined && metadataOf(job)["uid"] === completion.jobUid;
  }

  #rollOut({ metadata, spec }: Deployment): void {
    const template = templateHash(spec.template);
    const views = this.views(metadata.namespace, metadata.name).map(({ pod, available }) => ({
      name: pod.birth.name,
      template: pod.birth.template,
      terminating: pod.terminating,
      createdAt: pod.createdAt,
      available,
    }));
    const { create, remove } = decideRollout(spec, template, views);
    for (const name of remove) this.#pods.get(metadata.namespace, name)?.delete();
    for (let n = 0; n < create; n++) {
      this.#pods.create({
        namespace: metadata.namespace,
        owner: metadata.name,
        template,
        manifest: spec.template,
      });
    }
  }

  #schedulePending(): void {
    const pending = this.#pods.all.filter((pod) => pod.node === undefined && !pod.terminating);
    if (pending.length === 0) return;
    const nodes = this.#nodes.views((node) => this.isReady(node));
    for (const pod of pending) {
      const placed = this.#pods.all.flatMap((other): PlacedPod[] =>
        other.node === undefined || other.outcome !== undefined
          ? []
          : [{ node: other.node, ...schedulingOf(other) }],
      );
      const { spec } = pod.birth.manifest;
      const outcome = schedule({ ...schedulingOf(pod), spec }, nodes, placed);
      if ("node" in outcome)
        pod.bind(outcome.node, this.#pods.freshIp(), this.#nodes.get(outcome.node)?.lost);
      else pod.unschedulable = outcome.unschedulable;
    }
  }

  #writeStatus(object: Properties): void {
    const { metadata, spec } = parseManifest("Deployment", object);
    const generation = metadataOf(object)["generation"];
    const view = {
      generation: typeof generation === "number" ? generation : 1,
      replicas: spec.replicas,
      template: templateHash(spec.template),
    };
    this.#store.setStatus(object, deploymentStatus(view, this.views(metadata.namespace, metadata.name)));
  }

  /** Pods leave a node that does not answer when their toleration of that is over. */
  #evictFrom(node: Node, now: number): void {
    const unreachableSince = (node.lostAt ?? now) + this.#graceMilliseconds;
    for (const pod of this.#pods.all) {
      if (pod.node !== node.name || pod.terminating) continue;
      if (now - unreachableSince >= tolerationMilliseconds(pod)) pod.delete();
    }
  }
}

/** Changes with anything in the template, and with nothing else. */
export function templateHash(template: PodTemplate): string {
  return createHash("sha256").update(JSON.stringify(template)).digest("hex").slice(0, 10);
}

const schedulingOf = ({ birth, container: { resources } }: Pod) => ({
  namespace: birth.namespace,
  labels: birth.manifest.metadata.labels,
  cores: cores(resources.requests.cpu ?? resources.limits.cpu),
});

function tolerationMilliseconds({ birth }: Pod): number {
  const { tolerations } = birth.manifest.spec;
  const unreachable = tolerations.find(
    ({ key, effect }) =>
      (key === undefined || key === "node.kubernetes.io/unreachable") &&
      (effect ?? "NoExecute") === "NoExecute",
  );
  if (unreachable === undefined) return DEFAULT_TOLERATION_MILLISECONDS;
  return (unreachable.tolerationSeconds ?? Number.POSITIVE_INFINITY) * 1000;
}
