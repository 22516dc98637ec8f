/** Two regions with engines, clients and operators, a bad day drawn from a seed, and what it left behind. */
import type { Region } from "../../../components/model.ts";
import {
  type FencedError,
  follow,
  type JournalStore,
  openCheckpoints,
  openJournal,
  openWriter,
} from "../../../journal/index.ts";
import { PROTOCOL, type Rules } from "../../../journal/protocol.ts";
import type { Evidence, Recovery } from "./audit.ts";
import { Buckets } from "./buckets.ts";
import { Client, type Send } from "./client.ts";
import { Cloud } from "./cloud.ts";
import { Engine, type EngineFlaws } from "./engine.ts";
import { failover, halt, isRefusal } from "./operator.ts";
import { BelievedSeals } from "./overlay.ts";
import { Process } from "./process.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";

export const EAST: Region = "us-east-1";
export const WEST: Region = "us-west-2";
const REGIONS = [EAST, WEST] as const;

/** One way to break the journal; the empty one is the journal as it is. */
export interface Variant {
  readonly rules?: Partial<Rules>;
  readonly flaws?: Partial<EngineFlaws>;
  readonly skipsSeals?: boolean;
}

interface Running {
  readonly process: Process;
  readonly engine: Engine;
}

export class World {
  readonly scheduler = new Scheduler();
  readonly random: Random;
  readonly cloud: Cloud;
  readonly clients: readonly Client[];
  readonly window: number;
  readonly #buckets: Buckets;
  readonly #rules: Rules;
  readonly #flaws: EngineFlaws;
  readonly #believed: BelievedSeals | undefined;
  readonly #lost = new Set<Region>();
  readonly #recoveries: Recovery[] = [];
  readonly #fences: FencedError[] = [];
  readonly #failures: unknown[] = [];
  readonly #followed: string[] = [];
  #running: Running[] = [];
  #processes = 0;
  #active: Region = EAST;

