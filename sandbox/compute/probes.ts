/** The kubelet's HTTP probes. */
import { get } from "node:http";
import type { Probe } from "./manifests.ts";

/** Any status from 200 to 399 within the timeout; a new connection each time, as the kubelet does. */
export function probeOnce(host: string, port: number, probe: Probe): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      {
        host,
        port,
        path: probe.httpGet.path,
        agent: false,
        headers: {
          "user-agent": "kube-probe/1.33",
          ...Object.fromEntries(probe.httpGet.httpHeaders.map(({ name, value }) => [name, value])),
        },
        signal: AbortSignal.timeout(probe.timeoutSeconds * 1000),
      },
      (response) => {
        response.resume();
        response.on("error", () => resolve(false));
        const status = response.statusCode ?? 0;
        resolve(status >= 200 && status < 400);
      },
    );
    request.on("error", () => resolve(false));
  });
}

export type ProbeTiming = Pick<
  Probe,
  "initialDelaySeconds" | "periodSeconds" | "failureThreshold" | "successThreshold"
>;

/**
 * Repeats a probe and reports the state each time its thresholds are crossed. It keeps its beat, as the kubelet's ticker
 * does: one attempt that comes late or takes long delays none of the later ones, and of the turns that were missed
 * meanwhile one is made up for. Checkers that are out of step would else fall into step at the first stall of this process.
 * https://github.com/kubernetes/kubernetes/blob/v1.33.0/pkg/kubelet/prober/worker.go
 */
export class Prober {
  #state: boolean;
  #streak = 0;
  #timer: NodeJS.Timeout | undefined;
  /** The beat of the attempt that is waited for or under way, on the monotonic clock. */
  #due: number;
  #stopped = false;
  readonly #timing: ProbeTiming;
  readonly #check: () => Promise<boolean>;
  readonly #report: (state: boolean) => void;

  /** @param initial what holds until a threshold is crossed: liveness true, readiness and startup false */
  constructor(
    timing: ProbeTiming,
    initial: boolean,
    check: () => Promise<boolean>,
    report: (state: boolean) => void,
  ) {
    this.#timing = timing;
    this.#state = initial;
    this.#check = check;
    this.#report = report;
    this.#due = performance.now() + timing.initialDelaySeconds * 1000;
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer = setTimeout(() => void this.#run(), Math.max(0, this.#due - performance.now()));
  }

  async #run(): Promise<void> {
    const success = await this.#check();
    if (this.#stopped) return;
    const period = this.#timing.periodSeconds * 1000;
    this.#due += period * Math.max(1, Math.floor((performance.now() - this.#due) / period));
    this.#wait();
    this.#streak = success === this.#state ? 0 : this.#streak + 1;
    const threshold = success ? this.#timing.successThreshold : this.#timing.failureThreshold;
    if (this.#streak < threshold) return;
    this.#state = success;
    this.#streak = 0;
    this.#report(success);
  }
}
