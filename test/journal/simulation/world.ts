/** Engines, clients and operators on a weak table, and what they leave behind. */
import type { Region } from "../../../components/model.ts";
import type { Fenced } from "../../../journal/index.ts";
import type { Evidence } from "./audit.ts";
import { Client, type Send } from "./client.ts";
import { Cloud } from "./cloud.ts";
import { EAST, Fleet, type Variant } from "./fleet.ts";
import { failover, halt, isRefusal, type OperatorOptions } from "./operator.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";

export class World {
  readonly scheduler = new Scheduler();
  readonly random: Random;
  readonly cloud: Cloud;
  readonly fleet: Fleet;
  readonly clients: readonly Client[];
  /** What the operators' seals met. */
  readonly fenced: Fenced[] = [];
  /** Where most clients go. */
  active: Region = EAST;

  constructor(seed: number, variant: Variant) {
    const random = new Random(seed);
    this.random = random;
    const misfortune = random.pick([0.01, 0.05, 0.2]);
    this.cloud = new Cloud(this.scheduler, random, { misfortune, slowness: 0.04, slowest: 300 });
    this.fleet = new Fleet(this.scheduler, random, this.cloud, variant);
    this.clients = ["a", "b", "c"].map((name) => new Client(name, this.scheduler, random, this.#send));
  }

  get evidence(): Evidence {
    const { journal, recoveries, fences, failures, followed } = this.fleet;
    const exchanges = this.clients.flatMap(({ log }) => log);
    return { store: journal, exchanges, recoveries, fences, failures, followed };
  }

  get isServing(): boolean {
    return this.fleet.running.some(({ engine, process }) => engine.isServing && !process.isFrozen);
  }

  /** A failover by a process that may be killed on the way, and is run again. */
  failover(target: Region, runId: string, killAfter?: number): void {
    const done = (fenced: Fenced) => {
      this.fenced.push(fenced);
      this.active = target;
    };
    this.#operate(target, runId, (options) => failover(options, target).then(done), killAfter);
    if (killAfter !== undefined) {
      this.scheduler.after(killAfter + this.random.between(50, 600), () => this.failover(target, runId));
    }
  }

  halt(runId: string, milliseconds: number): void {
    this.#operate(this.active, runId, (options) => halt(options, "halt"));
    this.scheduler.after(milliseconds, () => this.resume(runId));
  }

  resume(runId: string): void {
    this.#operate(this.active, runId, (options) => halt(options, "resume"));
  }

  #operate(
    region: Region,
    runId: string,
    act: (options: OperatorOptions) => Promise<unknown>,
    killAfter?: number,
  ): void {
    const process = this.fleet.startProcess("operator", region);
    const store = this.fleet.connect(process, true);
    const { window, rules } = this.fleet;
    act({ store, runId, window, rules }).catch((error) => {
      if (!isRefusal(error)) this.fleet.failures.push(error);
    });
    if (killAfter !== undefined) this.scheduler.after(killAfter, () => process.kill());
  }

  /** Mostly to the active region; some keep talking to whom they know, zombies included. */
  readonly #send: Send = (request, answer) => {
    const preferred = this.fleet.in(this.active);
    const isPinned = preferred.length === 0 || this.random.chance(0.25);
    const candidates = isPinned ? this.fleet.running : preferred;
    const target = this.random.pickAny(candidates.filter(({ engine }) => engine.isServing));
    if (!target) return;
    const back = (reply: Parameters<typeof answer>[0]) =>
      this.scheduler.after(this.random.between(1, 20), () => answer(reply));
    this.scheduler.after(this.random.between(1, 20), () =>
      target.process.deliver(() => target.engine.handle(request, back)),
    );
  };
}
