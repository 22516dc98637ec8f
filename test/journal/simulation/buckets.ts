/** A checkpoint bucket per region, replicated to the other one late and out of order. */
import type { Region } from "../../../components/model.ts";
import type { ObjectStore } from "../../../journal/index.ts";
import { memoryObjects } from "../memory.ts";
import type { Process } from "./process.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export class Buckets {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #buckets: ReadonlyMap<Region, ObjectStore>;

  constructor(scheduler: Scheduler, random: Random, regions: readonly Region[]) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#buckets = new Map(regions.map((region) => [region, memoryObjects()]));
  }

  connect(process: Process): ObjectStore {
    const own = this.#buckets.get(process.region) ?? memoryObjects();
    const call = <T>(act: () => Promise<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        this.#scheduler.after(this.#random.between(1, 20), () => {
          act().then(
            (result) => process.deliver(() => resolve(result)),
            (error) => process.deliver(() => reject(error)),
          );
        });
      });
    return {
      put: (key, body) =>
        call(async () => {
          await own.put(key, body);
          for (const bucket of this.#buckets.values()) {
            this.#scheduler.after(this.#random.between(50, 3_000), () => void bucket.put(key, body));
          }
        }),
      get: (key) => call(() => own.get(key)),
      list: (prefix, options) => call(() => own.list(prefix, options)),
    };
  }
}
