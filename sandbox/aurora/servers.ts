/**
 * The servers of one cluster: the first writes, or follows another region; a second one in another zone keeps a
 * synchronous copy of a writer, in place of Aurora's storage that survives the loss of a zone.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Region } from "../../components/model.ts";
import type { Address } from "../addresses.ts";
import type { Snapshot } from "../aws/backup.ts";
import type { Faults, LinkState } from "../faults.ts";
import type { Processes } from "../processes.ts";
import type { Binaries } from "./binaries.ts";
import { type BaseBackup, Postgres } from "./postgres.ts";

/** What every cluster of a sandbox is made with. */
export interface Parts {
  readonly faults: Faults;
  readonly processes: Processes;
  readonly binaries: Binaries;
  readonly directory: string;
  readonly addresses: {
    auroraWriter(region: Region, slot?: number): Address;
    auroraReader(region: Region, slot?: number): Address;
    auroraInstance(region: Region, n: number, slot?: number): Address;
  };
}

export interface Server {
  readonly postgres: Postgres;
  readonly zone: string;
  /** Holds an old writer's data, which nobody may follow or promote. */
  isStale: boolean;
}

export type Loss = "killed" | "frozen";

const RESTART_MILLISECONDS = 5_000;
/** Which of the cluster's server addresses a restore is tested at. */
const RESTORE_TEST = 19;

export const isOpen = (state: LinkState): boolean => state !== "cut" && state !== "blackhole";

export class Servers {
  readonly #parts: Parts;
  readonly #region: Region;
  readonly #clusterId: string;
  readonly #slot: number;
  /** The first is the writer or the replica. */
  #all: Server[] = [];
  #takesWrites = false;
  /** Without whose confirmation the writer commits nothing. */
  #synchronous: Server | undefined;
  #loss: Loss | undefined;

  #backup: BaseBackup | undefined;
  #snapshots = 0;

  /** @param slot which of the region's clusters it is: where it listens */
  constructor(parts: Parts, region: Region, clusterId: string, slot: number) {
    this.#parts = parts;
    this.#region = region;
    this.#clusterId = clusterId;
    this.#slot = slot;
  }

