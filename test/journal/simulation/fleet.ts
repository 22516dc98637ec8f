/** The engines of two regions, kept running by supervisors, and what may happen to them. */
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
import type { Recovery } from "./audit.ts";
import { Buckets } from "./buckets.ts";
import type { Cloud } from "./cloud.ts";
import { Engine, type EngineFlaws } from "./engine.ts";
import { isRefusal } from "./operator.ts";
import { BelievedSeals } from "./overlay.ts";
import { Process } from "./process.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export const EAST: Region = "us-east-1";
export const WEST: Region = "us-west-2";
/** Five heartbeats, as in production. */
const PATIENCE_MILLISECONDS = 1_500;
const REGIONS = [EAST, WEST] as const;

/** One way to break the journal; the empty one is the journal as it is. */
export interface Variant {
  readonly rules?: Partial<Rules>;
  readonly flaws?: Partial<EngineFlaws>;
  readonly skipsSeals?: boolean;
}

export interface Running {
  readonly process: Process;
  readonly engine: Engine;
}

export class Fleet {
  readonly window: number;
  readonly rules: Rules;
  /** What processes reported of themselves. */
  readonly recoveries: Recovery[] = [];
  readonly fences: FencedError[] = [];
  readonly failures: unknown[] = [];
  readonly followed: string[] = [];
  machinesLost = 0;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #cloud: Cloud;
  readonly #buckets: Buckets;
  readonly #flaws: EngineFlaws;
  readonly #believed: BelievedSeals | undefined;
  readonly #lost = new Set<Region>();
  /** Two: one writes and one stands by. */
  readonly #replicas: number;
  #running: Running[] = [];
  #processes = 0;

