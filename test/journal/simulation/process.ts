/** A process that can be killed, or frozen and thawed: all that reaches it from outside passes `deliver`. */

import type { Region } from "../../../components/model.ts";
import type { Clock } from "../../../journal/index.ts";
import type { Scheduler } from "./scheduler.ts";

/** 2026-01-01, so that timestamps look like some. */
const EPOCH_MILLISECONDS = 1_767_225_600_000;

export class Process {
  readonly name: string;
  readonly region: Region;
  readonly clock: Clock;
  readonly startedAt: number;
  #state: "running" | "frozen" | "dead" = "running";
  readonly #held: (() => void)[] = [];

  /** `skew`: by how many milliseconds its clock is wrong. */
  constructor(scheduler: Scheduler, name: string, region: Region, skew: number) {
    this.name = name;
    this.region = region;
    this.startedAt = scheduler.now;
    this.clock = {
      now: () => EPOCH_MILLISECONDS + scheduler.now + skew,
      sleep: (milliseconds, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason);
          const callOff = scheduler.after(milliseconds, () => {
            signal?.removeEventListener("abort", aborted);
            this.deliver(resolve);
          });
          const aborted = () => {
            callOff();
            reject(signal?.reason);
          };
          return signal?.addEventListener("abort", aborted, { once: true });
        }),
    };
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  get isFrozen(): boolean {
    return this.#state === "frozen";
  }

  deliver(run: () => void): void {
    if (this.#state === "running") run();
    else if (this.#state === "frozen") this.#held.push(run);
  }

  kill(): void {
    this.#state = "dead";
    this.#held.length = 0;
  }

  freeze(): void {
    if (this.#state === "running") this.#state = "frozen";
  }

  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "running";
    for (const run of this.#held.splice(0)) run();
  }
}
