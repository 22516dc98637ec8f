/** One pod, kept as its node's kubelet would keep it: started, restarted with back-off, terminated in order. */
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Processes } from "../processes.ts";
import { ContainerRun } from "./container.ts";
import { ContainerConfigError, type PodIdentity } from "./environment.ts";
import type { ImageRegistry } from "./images.ts";
import type { Container, PodTemplate } from "./manifests.ts";
import type { Backoff } from "./timings.ts";

/** What a pod needs of its cluster. */
export interface Kubelet {
  readonly processes: Processes;
  readonly images: ImageRegistry;
  readonly logPath: (pod: string) => string;
  /** Throws `ContainerConfigError`. */
  readonly environment: (container: Container, pod: PodIdentity) => Record<string, string>;
  readonly backoffMilliseconds: Backoff;
  readonly changed: () => void;
  readonly pulled: (node: string, image: string) => void;
}

export interface PodBirth {
  readonly name: string;
  readonly namespace: string;
  /** Name of the Deployment or the Job. */
  readonly owner: string;
  /** Of a Job's pod. */
  readonly completion?: { readonly jobUid: string; readonly index: number };
  /** Hash of the template. */
  readonly template: string;
  readonly manifest: PodTemplate;
}

export type PodState =
  | { readonly kind: "waiting"; readonly reason: string; readonly message: string }
  | { readonly kind: "running"; readonly run: ContainerRun }
  /** For good: what its manifest does not let restart. Times in Unix milliseconds. */
  | {
      readonly kind: "ended";
      readonly reason: "Completed" | "Error";
      readonly message: string;
      readonly exitCode: number;
      readonly startedAt: number;
      readonly endedAt: number;
    };

/** Of a process that was killed. */
const LOST_EXIT_CODE = 137;
/** A container that ran this many times the longest back-off starts with a clean slate. */
const FORGIVEN_AFTER = 2;

export class Pod {
  readonly uid = randomUUID();
  readonly createdAt = Date.now();
  readonly birth: PodBirth;
  /** Why no node takes it; undefined when none was asked yet or one did. */
  unschedulable: string | undefined;
  readonly #kubelet: Kubelet;
  #binding: { readonly node: string; readonly ip: string } | undefined;
  #state: PodState = { kind: "waiting", reason: "Pending", message: "not scheduled yet" };
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #restarts = 0;
  #readySince: number | undefined;
  #deletedAt: number | undefined;
  #gone = false;
  #nodeLost: "kill" | "freeze" | undefined;

  constructor(birth: PodBirth, kubelet: Kubelet) {
    this.birth = birth;
    this.#kubelet = kubelet;
  }

