/** All clients of a load, regular and fresh, with the log they write. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Attempt, ClientEvent } from "../../automation/drill/client-log.ts";
import { Caller } from "./caller.ts";
import { Client } from "./client.ts";
import { FreshClients } from "./fresh.ts";
import { ClientLogFile } from "./log.ts";
import type { FleetOptions } from "./options.ts";
import { random } from "./random.ts";
import { CachingResolver, lookupAt } from "./resolver.ts";
import { arrivals, type Clock, follow, wallClock } from "./schedule.ts";

/** After the last request: how long answers and settled retries are still waited for. */
const DRAIN_MILLISECONDS = 5_000;
const SECOND = 1_000;

export class Fleet {
  readonly #log: ClientLogFile;
  readonly #caller: Caller;
  readonly #clients: readonly Client[];
  readonly #fresh: FreshClients;
  readonly #stopSending: () => void;
  readonly #reporting: NodeJS.Timeout;
  readonly #clock: Clock;
  #stopped: Promise<void> | undefined;

  static async start(options: FleetOptions, heard: (event: ClientEvent) => void): Promise<Fleet> {
    return new Fleet(options, heard, await ClientLogFile.open(options.logFile));
  }

  private constructor(options: FleetOptions, heard: (event: ClientEvent) => void, log: ClientLogFile) {
    const { publicName, port, instruments, timeouts, seed } = options;
    const clock = wallClock;
    this.#clock = clock;
    this.#log = log;
    this.#caller = new Caller({ publicName, timeouts, clock, write: (line) => log.write(line) });

    const lookup = lookupAt(options.dnsServer);
    const tally = new Tally();
    const source = random(seed);
    const pinned = Math.round(options.clients * options.pinnedShare);
    const persistent = Math.round(options.clients * options.persistentShare);
    this.#clients = Array.from({ length: options.clients }, (_, index) => {
      const client = `client-${index}`;
      const habits = { pinned: index < pinned, persistent: index >= pinned && index < pinned + persistent };
      log.write({ type: "client", client, ...habits });
      return new Client({
        id: client,
        port,
        instruments,
        ...habits,
        address: habits.pinned ? options.pinnedTo[index % options.pinnedTo.length] : undefined,
        resolver: new CachingResolver(publicName, lookup, clock, 1 - source.next()),
        caller: this.#caller,
        clock,
        random: random(source.integer(0, 2 ** 32 - 1)),
        settled: (attempt) => tally.add(attempt),
      });
    });
    const fresh = { publicName, port, instruments, lookup, caller: this.#caller, clock, heard };
    this.#fresh = new FreshClients({ ...fresh, random: random(seed + 1) });

    this.#fresh.start();
    this.#stopSending = follow(arrivals(options.rate, options.clients, seed), clock, (index, intended) => {
      void this.#clients[index]?.send(intended);
    });
    this.#reporting = setInterval(() => {
      heard({ type: "second", at: clock.now(), ...tally.take(), pending: this.#caller.pending });
    }, SECOND);
  }

  /** Writes that have no answer yet. */
  get #open(): number {
    return this.#clients.reduce((sum, client) => sum + client.open, this.#fresh.open);
  }

  /** No new operations; waits a while for open ones; the log is complete afterwards. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopSending();
    this.#fresh.stop();
    const deadline = this.#clock.now() + DRAIN_MILLISECONDS;
    while (this.#caller.pending + this.#open > 0 && this.#clock.now() < deadline) await sleep(20);
    clearInterval(this.#reporting);
    this.#fresh.close();
    for (const client of this.#clients) client.close();
    await this.#log.close();
  }
}

/** What one second brought. */
class Tally {
  #ok = 0;
  #failed = 0;
  #regions: Record<string, number> = {};

  add({ outcome, region }: Attempt): void {
    if (outcome === "never-appended" || outcome === "unsent" || outcome === "unknown") this.#failed++;
    else this.#ok++;
    if (region !== null) this.#regions[region] = (this.#regions[region] ?? 0) + 1;
  }

  take() {
    const taken = {
      sent: this.#ok + this.#failed,
      ok: this.#ok,
      failed: this.#failed,
      regions: this.#regions,
    };
    this.#ok = 0;
    this.#failed = 0;
    this.#regions = {};
    return taken;
  }
}
