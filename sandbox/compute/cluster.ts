/** One region's Kubernetes: its objects, and the controllers that make pods and nodes follow them. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Region } from "../../components/model.ts";
import type { Addresses } from "../addresses.ts";
import { isObject } from "../cloud/fields.ts";
import type { Faults, Place } from "../faults.ts";
import type { Processes } from "../processes.ts";
import { AutoscalerController } from "./autoscaler.ts";
import { Controllers } from "./controllers.ts";
import { containerEnvironment, serviceVariables } from "./environment.ts";
import type { ImageRegistry } from "./images.ts";
import { JobController } from "./jobController.ts";
import type { KubernetesService } from "./manifests.ts";
import { type Node, type NodeGroup, Nodes } from "./nodes.ts";
import type { Pod } from "./pod.ts";
import { PodDoors } from "./podDoors.ts";
import { Pods } from "./pods.ts";
import { Services } from "./services.ts";
import type { PodView } from "./status.ts";
import { ObjectStore } from "./store.ts";
import type { Timings } from "./timings.ts";

export interface ClusterOptions {
  readonly region: Region;
  readonly faults: Faults;
  readonly addresses: Addresses;
  readonly processes: Processes;
  readonly images: ImageRegistry;
  /** Pod logs: `<directory>/<pod>.log`. */
  readonly directory: string;
  /** Injected into every container; wins over its manifest. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timings: Timings;
  readonly placeOf: (ip: string) => Place;
}

type Loss = "kill" | "freeze";
const POLL_MILLISECONDS = 50;
/** What the Pulumi provider waits for a deletion. */
const DELETE_TIMEOUT_MILLISECONDS = 600_000;

export class Cluster {
  readonly region: Region;
  readonly store: ObjectStore;
  readonly nodes: Nodes;
  readonly pods: Pods;
  readonly services: Services;
  readonly #options: ClusterOptions;
  readonly #controllers: Controllers;
  readonly #jobs: JobController;
  readonly #doors: PodDoors;
  readonly #autoscaler: AutoscalerController;
  readonly #ticker: NodeJS.Timeout;
  #autoscaledAt = Date.now();
  #woken = false;
  #down = false;

  constructor(options: ClusterOptions) {
    const { region, addresses, faults, processes, images, directory, timings, placeOf } = options;
    this.#options = options;
    this.region = region;
    this.store = new ObjectStore(() => this.#wake());
    this.nodes = new Nodes(region);
    this.pods = new Pods(addresses, region, {
      processes,
      images,
      logPath: (pod) => join(directory, `${pod}.log`),
      backoffMilliseconds: timings.backoffMilliseconds,
      changed: () => this.#wake(),
      pulled: (node, image) => this.nodes.get(node)?.images.add(image),
      environment: (container, pod) => ({
        ...containerEnvironment(container, pod, serviceVariables(this.services.all), {
          value: (kind, name, key) => this.#value(kind, pod.namespace, name, key),
        }),
        ...options.environment,
        POD_NETWORK_IP: pod.ip,
      }),
    });
    const isDead = (pod: Pod) => this.#nodeOf(pod)?.lost === "kill";
    this.services = new Services({
      ...{ faults, addresses, region, placeOf, isDead },
      endpoints: (service) => this.#endpoints(service),
    });
    this.#doors = new PodDoors({ faults, placeOf, isDead });
    const { nodeMonitorGraceMilliseconds } = timings;
    const { store, nodes, pods } = this;
    this.#controllers = new Controllers({ store, nodes, pods, nodeMonitorGraceMilliseconds });
    this.#jobs = new JobController({ store, pods, backoff: timings.jobBackoffMilliseconds });
    this.#autoscaler = new AutoscalerController(this.store, (namespace, owner) =>
      this.pods.of(namespace, owner).filter((pod) => pod.readySince !== undefined),
    );
    this.#ticker = setInterval(() => this.#reconcile(), timings.tickMilliseconds);
  }

