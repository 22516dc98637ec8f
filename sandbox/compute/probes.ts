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

/** Repeats a probe and reports the state each time its thresholds are crossed. */
export class Prober {
  #state: boolean;
  #streak = 0;
  #timer: NodeJS.Timeout | undefined;
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
    this.#timer = setTimeout(() => void this.#run(), timing.initialDelaySeconds * 1000);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    const began = performance.now();
    const success = await this.#check();
    if (this.#stopped) return;
    const wait = Math.max(0, this.#timing.periodSeconds * 1000 - (performance.now() - began));
    this.#timer = setTimeout(() => void this.#run(), wait);
    this.#streak = success === this.#state ? 0 : this.#streak + 1;
    const threshold = success ? this.#timing.successThreshold : this.#timing.failureThreshold;
    if (this.#streak < threshold) return;
    this.#state = success;
    this.#streak = 0;
    this.#report(success);
  }
}