  get container(): Container {
    return this.birth.manifest.spec.containers[0];
  }
  get node(): string | undefined {
    return this.#binding?.node;
  }
  get ip(): string | undefined {
    return this.#binding?.ip;
  }
  get state(): PodState {
    return this.#state;
  }
  get child(): ChildProcess | undefined {
    return this.#state.kind === "running" ? this.#state.run.child : undefined;
  }
  get restarts(): number {
    return this.#restarts;
  }
  /** Unix milliseconds, undefined while not ready. As the kubelet last said: a lost node's pods stay as they were. */
  get readySince(): number | undefined {
    return this.#readySince;
  }
  get deletedAt(): number | undefined {
    return this.#deletedAt;
  }
  get terminating(): boolean {
    return this.#deletedAt !== undefined;
  }
  /** How it ended by itself; the object stays. */
  get outcome(): "Succeeded" | "Failed" | undefined {
    if (this.#state.kind !== "ended") return undefined;
    return this.#state.exitCode === 0 ? "Succeeded" : "Failed";
  }
  /** Terminated: the object may go too. */
  get gone(): boolean {
    return this.#gone;
  }

  /** @param lost the scheduler does not know yet that the node's kubelet is silent: nothing starts until it returns */
  bind(node: string, ip: string, lost: "kill" | "freeze" | undefined): void {
    this.#binding = { node, ip };
    this.#nodeLost = lost;
    this.unschedulable = undefined;
    this.#start();
  }

  /** In order, with the grace period. On a lost node nobody hears it until the node returns. */
  delete(): void {
    this.#deletedAt ??= Date.now();
    this.#readySince = undefined;
    if (this.#nodeLost === undefined || this.#binding === undefined) {
      clearTimeout(this.#retry);
      if (this.#state.kind === "running") this.#state.run.stop();
      else this.#gone = true;
    }
    this.#kubelet.changed();
  }

  /** Nothing is told to the process: the caller stops or kills those of all pods at one instant. */
  loseNode(how: "kill" | "freeze"): void {
    if (this.#gone || this.#nodeLost === "kill") return;
    this.#nodeLost = how;
    clearTimeout(this.#retry);
    if (this.#state.kind === "running") this.#state.run.suspend();
  }

  /**
   * After a freeze the processes are thawed already. After a power loss containers start again, with a new IP: what
   * held the old one is gone.
   */
  returnNode(newIp: () => string): void {
    const lost = this.#nodeLost;
    this.#nodeLost = undefined;
    if (lost === undefined || this.#binding === undefined) return;
    if (this.terminating) {
      this.delete();
    } else if (this.#state.kind === "ended") {
      return;
    } else if (lost === "freeze" && this.#state.kind === "running") {
      this.#state.run.resume();
    } else if (this.#endsOnce) {
      this.#end("its node lost power", LOST_EXIT_CODE, this.createdAt);
    } else {
      this.#readySince = undefined;
      this.#restarts++;
      this.#binding = { node: this.#binding.node, ip: newIp() };
      this.#start();
    }
  }

  /** At once and for good; the caller kills its process. */
  close(): void {
    this.#gone = true;
    clearTimeout(this.#retry);
    if (this.#state.kind === "running") this.#state.run.suspend();
  }

  #start(): void {
    if (this.#binding === undefined || this.#gone || this.terminating || this.#nodeLost !== undefined) return;
    const { name, namespace, manifest } = this.birth;
    const image = this.#kubelet.images.resolve(this.container.image);
    if (image === undefined) {
      this.#wait("ImagePullBackOff", `Back-off pulling image "${this.container.image}": not found`);
      return;
    }
    this.#kubelet.pulled(this.#binding.node, this.container.image);
    try {
      const environment = this.#kubelet.environment(this.container, {
        name,
        hostname: manifest.spec.hostname ?? name,
        namespace,
        ...this.#binding,
        labels: manifest.metadata.labels,
        annotations: manifest.metadata.annotations,
        serviceAccount: manifest.spec.serviceAccountName,
      });
      this.#run([...(this.container.command ?? image.command), ...this.container.args], {
        ...image.environment,
        ...environment,
      });
    } catch (error) {
      if (!(error instanceof ContainerConfigError)) throw error;
      this.#wait("CreateContainerConfigError", error.message);
    }
  }

  #run([program = "", ...args]: readonly string[], env: Readonly<Record<string, string>>): void {
    const { processes, logPath } = this.#kubelet;
    const path = logPath(this.birth.name);
    mkdirSync(dirname(path), { recursive: true });
    const output = openSync(path, "a");
    const child = processes.spawn(program, args, { env, output });
    closeSync(output);
    const graceMilliseconds = this.birth.manifest.spec.terminationGracePeriodSeconds * 1000;
    const options = { container: this.container, ip: this.ip ?? "", graceMilliseconds };
    const run = new ContainerRun(processes, child, options, {
      ready: (ready) => {
        if (this.terminating) return;
        this.#readySince = ready ? (this.#readySince ?? Date.now()) : undefined;
        this.#kubelet.changed();
      },
      exit: (how, exitCode) => this.#exited(run, how, exitCode),
    });
    this.#state = { kind: "running", run };
    this.#kubelet.changed();
  }

  get #endsOnce(): boolean {
    return this.birth.manifest.spec.restartPolicy === "Never";
  }

  #end(message: string, exitCode: number, startedAt: number): void {
    const reason = exitCode === 0 ? "Completed" : "Error";
    this.#readySince = undefined;
    this.#state = { kind: "ended", reason, message, exitCode, startedAt, endedAt: Date.now() };
    this.#kubelet.changed();
  }

  #exited(run: ContainerRun, how: string, exitCode: number): void {
    if (this.#gone || this.#state.kind !== "running" || this.#state.run !== run) return;
    this.#state = { kind: "waiting", reason: "Terminated", message: how };
    if (this.#nodeLost !== undefined) return;
    this.#readySince = undefined;
    if (this.terminating) {
      this.#gone = true;
      this.#kubelet.changed();
      return;
    }
    if (this.#endsOnce) {
      this.#end(how, exitCode, run.startedAt);
      return;
    }
    this.#restarts++;
    const forgiven = Date.now() - run.startedAt > FORGIVEN_AFTER * this.#kubelet.backoffMilliseconds.most;
    // The first crash is restarted at once; only those that follow wait, 10 s, 20 s, … up to 5 min.
    if (forgiven || this.#failures === 0) {
      this.#failures = 1;
      this.#start();
    } else {
      this.#wait("CrashLoopBackOff", `container ended: ${how}`);
    }
  }

  #wait(reason: string, message: string): void {
    const { first, most } = this.#kubelet.backoffMilliseconds;
    const delay = Math.min(most, first * 2 ** Math.max(0, this.#failures++ - 1));
    this.#state = { kind: "waiting", reason, message };
    this.#retry = setTimeout(() => this.#start(), delay);
    this.#kubelet.changed();
  }
}