  /** Every pod with what the control plane believes of it. */
  views(namespace?: string, owner?: string): readonly PodView[] {
    return this.pods.all
      .filter(
        ({ birth }) =>
          (namespace === undefined || birth.namespace === namespace) &&
          (owner === undefined || birth.owner === owner),
      )
      .map((pod) => ({ pod, available: this.#controllers.isAvailable(pod) }));
  }

  /** Load that the autoscaler sees: what it measures times this. */
  set load(factor: number) {
    this.#autoscaler.load = factor;
  }

  isReady(node: Node): boolean {
    return this.#controllers.isReady(node);
  }

  setNodeGroup(group: NodeGroup): void {
    this.#evict(this.nodes.setGroup(group));
  }

  removeNodeGroup(name: string): void {
    this.#evict(this.nodes.removeGroup(name));
  }

  /** Resolves when it is gone, a Deployment's pods included: they get their grace period. */
  async delete(kind: string, namespace: string, name: string): Promise<void> {
    this.store.delete(kind, namespace, name);
    const services = this.services.all.map(({ service }) => service.metadata);
    for (const service of services) {
      const isIt = kind === "Service" && service.namespace === namespace && service.name === name;
      const isInside = kind === "Namespace" && service.namespace === name;
      if (isIt || isInside) await this.services.remove(service.namespace, service.name);
    }
    if (kind !== "Deployment") return;
    const deadline = Date.now() + DELETE_TIMEOUT_MILLISECONDS;
    while (this.pods.of(namespace, name).some((pod) => !pod.gone) && !this.#down && Date.now() < deadline) {
      await sleep(POLL_MILLISECONDS);
    }
  }

  /** The whole region: all nodes at one instant, and the control plane with them. */
  lose(how: Loss): void {
    this.#down = true;
    this.#loseNodes(this.nodes.all, how);
  }

  loseZone(zone: string, how: Loss): void {
    this.#loseNodes(this.#inZone(zone), how);
  }

  return(): void {
    this.#down = false;
    this.#returnNodes(this.nodes.all);
  }

  returnZone(zone: string): void {
    this.#returnNodes(this.#inZone(zone));
  }

  /**
   * Its nodes are cordoned and its pods leave every Service, on whose nodes' ports there is nobody then; the pods stay
   * where they are. https://docs.aws.amazon.com/eks/latest/userguide/zone-shift.html
   */
  shiftAway(zone: string, isShiftedAway: boolean): void {
    for (const node of this.#inZone(zone)) node.isShiftedAway = isShiftedAway;
    this.#wake();
  }

  /** A Deployment's pods hang (SIGSTOP), unseen by their kubelets, until `thaw`. */
  freeze(deployment: string): void {
    const pods = this.#podsOf(deployment);
    this.#options.processes.freeze(...pods.flatMap(({ child }) => child ?? []));
    for (const pod of pods) pod.loseNode("freeze");
  }

  thaw(deployment: string): void {
    const pods = this.#podsOf(deployment);
    this.#options.processes.thaw(...pods.flatMap(({ child }) => child ?? []));
    for (const pod of pods) pod.returnNode(() => this.pods.freshIp());
  }

  async close(): Promise<void> {
    this.#down = true;
    clearInterval(this.#ticker);
    for (const pod of this.pods.all) pod.close();
    this.#options.processes.kill(...this.pods.all.flatMap(({ child }) => child ?? []));
    await this.services.close();
    await this.#doors.close();
  }

  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      this.#reconcile();
    });
  }

  #reconcile(): void {
    if (this.#down) return;
    const now = Date.now();
    // Before those that are gone are forgotten: a Job counts them.
    this.#jobs.reconcile(now);
    this.#controllers.reconcile(now);
    this.#doors.follow(this.pods.all);
    if (now - this.#autoscaledAt >= this.#options.timings.autoscalerSyncMilliseconds) {
      this.#autoscaledAt = now;
      this.#autoscaler.sync(now);
    }
  }

  /** Nodes that were taken away take their pods along. */
  #evict(gone: readonly Node[]): void {
    const names = new Set(gone.map(({ name }) => name));
    for (const pod of this.pods.all) if (pod.node !== undefined && names.has(pod.node)) pod.delete();
  }

  #inZone(zone: string): readonly Node[] {
    return this.nodes.all.filter((node) => node.zone === zone);
  }

  #podsOf(deployment: string): readonly Pod[] {
    return this.pods.all.filter(({ birth }) => birth.owner === deployment);
  }

  #podsOn(nodes: readonly Node[]): readonly Pod[] {
    const names = new Set(nodes.map(({ name }) => name));
    return this.pods.all.filter(({ node }) => node !== undefined && names.has(node));
  }

  #loseNodes(nodes: readonly Node[], how: Loss): void {
    for (const node of nodes) {
      node.lost = how;
      node.lostAt ??= Date.now();
    }
    const pods = this.#podsOn(nodes);
    const children = pods.flatMap(({ child }) => child ?? []);
    if (how === "kill") this.#options.processes.kill(...children);
    else this.#options.processes.freeze(...children);
    for (const pod of pods) pod.loseNode(how);
  }

  #returnNodes(nodes: readonly Node[]): void {
    const pods = this.#podsOn(nodes);
    this.#options.processes.thaw(...pods.flatMap(({ child }) => child ?? []));
    for (const node of nodes) {
      node.lost = undefined;
      node.lostAt = undefined;
    }
    for (const pod of pods) pod.returnNode(() => this.pods.freshIp());
    this.#wake();
  }

  #nodeOf(pod: Pod): Node | undefined {
    return pod.node === undefined ? undefined : this.nodes.get(pod.node);
  }

  #endpoints({ metadata, spec }: KubernetesService): readonly { pod: Pod; zone: string }[] {
    const { selector } = spec;
    if (selector === undefined) return [];
    return this.views(metadata.namespace).flatMap(({ pod, available }) => {
      const { labels } = pod.birth.manifest.metadata;
      const selected = Object.entries(selector).every(([key, value]) => labels[key] === value);
      const lives = !pod.terminating && pod.outcome === undefined;
      const listed = available || (spec.publishNotReadyAddresses && lives);
      const node = this.#nodeOf(pod);
      return selected && listed && node?.isShiftedAway !== true
        ? [{ pod, zone: node?.zone ?? this.region }]
        : [];
    });
  }

  #value(kind: "Secret" | "ConfigMap", namespace: string, name: string, key: string): string | undefined {
    const object = this.store.get(kind, namespace, name);
    const plain = object?.[kind === "Secret" ? "stringData" : "data"];
    if (isObject(plain) && typeof plain[key] === "string") return plain[key];
    const encoded = kind === "Secret" ? object?.["data"] : undefined;
    if (!isObject(encoded) || typeof encoded[key] !== "string") return undefined;
    return Buffer.from(encoded[key], "base64").toString("utf8");
  }
}
