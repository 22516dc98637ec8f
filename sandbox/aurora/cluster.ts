/** An Aurora cluster: one region's instances, the servers that play them, its two endpoints, and whom it follows. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Region } from "../../components/model.ts";
import type { Address } from "../addresses.ts";
import type { Snapshot } from "../aws/backup.ts";
import type { TcpProxy } from "../net/proxy.ts";
import { openEndpoint } from "./endpoint.ts";
import { ReplicationLink } from "./link.ts";
import { createDatabase } from "./newDatabase.ts";
import type { BaseBackup, Postgres } from "./postgres.ts";
import { type Loss, type Parts, type Server, Servers } from "./servers.ts";

export interface ClusterSpec {
  readonly id: string;
  readonly arn: string;
  readonly region: Region;
  readonly engineVersion: string;
  readonly databaseName: string | undefined;
  readonly masterUsername: string | undefined;
  /** The cluster in another region that it replicates; undefined: it takes writes itself. */
  readonly source: Cluster | undefined;
  /** Which of its region's endpoint addresses it has. */
  readonly slot: number;
  /** It begins as another cluster was at that time, milliseconds since 1970. */
  readonly restored?: { readonly from: Cluster; readonly time: number };
}

export interface Instance {
  readonly id: string;
  readonly zone: string;
  /** E.g. `db.r7g.large`; decides nothing here. */
  readonly instanceClass: string;
}

/** A switchover gives up when the replica is further behind. AWS: usually below 30 s. */
const SWITCHOVER_MILLISECONDS = 30_000;

export class Cluster {
  /** As its last name says; a rename moves its endpoints. */
  spec: ClusterSpec;
  readonly instances: Instance[] = [];
  /** What the API was told of it, in the API's names. */
  readonly settings = new Map<string, string>();
  readonly #parts: Parts;
  readonly #servers: Servers;
  readonly #endpoints: TcpProxy[] = [];
  #source: Cluster | undefined;
  #link: ReplicationLink | undefined;
  #lagMilliseconds = 0;
  #turn: Promise<void> = Promise.resolve();

  /** @param serverSlot which of its region's server addresses are its own, for good */
  constructor(parts: Parts, spec: ClusterSpec, serverSlot: number) {
    this.#parts = parts;
    this.spec = spec;
    this.#source = spec.source;
    this.#servers = new Servers(parts, spec.region, spec.id, serverSlot);
  }

  get id(): string {
    return this.spec.id;
  }

  get arn(): string {
    return this.spec.arn;
  }

  get region(): Region {
    return this.spec.region;
  }

  /** Milliseconds since 1970 between which it can be restored to; undefined: it has no backup yet. */
  async window(): Promise<{ readonly earliest: number; readonly latest: number } | undefined> {
    const { backup, archive } = this.#servers;
    if (backup === undefined) return undefined;
    // AWS: "typically within the last five minutes". Here what is committed by now; a replica cannot end a segment.
    const latest = this.isWriter ? Date.now() : await newestIn(archive);
    return { earliest: backup.from, latest: Math.max(backup.from, latest) };
  }

  get endpoints(): { readonly writer: Address; readonly reader: Address } {
    const { addresses } = this.#parts;
    const { region, slot } = this.spec;
    return { writer: addresses.auroraWriter(region, slot), reader: addresses.auroraReader(region, slot) };
  }

  get loss(): Loss | undefined {
    return this.#servers.loss;
  }

  /** Whether it takes writes, in whatever state the region is. */
  get isWriter(): boolean {
    return this.#servers.writer !== undefined;
  }

  /** A cluster without instances has storage only: nothing to connect to or to promote. */
  get isHeadless(): boolean {
    return this.#servers.first === undefined;
  }

  /** The server that answers for the cluster: its writer, or the replica in a secondary region. */
  get postgres(): Postgres | undefined {
    return this.#servers.first?.postgres;
  }

