/** One run of a container: a process with its probes, until it exits. */
import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Processes } from "../processes.ts";
import { processStat } from "../processTable.ts";
import type { Container, Probe } from "./manifests.ts";
import { Prober, probeOnce } from "./probes.ts";

/** Exit codes as containerd reports them. */
const START_ERROR = 128;
const SIGNALLED = 128;

export interface RunEvents {
  readonly ready: (ready: boolean) => void;
  /** Once; in words: `exit code 1`, `SIGKILL`, or why it could not start. */
  readonly exit: (how: string, exitCode: number) => void;
}

export function portOf(container: Container, named: number | string): number | undefined {
  if (typeof named === "number") return named;
  return container.ports.find(({ name }) => name === named)?.containerPort;
}

export class ContainerRun {
  readonly startedAt = Date.now();
  readonly child: ChildProcess;
  readonly #processes: Processes;
  readonly #container: Container;
  readonly #ip: string;
  readonly #graceMilliseconds: number;
  readonly #events: RunEvents;
  #probers: Prober[] = [];
  #deadlines: NodeJS.Timeout[] = [];
  #started = false;
  #ready = false;
  #ended = false;

  constructor(
    processes: Processes,
    child: ChildProcess,
    options: { readonly container: Container; readonly ip: string; readonly graceMilliseconds: number },
    events: RunEvents,
  ) {
    this.#processes = processes;
    this.child = child;
    this.#container = options.container;
    this.#ip = options.ip;
    this.#graceMilliseconds = options.graceMilliseconds;
    this.#events = events;
    child.once("error", (error) => this.#end(error.message, START_ERROR));
    child.once("exit", (code, signal) =>
      signal === null
        ? this.#end(`exit code ${code}`, code ?? START_ERROR)
        : this.#end(signal, SIGNALLED + constants.signals[signal]),
    );
    this.#beginProbing();
  }

  /** CPU used so far, in ticks of 10 ms; undefined when it is gone. */
  get cpuTicks(): number | undefined {
    return this.child.pid === undefined ? undefined : processStat(this.child.pid)?.cpuTicks;
  }

  /** SIGTERM, then SIGKILL after the grace period. */
  stop(): void {
    this.#stopProbing();
    this.#processes.signal(this.child, "SIGTERM");
    this.#deadlines.push(setTimeout(() => this.#processes.kill(this.child), this.#graceMilliseconds));
  }

  /** Its node is lost and with it the kubelet: nobody probes, the last known readiness stays. */
  suspend(): void {
    this.#stopProbing();
  }

  resume(): void {
    if (!this.#ended) this.#beginProbing();
  }

  #end(how: string, exitCode: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopProbing();
    this.#events.exit(how, exitCode);
  }

  /** Liveness and readiness wait for the startup probe. */
  #beginProbing(): void {
    const { startupProbe } = this.#container;
    if (startupProbe === undefined || this.#started) {
      this.#probeLife();
      return;
    }
    const startup = new Prober(startupProbe, false, this.#check(startupProbe), () => {
      this.#stopProbing();
      this.#started = true;
      this.#probeLife();
    });
    this.#probers.push(startup);
    const { initialDelaySeconds, failureThreshold, periodSeconds } = startupProbe;
    const patience = (initialDelaySeconds + failureThreshold * periodSeconds) * 1000;
    this.#deadlines.push(setTimeout(() => this.stop(), patience));
  }

  #probeLife(): void {
    const { livenessProbe, readinessProbe } = this.#container;
    if (livenessProbe !== undefined) {
      this.#probers.push(new Prober(livenessProbe, true, this.#check(livenessProbe), () => this.stop()));
    }
    const report = (ready: boolean) => {
      this.#ready = ready;
      this.#events.ready(ready);
    };
    if (readinessProbe === undefined) setImmediate(() => !this.#ended && report(true));
    else this.#probers.push(new Prober(readinessProbe, this.#ready, this.#check(readinessProbe), report));
  }

  #check(probe: Probe): () => Promise<boolean> {
    const port = portOf(this.#container, probe.httpGet.port);
    return port === undefined ? () => Promise.resolve(false) : () => probeOnce(this.#ip, port, probe);
  }

  #stopProbing(): void {
    for (const prober of this.#probers) prober.stop();
    for (const deadline of this.#deadlines) clearTimeout(deadline);
    this.#probers = [];
    this.#deadlines = [];
  }
}
