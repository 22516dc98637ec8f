/**
 * The table as weak as the real one may be, below the code under test: every put delayed by itself and so
 * reordered; dropped; applied with its answer lost; applied seconds after it failed, also after a seal;
 * refused as a conflict, or because an SDK's own retry met the first attempt; a page of a query that is no
 * snapshot; a region that reaches no other, or dies.
 */
import type { Region } from "../../../components/model.ts";
import type { LogItem, Page, PlainItem, Table } from "../../../journal/index.ts";
import { MemoryTable } from "../memory.ts";
import type { Process } from "./process.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** What really happened, so that a run which met nothing is not mistaken for a proof. */
export interface Coverage {
  puts: number;
  droppedPuts: number;
  lostAnswers: number;
  lateLandings: number;
  conflicts: number;
  sdkRetries: number;
}

export interface Weakness {
  /** Probability that a put meets one of the misfortunes below. */
  readonly misfortune: number;
  /** Probability of a slow message, and the longest, in milliseconds. */
  readonly slowness: number;
  readonly slowest: number;
}

/** Made once: a stack for each of some thousand failures would be most of the work. */
const CONFLICT = Object.assign(new Error("another region is writing this item"), {
  name: "ReplicatedWriteConflictException",
});
const CONNECTION_LOST = Object.assign(new Error("the connection was lost"), { name: "TimeoutError" });

type Fate = "good" | "dropped" | "answer lost" | "late" | "conflict" | "sdk retry";
const MISFORTUNES = ["dropped", "answer lost", "late", "conflict", "sdk retry"] as const;

export class Cloud {
  readonly table = new MemoryTable();
  readonly coverage: Coverage = {
    puts: 0,
    droppedPuts: 0,
    lostAnswers: 0,
    lateLandings: 0,
    conflicts: 0,
    sdkRetries: 0,
  };
  /** Regions that reach no other: nothing is written from there, nothing read strongly. */
  readonly #isolated = new Set<Region>();
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  weakness: Weakness;

  constructor(scheduler: Scheduler, random: Random, weakness: Weakness) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.weakness = weakness;
  }

  isolate(region: Region): void {
    this.#isolated.add(region);
  }

  heal(region: Region): void {
    this.#isolated.delete(region);
  }

  /** One process's connection to the table. */
  connect(process: Process, table: Table = this.table): Table {
    const signal = new AbortController().signal;
    return {
      putLog: (item) => this.#write(process, () => table.putLog(item, signal)),
      putItem: (key, item, expected) =>
        this.#write(process, () => table.putItem(key, item, expected, signal)),
      readLog: (shard, epoch, range) =>
        this.#readPage(process, () => table.readLog(shard, epoch, range, signal)),
      lastLog: (shard, epoch) =>
        this.#read<LogItem | undefined>(process, () => table.lastLog(shard, epoch, signal)),
      readItem: (key) => this.#read<PlainItem | undefined>(process, () => table.readItem(key, signal)),
    };
  }

  #delay(): number {
    const { slowness, slowest } = this.weakness;
    return this.#random.chance(slowness) ? this.#random.between(10, slowest) : this.#random.between(1, 6);
  }

  #fate(): Fate {
    return this.#random.chance(this.weakness.misfortune) ? this.#random.pick(MISFORTUNES) : "good";
  }

  #write<T>(process: Process, apply: () => Promise<T>): Promise<T> {
    this.coverage.puts += 1;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const answer = (run: () => void) => this.#scheduler.after(this.#delay(), () => process.deliver(run));
    const fail = () => answer(() => reject(CONNECTION_LOST));
    const land = (then: (result: T) => void) =>
      this.#scheduler.after(this.#delay(), () => this.#land(process.region, apply, then));

    const fate = this.#fate();
    if (fate === "good") land((result) => answer(() => resolve(result)));
    if (fate === "dropped") {
      this.coverage.droppedPuts += 1;
      fail();
    }
    if (fate === "answer lost") {
      this.coverage.lostAnswers += 1;
      // Half of them fail at once, half stay silent until the attempt times out.
      land(() => this.#random.chance(0.5) && fail());
    }
    if (fate === "late") {
      this.coverage.lateLandings += 1;
      fail();
      this.#scheduler.after(this.#random.between(100, 4_000), () => void apply());
    }
    if (fate === "conflict") {
      this.coverage.conflicts += 1;
      answer(() => reject(CONFLICT));
    }
    if (fate === "sdk retry") {
      this.coverage.sdkRetries += 1;
      land(() => land((result) => answer(() => resolve(result))));
    }
    return promise;
  }

  /** A write that is under way when its region is cut off was replicated already, or waits, or is gone. */
  #land<T>(region: Region, apply: () => Promise<T>, then: (result: T) => void): void {
    if (!this.#isolated.has(region)) {
      void apply().then(then);
      return;
    }
    const fate = this.#random.pick(["dropped", "answer lost", "late"]);
    if (fate === "dropped") this.coverage.droppedPuts += 1;
    if (fate === "answer lost") {
      this.coverage.lostAnswers += 1;
      void apply();
    }
    if (fate === "late") {
      this.coverage.lateLandings += 1;
      this.#scheduler.after(this.#random.between(100, 4_000), () => void apply());
    }
  }

  #read<T>(process: Process, look: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#scheduler.after(this.#delay(), async () => {
      const isLost = this.#random.chance(this.weakness.misfortune / 3) || this.#isolated.has(process.region);
      const seen = await look();
      this.#scheduler.after(this.#delay(), () =>
        process.deliver(() => (isLost ? reject(CONNECTION_LOST) : resolve(seen))),
      );
    });
    return promise;
  }

  /** Each item is read at its own moment: of those that land meanwhile, a query sees some. */
  async #readPage(process: Process, look: () => Promise<Page>): Promise<Page> {
    const before = await this.#read(process, look);
    if (before.more || !this.#random.chance(0.3)) return before;
    const after = await this.#read(process, look);
    const seen = new Set(before.items.map(({ seq }) => seq));
    const landed = after.items.filter(({ seq }) => !seen.has(seq) && this.#random.chance(0.5));
    const items = [...before.items, ...landed].sort((a, b) => a.seq - b.seq);
    return { items, more: after.more };
  }
}