  /** Whether the cluster's first server plays this instance. */
  isFirst(instance: Instance): boolean {
    return this.instances.find(({ zone }) => zone === this.#servers.first?.zone) === instance;
  }

  addressOf({ zone }: Instance): Address {
    const server = this.#servers.inZone(zone) ?? this.#servers.first;
    return server?.postgres.address ?? this.endpoints.writer;
  }

  async open(): Promise<void> {
    const { faults } = this.#parts;
    const { writer, reader } = this.endpoints;
    const endpoint = async (listen: Address, choose: () => Server | undefined) => {
      this.#endpoints.push(await openEndpoint({ faults, listen, region: this.region, choose }));
    };
    const servers = this.#servers;
    // A secondary cluster's writer endpoint is inactive: there is nobody behind it.
    await endpoint(writer, () => servers.writer);
    await endpoint(reader, () =>
      servers.second && servers.isInService(servers.second) ? servers.second : servers.first,
    );
  }

  async addInstance(instance: Instance): Promise<void> {
    await this.#inTurn(async () => {
      this.instances.push(instance);
      const { first, second } = this.#servers;
      if (!first) await this.#startFirst(instance.zone);
      else if (!second && first.zone !== instance.zone) await this.#servers.addStandby(instance.zone);
    });
  }

  /** Under another name, which its endpoints are made of: whoever knows the old ones reaches nobody any more. */
  async rename(id: string, slot: number): Promise<void> {
    await this.#inTurn(async () => {
      await Promise.all(this.#endpoints.splice(0).map((endpoint) => endpoint.close()));
      this.spec = { ...this.spec, id, arn: this.spec.arn.replace(/[^:]+$/, id), slot };
      await this.open();
    });
  }

  async restart(parameters: Readonly<Record<string, string>>): Promise<void> {
    await this.#inTurn(() => this.#servers.restart(parameters));
  }

  async removeInstance(id: string): Promise<void> {
    await this.#inTurn(async () => {
      const at = this.instances.findIndex((instance) => instance.id === id);
      if (at >= 0) this.instances.splice(at, 1);
      if (this.instances.length === 0) await this.#servers.discard();
    });
  }

  setLag(milliseconds: number): void {
    this.#lagMilliseconds = milliseconds;
    this.#link?.setLag(milliseconds);
  }

  /** Makes its replica the writer, with whatever it has received. */
  async promote(): Promise<void> {
    await this.#servers.promote();
    this.#source = undefined;
    await this.#closeLink();
    // Aurora's backup is continuous; here it must not delay whoever waits for the writer.
    this.#backUpLater();
  }

  /** What it has is thrown away: a new volume, filled from the cluster that it follows from now on. */
  async rejoin(source: Cluster): Promise<void> {
    await this.#inTurn(async () => {
      const zone = this.#servers.first?.zone;
      this.#source = source;
      await this.#servers.discard();
      if (zone !== undefined) await this.#startFirst(zone);
    });
  }

  /** Whether `follower` has everything that is written here by now, within the time given. */
  async feeds(follower: Cluster, milliseconds: number): Promise<boolean> {
    const [writer, standby] = [this.postgres, follower.postgres?.name];
    if (!writer || standby === undefined) return false;
    const position = await writer.position();
    for (const deadline = performance.now() + milliseconds; performance.now() < deadline; await sleep(100)) {
      if (await writer.feeds(standby, position)) return true;
    }
    return false;
  }

  /** Whether it receives what is written in the cluster that it follows, as its replica itself says. */
  async isConnected(): Promise<boolean> {
    if (this.#source === undefined || this.loss !== undefined) return false;
    const asked = this.postgres?.query("SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'");
    const rows = await asked?.catch(() => []);
    return rows !== undefined && rows.length > 0;
  }

  /** How far it is behind the cluster that it follows; undefined: it follows none, or does not answer. */
  async lagMilliseconds(): Promise<number | undefined> {
    const [source, own] = [this.#source, this.postgres];
    if (source === undefined || own === undefined || this.loss !== undefined) return undefined;
    type Row = { readonly lag: number | null };
    const told = source.loss === undefined ? source.postgres : undefined;
    const heard = await told
      ?.query<Row>(
        "SELECT 1000 * extract(epoch FROM coalesce(replay_lag, '0'))::float AS lag FROM pg_stat_replication WHERE application_name = $1",
        [own.name],
      )
      .catch(() => []);
    // Nobody sends to it: what it has ages.
    const [row] =
      heard?.[0] === undefined
        ? await own.query<Row>(
            "SELECT 1000 * extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float AS lag",
          )
        : heard;
    return row?.lag ?? undefined;
  }

  /** Ends in order once everything is with its replica; then follows `source` on the same volume. */
  async demote(source: Cluster, promoteSource: () => Promise<void>): Promise<void> {
    const writer = this.#servers.writer?.postgres;
    if (!writer) throw new Error(`cluster ${this.id} is not a writer`);
    if (!(await this.feeds(source, SWITCHOVER_MILLISECONDS))) {
      throw new Error(`cluster ${source.id} is more than ${SWITCHOVER_MILLISECONDS} ms behind ${this.id}`);
    }
    if (!(await writer.stop(SWITCHOVER_MILLISECONDS))) {
      await writer.start();
      throw new Error(`cluster ${source.id} did not receive everything within ${SWITCHOVER_MILLISECONDS} ms`);
    }
    await this.#servers.retire();
    await promoteSource();
    this.#source = source;
    await writer.follow((await this.#openLink()).address);
    await writer.start();
  }

  async kill(): Promise<void> {
    await this.#servers.kill();
  }

  freeze(): void {
    this.#servers.freeze();
  }

  /** At once, whatever is under way. */
  async loseZone(zone: string, loss: Loss): Promise<void> {
    await this.#servers.loseZone(zone, loss);
  }

  async returnZone(zone: string): Promise<void> {
    await this.#inTurn(() => this.#servers.returnZone(zone));
  }

  /** Where its writer is, or its replica in a secondary region. */
  get zone(): string | undefined {
    return this.#servers.first?.zone;
  }

  /** Its servers run again as they were, whatever has happened elsewhere. */
  async restore(): Promise<void> {
    await this.#inTurn(() => this.#servers.restore());
  }

  /** See `Servers.adaptToZones`. */
  async adaptToZones(failoverSeconds: number, signal: AbortSignal): Promise<boolean> {
    let isMoved = false;
    await this.#inTurn(async () => {
      isMoved = await this.#servers.adaptToZones(failoverSeconds, signal);
    });
    return isMoved;
  }

  async close(): Promise<void> {
    // A backup that is under way would write into what is being removed.
    await this.#turn;
    await this.#closeLink();
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
    await this.#servers.discard();
  }

  /** What a copy of it as it was is made of, its log up to now included. */
  async recoverable(): Promise<{ readonly backup: BaseBackup; readonly archive: string }> {
    const { backup, archive, writer } = this.#servers;
    if (!backup) throw new Error(`cluster ${this.id} has no backup`);
    if (writer && this.loss === undefined) await writer.postgres.archiveLog();
    return { backup, archive };
  }

  /** A copy of it as it is now. */
  async snapshot(): Promise<Snapshot> {
    let snapshot: Snapshot | undefined;
    await this.#inTurn(async () => {
      snapshot = await this.#servers.snapshot();
    });
    if (snapshot === undefined) throw new Error(`cluster ${this.id} was not copied`);
    return snapshot;
  }

  #backUpLater(): void {
    void this.#inTurn(() => this.#servers.backUp()).catch(() => {});
  }

  /** One at a time: the engine creates all instances at once, and the first becomes the writer. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    await done;
  }

  async #startFirst(zone: string): Promise<void> {
    const source = this.#source;
    const { restored } = this.spec;
    if (restored) {
      await this.#servers.recover(await restored.from.recoverable(), restored.time, zone);
      await this.#servers.backUp();
      return;
    }
    if (!source) {
      await createDatabase(await this.#servers.initialise(zone), this.spec);
      await this.#servers.backUp();
      return;
    }
    if (!source.postgres) throw new Error(`cluster ${source.id} has no instance to copy`);
    await this.#servers.replicate(source.postgres, (await this.#openLink()).address, zone);
    // Its own, as Aurora's secondaries have; nobody waits for it.
    this.#backUpLater();
  }

  async #openLink(): Promise<ReplicationLink> {
    await this.#closeLink();
    const source = this.#source;
    if (!source) throw new Error(`cluster ${this.id} follows nobody`);
    this.#link = await ReplicationLink.open({
      faults: this.#parts.faults,
      host: this.#parts.addresses.auroraInstance(this.region, 0).host,
      upstreamPlace: source.region,
      downstreamPlace: this.region,
      upstream: () => source.postgres?.address,
    });
    this.#link.setLag(this.#lagMilliseconds);
    return this.#link;
  }

  async #closeLink(): Promise<void> {
    await this.#link?.close();
    this.#link = undefined;
  }
}

/** Milliseconds since 1970 at which a directory's newest file was written; 0: there is none. */
async function newestIn(directory: string): Promise<number> {
  const names = await readdir(directory).catch((): string[] => []);
  const times = await Promise.all(
    names.map(async (name) => (await stat(path.join(directory, name)).catch(() => undefined))?.mtimeMs ?? 0),
  );
  return Math.floor(Math.max(0, ...times));
}