  constructor(seed: number, variant: Variant) {
    const random = new Random(seed);
    this.random = random;
    this.window = random.pick([1, 2, 4, 8, 16]);
    const misfortune = random.pick([0.01, 0.05, 0.2]);
    this.cloud = new Cloud(this.scheduler, random, { misfortune, slowness: 0.04, slowest: 300 });
    this.#buckets = new Buckets(this.scheduler, random, REGIONS);
    this.#rules = { ...PROTOCOL, ...variant.rules };
    this.#flaws = {
      answersDuplicatesFromMemory: false,
      checkpointsUnacknowledged: false,
      open: openWriter,
      ...variant.flaws,
    };
    this.#believed = variant.skipsSeals ? new BelievedSeals(this.cloud.table) : undefined;
    this.clients = ["a", "b", "c"].map((name) => new Client(name, this.scheduler, random, this.#send));
    for (const region of REGIONS) this.startEngine(region);
    this.#startFollower();
  }

  get evidence(): Evidence {
    // A table without faults; what waits on its clock never happens.
    const clock = { now: () => 0, sleep: () => new Promise<never>(() => {}) };
    const table = this.#believed?.view(() => this.scheduler.now) ?? this.cloud.table;
    return {
      store: openJournal(table, { primary: EAST, clock }),
      exchanges: this.clients.flatMap(({ log }) => log),
      recoveries: this.#recoveries,
      fences: this.#fences,
      failures: this.#failures,
      followed: this.#followed,
    };
  }

  get isServing(): boolean {
    return this.#running.some(({ engine, process }) => engine.isServing && !process.isFrozen);
  }

  /** Where most clients go. */
  set active(region: Region) {
    this.#active = region;
  }

  get active(): Region {
    return this.#active;
  }

  startEngine(region: Region): void {
    if (this.#lost.has(region)) return;
    const process = this.#startProcess("engine", region);
    const engine = new Engine({
      process,
      store: this.#connect(process),
      checkpoints: openCheckpoints(this.#buckets.connect(process)),
      window: this.window,
      random: this.random,
      rules: this.#rules,
      flaws: this.#flaws,
      onRecovered: (head, checksum) => this.#recoveries.push({ process: process.name, head, checksum }),
      onFenced: (error) => this.#fences.push(error),
      onFailure: (error) => this.#failures.push(error),
    });
    this.#running.push({ process, engine });
    engine.run().then(
      () => this.#exit(process, true),
      (error) => {
        if (!isRefusal(error)) this.#failures.push(error);
        this.#exit(process, true);
      },
    );
  }

  crash(region: Region): void {
    const running = this.random.pickAny(this.#runningIn(region));
    if (running) this.#exit(running.process, true);
  }

  /** A frozen process is replaced, as a supervisor that hears nothing would, or just comes back. */
  freeze(region: Region, milliseconds: number): void {
    const running = this.random.pickAny(this.#runningIn(region));
    if (!running) return;
    running.process.freeze();
    this.scheduler.after(milliseconds, () => running.process.thaw());
    if (this.random.chance(0.8)) {
      this.scheduler.after(this.random.between(10, 200), () => this.startEngine(region));
    }
  }

  isolate(region: Region, milliseconds: number): void {
    this.cloud.isolate(region);
    this.scheduler.after(milliseconds, () => this.#lost.has(region) || this.cloud.heal(region));
  }

  /** All at once: no way out, and every process gone, or frozen and thawed when the region returns. */
  lose(region: Region, milliseconds: number): void {
    const isFrozen = this.random.chance(0.5);
    const victims = this.#runningIn(region);
    this.cloud.isolate(region);
    this.#lost.add(region);
    for (const { process } of victims) {
      if (isFrozen) process.freeze();
      else this.#exit(process, false);
    }
    this.scheduler.after(milliseconds, () => {
      this.cloud.heal(region);
      this.#lost.delete(region);
      for (const { process } of victims) process.thaw();
      this.startEngine(region);
    });
  }

  /** A failover by a process that may be killed on the way, and is run again. */
  failover(target: Region, runId: string, killAfter?: number): void {
    this.#operate(
      target,
      (store) => failover(this.#operator(store, runId), target),
      () => {
        this.active = target;
      },
      killAfter,
    );
    if (killAfter !== undefined) {
      this.scheduler.after(killAfter + this.random.between(50, 600), () => this.failover(target, runId));
    }
  }

  halt(runId: string, milliseconds: number): void {
    const region = this.active;
    this.#operate(region, (store) => halt(this.#operator(store, runId), "halt"));
    this.scheduler.after(milliseconds, () => this.resume(runId));
  }

  resume(runId: string): void {
    this.#operate(this.active, (store) => halt(this.#operator(store, runId), "resume"));
  }

  #operator(store: JournalStore, runId: string) {
    return { store, runId, window: this.window, rules: this.#rules };
  }

  #operate(
    region: Region,
    act: (store: JournalStore) => Promise<unknown>,
    done = () => {},
    killAfter?: number,
  ): void {
    const process = this.#startProcess("operator", region);
    act(this.#connect(process, true)).then(done, (error) => {
      if (!isRefusal(error)) this.#failures.push(error);
    });
    if (killAfter !== undefined) this.scheduler.after(killAfter, () => process.kill());
  }

  #startProcess(kind: string, region: Region): Process {
    this.#processes += 1;
    return new Process(
      this.scheduler,
      `${kind}-${this.#processes}`,
      region,
      this.random.between(-2_000, 2_000),
    );
  }

  #connect(process: Process, isOperator = false): JournalStore {
    const believed = this.#believed;
    const believes = believed && (isOperator || believed.since <= process.startedAt);
    const table = believes ? believed.view(() => this.scheduler.now) : this.cloud.table;
    return openJournal(this.cloud.connect(process, table), {
      primary: EAST,
      clock: process.clock,
      attemptMilliseconds: 150,
    });
  }

  #runningIn(region: Region): Running[] {
    return this.#running.filter(({ process }) => process.region === region);
  }

  #exit(process: Process, isRestarted: boolean): void {
    if (process.isDead) return;
    process.kill();
    this.#running = this.#running.filter((running) => running.process !== process);
    const { region } = process;
    if (isRestarted && this.#runningIn(region).length === 0) {
      this.scheduler.after(this.random.between(30, 300), () => this.startEngine(region));
    }
  }

  /** The archiver's part: whatever `follow` yields must be log for ever. */
  #startFollower(): void {
    const process = this.#startProcess("follower", WEST);
    const signal = new AbortController().signal;
    const run = async () => {
      for await (const { record } of follow(this.#connect(process), 0, {
        signal,
        intervalMilliseconds: 80,
      })) {
        this.#followed.push(record.hash);
      }
    };
    run().catch((error) => this.#failures.push(error));
  }

  /** Mostly to the active region; some keep talking to whom they know, zombies included. */
  readonly #send: Send = (request, answer) => {
    const preferred = this.#runningIn(this.#active);
    const isPinned = preferred.length === 0 || this.random.chance(0.25);
    const target = this.random.pickAny(
      (isPinned ? this.#running : preferred).filter(({ engine }) => engine.isServing),
    );
    if (!target) return;
    this.scheduler.after(this.random.between(1, 20), () =>
      target.process.deliver(() =>
        target.engine.handle(request, (reply) => {
          this.scheduler.after(this.random.between(1, 20), () => answer(reply));
        }),
      ),
    );
  };
}