  /** Where the log is kept. */
  get archive(): string {
    return path.join(this.#parts.directory, `${this.#clusterId}-archive`);
  }

  /** From when on it can be restored; undefined: no backup was taken yet. */
  get backup(): BaseBackup | undefined {
    return this.#backup;
  }

  get first(): Server | undefined {
    return this.#all[0];
  }

  get second(): Server | undefined {
    return this.#all[1];
  }

  get writer(): Server | undefined {
    return this.#takesWrites ? this.first : undefined;
  }

  get loss(): Loss | undefined {
    return this.#loss;
  }

  inZone(zone: string): Server | undefined {
    return this.#all.find((server) => server.zone === zone);
  }

  /** Whether a reader may be sent there. */
  isInService({ zone, isStale }: Server): boolean {
    return !isStale && this.#reaches(zone);
  }

  /** The first server, empty, as a writer. */
  async initialise(zone: string): Promise<Postgres> {
    const server = await this.#make(zone);
    await server.postgres.initialise();
    this.#all = [server];
    this.#takesWrites = true;
    return server.postgres;
  }

  /** To be taken once it holds what every restored one shall hold. */
  async backUp(): Promise<void> {
    const directory = path.join(this.#parts.directory, `${this.#clusterId}-backup`);
    this.#backup = await this.first?.postgres.backUp(directory);
  }

  /** Of the first server, as it is now. */
  async snapshot(): Promise<Snapshot> {
    const { first } = this;
    if (!first || this.#loss) throw new Error(`cluster ${this.#clusterId} has no server that runs`);
    const { addresses, binaries, directory, processes } = this.#parts;
    const name = `${this.#clusterId}-snapshot-${this.#snapshots++}`;
    const { backup, log } = await first.postgres.snapshot(path.join(directory, name));
    const address = addresses.auroraInstance(this.#region, RESTORE_TEST, this.#slot);
    return {
      async restore() {
        const test = { name: `${name}-test`, directory: path.join(directory, `${name}-test`) };
        const server = new Postgres({ binaries, processes, address, ...test });
        try {
          await server.recover(backup, log, undefined);
          await server.query("SELECT count(*) FROM pg_class");
        } finally {
          await server.discard();
        }
      },
    };
  }

  /** The first server, as a writer, made of another cluster's backup and log. */
  async recover(
    from: { readonly backup: BaseBackup; readonly archive: string },
    time: number,
    zone: string,
  ): Promise<void> {
    const server = await this.#make(zone);
    await server.postgres.recover(from.backup, from.archive, time);
    this.#all = [server];
    this.#takesWrites = true;
  }

  /** Starts every server again, with other parameters. */
  async restart(parameters: Readonly<Record<string, string>>): Promise<void> {
    for (const { postgres } of this.#all) {
      postgres.parameters = parameters;
      await postgres.stop(RESTART_MILLISECONDS);
      await postgres.start();
    }
  }

  /** The first server, as a replica of a writer in another region, reached by `upstream`. */
  async replicate(source: Postgres, upstream: Address, zone: string): Promise<void> {
    const server = await this.#make(zone, "always");
    await server.postgres.copy(source, upstream);
    this.#all = [server];
    this.#takesWrites = false;
  }

  async addStandby(zone: string): Promise<void> {
    if (!this.writer) return;
    const server = await this.#make(zone);
    this.#all.push(server);
    await this.#refill(server);
  }

  async promote(): Promise<void> {
    if (!this.first) throw new Error(`cluster ${this.#clusterId} has no instance to promote`);
    await this.first.postgres.promote();
    this.#takesWrites = true;
  }

  /** From now on only the first remains, and it writes no more. */
  async retire(): Promise<void> {
    this.#takesWrites = false;
    this.#synchronous = undefined;
    await Promise.all(this.#all.splice(1).map(({ postgres }) => postgres.discard()));
  }

  async kill(): Promise<void> {
    this.#loss = "killed";
    await Promise.all(this.#all.map(({ postgres }) => postgres.kill()));
  }

  freeze(): void {
    this.#loss = "frozen";
    for (const { postgres } of this.#all) postgres.freeze();
  }

  async restore(): Promise<void> {
    if (this.#loss === "frozen") for (const { postgres } of this.#all) postgres.thaw();
    if (this.#loss === "killed") await Promise.all(this.#all.map(({ postgres }) => postgres.start()));
    this.#loss = undefined;
  }

  /** What runs in one zone dies or freezes; what becomes of the cluster is decided by `adaptToZones`. */
  async loseZone(zone: string, loss: Loss): Promise<void> {
    const server = this.inZone(zone);
    if (!server) return;
    if (loss === "frozen") return server.postgres.freeze();
    // A dead standby has missed commits by the time that it returns; who waited for it would wait for ever.
    if (server !== this.first) server.isStale = true;
    await server.postgres.kill();
  }

  /** What did not lose its role meanwhile goes on; the rest is filled anew by `adaptToZones`. */
  async returnZone(zone: string): Promise<void> {
    const server = this.inZone(zone);
    if (!server || server.isStale) return;
    if (server.postgres.isRunning) server.postgres.thaw();
    else await server.postgres.start();
  }

  async discard(): Promise<void> {
    this.#takesWrites = false;
    this.#synchronous = undefined;
    await Promise.all(this.#all.splice(0).map(({ postgres }) => postgres.discard()));
  }

  /**
   * Follows what became of the region's zones: a writer goes on without a standby that it does not reach, a standby
   * takes over from a writer whose zone stays lost for `failoverSeconds`, and whoever returns is filled anew.
   * Returns whether another server writes now.
   */
  async adaptToZones(failoverSeconds: number, signal: AbortSignal): Promise<boolean> {
    const [writer, standby] = [this.writer, this.second];
    if (!writer || !standby || this.#loss || !this.#reaches(this.#region)) return false;
    if (this.#reaches(writer.zone)) {
      if (!this.#reaches(standby.zone)) await this.#synchronise(undefined);
      else if (standby.isStale) await this.#refill(standby);
      else await this.#synchronise(standby);
      return false;
    }
    await sleep(failoverSeconds * 1_000, undefined, { signal });
    if (this.#reaches(writer.zone) || !this.#reaches(standby.zone) || standby.isStale) return false;
    // Within a region Aurora's storage refuses the old writer; here only death makes sure of that.
    await writer.postgres.kill();
    await standby.postgres.promote();
    writer.isStale = true;
    this.#all = [standby, writer];
    this.#synchronous = undefined;
    return true;
  }

  #reaches(place: string): boolean {
    const { faults } = this.#parts;
    return isOpen(faults.state(this.#region, place)) && isOpen(faults.state(place, this.#region));
  }

  async #refill(server: Server): Promise<void> {
    const writer = this.writer;
    if (!writer) return;
    await server.postgres.copy(writer.postgres, writer.postgres.address);
    server.isStale = false;
    await this.#synchronise(server);
  }

  async #synchronise(standby: Server | undefined): Promise<void> {
    if (standby === this.#synchronous) return;
    const names = standby ? `"${standby.postgres.name}"` : "";
    await this.writer?.postgres.set("synchronous_standby_names", names);
    this.#synchronous = standby;
  }

  async #make(zone: string, archiving: "on" | "always" = "on"): Promise<Server> {
    const { addresses, binaries, directory, processes } = this.#parts;
    const n = this.#all.length;
    const name = `${this.#clusterId}-node-${n}`;
    await mkdir(directory, { recursive: true });
    const postgres = new Postgres({
      binaries,
      processes,
      directory: path.join(directory, name),
      address: addresses.auroraInstance(this.#region, n, this.#slot),
      name,
      ...{ archive: this.archive, archiving },
    });
    return { postgres, zone, isStale: false };
  }
}