  constructor(scheduler: Scheduler, random: Random, cloud: Cloud, variant: Variant) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#cloud = cloud;
    this.window = random.pick([1, 2, 4, 8, 16]);
    this.rules = { ...PROTOCOL, ...variant.rules };
    this.#flaws = {
      answersDuplicatesFromMemory: false,
      checkpointsUnacknowledged: false,
      open: openWriter,
      takeOver: openWriter,
      patienceMilliseconds: PATIENCE_MILLISECONDS,
      ...variant.flaws,
    };
    this.#buckets = new Buckets(scheduler, random, REGIONS);
    this.#believed = variant.skipsSeals ? new BelievedSeals(cloud.table) : undefined;
    this.#replicas = random.pick([1, 2]);
    for (const region of REGIONS) this.reschedule(region);
    this.#startFollower();
  }

  get running(): readonly Running[] {
    return this.#running;
  }

  in(region: Region): Running[] {
    return this.#running.filter(({ process }) => process.region === region);
  }

  /** The journal as it is in the end: a table without faults, and a clock on which nothing waits. */
  get journal(): JournalStore {
    const clock = { now: () => 0, sleep: () => new Promise<never>(() => {}) };
    const table = this.#believed?.view(() => this.#scheduler.now) ?? this.#cloud.table;
    return openJournal(table, { primary: EAST, clock });
  }

  /** A store for a process; the first operator of the sabotage "seal skipped" is the one who believes. */
  connect(process: Process, isOperator = false): JournalStore {
    const believed = this.#believed;
    const believes = believed && (isOperator || believed.since <= process.startedAt);
    const table = believes ? believed.view(() => this.#scheduler.now) : this.#cloud.table;
    return openJournal(this.#cloud.connect(process, table), {
      primary: EAST,
      clock: process.clock,
      attemptMilliseconds: 150,
    });
  }

  startProcess(kind: string, region: Region): Process {
    this.#processes += 1;
    const skew = this.#random.between(-2_000, 2_000);
    return new Process(this.#scheduler, `${kind}-${this.#processes}`, region, skew);
  }

  start(region: Region): void {
    if (this.#lost.has(region)) return;
    const process = this.startProcess("engine", region);
    const engine = new Engine({
      process,
      store: this.connect(process),
      checkpoints: openCheckpoints(this.#buckets.connect(process)),
      window: this.window,
      random: this.#random,
      standsBy: this.#replicas > 1,
      rules: this.rules,
      flaws: this.#flaws,
      onRecovered: (head, checksum) => this.recoveries.push({ process: process.name, head, checksum }),
      onFenced: (error) => this.fences.push(error),
      onFailure: (error) => this.failures.push(error),
    });
    this.#running.push({ process, engine });
    engine.run().then(
      () => this.#exit(process, true),
      (error) => {
        if (!isRefusal(error)) this.failures.push(error);
        this.#exit(process, true);
      },
    );
  }

  crash(region: Region): void {
    const running = this.#random.pickAny(this.in(region));
    if (running) this.#exit(running.process, true);
  }

  /** A frozen process is mostly replaced, as by a supervisor that hears nothing of it. */
  freeze(region: Region, milliseconds: number): void {
    const running = this.#random.pickAny(this.in(region));
    if (!running) return;
    running.process.freeze();
    this.#scheduler.after(milliseconds, () => running.process.thaw());
    if (this.#random.chance(0.8)) {
      this.#scheduler.after(this.#random.between(10, 200), () => this.start(region));
    }
  }

  /** The region reaches no other; its engines live on, and its clients reach them. */
  isolate(region: Region, milliseconds: number): void {
    this.#cloud.isolate(region);
    this.#scheduler.after(milliseconds, () => this.#lost.has(region) || this.#cloud.heal(region));
  }

  /** All at once: no way out, and every process gone, or frozen and thawed when the region returns. */
  lose(region: Region, milliseconds: number): void {
    const isFrozen = this.#random.chance(0.5);
    const victims = this.in(region);
    this.#cloud.isolate(region);
    this.#lost.add(region);
    for (const { process } of victims) {
      if (isFrozen) process.freeze();
      else this.#exit(process, false);
    }
    this.#scheduler.after(milliseconds, () => {
      this.#cloud.heal(region);
      this.#lost.delete(region);
      for (const { process } of victims) process.thaw();
      for (let count = this.#replicas; count > 0; count -= 1) this.start(region);
    });
  }

  /** Replaces what lost machines took along, as a scheduler does much later. */
  reschedule(region: Region): void {
    for (let count = this.#aliveIn(region); count < this.#replicas; count += 1) this.start(region);
  }

  /**
   * One machine, for good or for a while; what ran there is not replaced before `reschedule`. Frozen, it wakes as a writer
   * that was given up.
   */
  loseMachine(region: Region, milliseconds: number): void {
    if (this.#replicas === 1) {
      this.crash(region);
      return;
    }
    const victim = this.in(region).find(({ engine, process }) => engine.isServing && !process.isFrozen);
    if (!victim) return;
    this.machinesLost += 1;
    if (this.#random.chance(0.5)) this.#exit(victim.process, false);
    else {
      victim.process.freeze();
      this.#scheduler.after(milliseconds, () => victim.process.thaw());
    }
  }

  #aliveIn(region: Region): number {
    return this.in(region).filter(({ process }) => !process.isFrozen).length;
  }

  #exit(process: Process, isRestarted: boolean): void {
    if (process.isDead) return;
    process.kill();
    this.#running = this.#running.filter((running) => running.process !== process);
    const { region } = process;
    if (isRestarted && this.#aliveIn(region) < this.#replicas) {
      this.#scheduler.after(this.#random.between(30, 300), () => this.start(region));
    }
  }

  /** The archiver's part: whatever `follow` yields must be log for ever. */
  #startFollower(): void {
    const process = this.startProcess("follower", WEST);
    const signal = new AbortController().signal;
    const tail = follow(this.connect(process), 0, { signal, intervalMilliseconds: 80 });
    const run = async () => {
      for await (const { record } of tail) this.followed.push(record.hash);
    };
    run().catch((error) => this.failures.push(error));
  }
}
