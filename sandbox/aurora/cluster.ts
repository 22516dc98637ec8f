/** An Aurora cluster: one region's instances, the servers that play them, and its two endpoints. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Region } from "../../components/model.ts";
import type { Address } from "../addresses.ts";
import type { Faults } from "../faults.ts";
import type { TcpProxy } from "../net/proxy.ts";
import type { Processes } from "../processes.ts";
import type { Binaries } from "./binaries.ts";
import { openEndpoint } from "./endpoint.ts";
import { ReplicationLink } from "./link.ts";
import { createDatabase } from "./newDatabase.ts";
import { Postgres } from "./postgres.ts";

/** What every cluster of a sandbox is made with. */
export interface Parts {
  readonly faults: Faults;
  readonly processes: Processes;
  readonly binaries: Binaries;
  readonly directory: string;
  readonly addresses: {
    auroraWriter(region: Region): Address;
    auroraReader(region: Region): Address;
    auroraInstance(region: Region, n: number): Address;
  };
}

export interface ClusterSpec {
  readonly id: string;
  readonly arn: string;
  readonly region: Region;
  readonly engineVersion: string;
  readonly databaseName: string | undefined;
  readonly masterUsername: string | undefined;
  /** The cluster in another region that it replicates; undefined: it takes writes itself. */
  readonly source: Cluster | undefined;
}

export interface Instance {
  readonly id: string;
  readonly zone: string;
}

/** A switchover gives up when the replica is further behind. AWS: usually below 30 s. */
const SWITCHOVER_MILLISECONDS = 30_000;

/** One server. Aurora's readers share their writer's storage; here a second one keeps a synchronous copy. */
interface Node {
  readonly postgres: Postgres;
  readonly zone: string;
}

export type Loss = "killed" | "frozen";

export class Cluster {
  readonly id: string;
  readonly arn: string;
  readonly region: Region;
  readonly engineVersion: string;
  databaseName: string | undefined;
  masterUsername: string | undefined;
  readonly instances: Instance[] = [];
  readonly #parts: Parts;
  readonly #nodes: Node[] = [];
  readonly #endpoints: TcpProxy[] = [];
  #writer: Node | undefined;
  #source: Cluster | undefined;
  #link: ReplicationLink | undefined;
  #lagMilliseconds = 0;
  #loss: Loss | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: Parts, spec: ClusterSpec) {
    this.#parts = parts;
    this.id = spec.id;
    this.arn = spec.arn;
    this.region = spec.region;
    this.engineVersion = spec.engineVersion;
    this.databaseName = spec.databaseName;
    this.masterUsername = spec.masterUsername;
    this.#source = spec.source;
  }

  get loss(): Loss | undefined {
    return this.#loss;
  }

  /** Whether it takes writes, in whatever state the region is. */
  get isWriter(): boolean {
    return this.#writer !== undefined;
  }

  /** A cluster without instances has storage only: nothing to connect to or to promote. */
  get isHeadless(): boolean {
    return this.#nodes.length === 0;
  }

  /** The server that answers for the cluster: its writer, or the replica in a secondary region. */
  get postgres(): Postgres | undefined {
    return (this.#writer ?? this.#nodes[0])?.postgres;
  }

  /** The instance that the cluster's first server plays takes the writes, or the stream from the primary. */
  isFirst(instance: Instance): boolean {
    const first = this.#writer?.zone ?? this.#nodes[0]?.zone;
    return this.instances.find(({ zone }) => zone === first) === instance;
  }

  addressOf(instance: Instance): Address {
    const node = this.#nodes.find(({ zone }) => zone === instance.zone) ?? this.#nodes[0];
    return node?.postgres.address ?? this.#parts.addresses.auroraInstance(this.region, 0);
  }

  async open(): Promise<void> {
    const { faults, addresses } = this.#parts;
    const endpoint = async (listen: Address, choose: () => Node | undefined) => {
      this.#endpoints.push(await openEndpoint({ faults, listen, region: this.region, choose }));
    };
    // A secondary cluster's writer endpoint is inactive: there is nobody behind it.
    await endpoint(addresses.auroraWriter(this.region), () => this.#writer);
    await endpoint(
      addresses.auroraReader(this.region),
      () => this.#nodes.find((node) => node !== this.#writer) ?? this.#nodes[0],
    );
  }

  async addInstance(instance: Instance): Promise<void> {
    await this.#inTurn(async () => {
      this.instances.push(instance);
      if (this.#nodes.length === 0) await this.#startFirst(instance.zone);
      else if (this.#nodes.length === 1 && this.#writer && this.#writer.zone !== instance.zone) {
        await this.#addStandby(instance.zone);
      }
    });
  }

  async removeInstance(id: string): Promise<void> {
    await this.#inTurn(async () => {
      const at = this.instances.findIndex((instance) => instance.id === id);
      if (at >= 0) this.instances.splice(at, 1);
      if (this.instances.length === 0) await this.#discardNodes();
    });
  }

  setLag(milliseconds: number): void {
    this.#lagMilliseconds = milliseconds;
    this.#link?.setLag(milliseconds);
  }

  /** Makes its replica the writer, with whatever it has received. */
  async promote(): Promise<void> {
    const [node] = this.#nodes;
    if (!node) throw new Error(`cluster ${this.id} has no instance to promote`);
    await node.postgres.promote();
    this.#writer = node;
    this.#source = undefined;
    await this.#closeLink();
  }

  /** What it has is thrown away: a new volume, filled from the cluster that it follows from now on. */
  async rejoin(source: Cluster): Promise<void> {
    await this.#inTurn(async () => {
      this.#writer = undefined;
      this.#source = source;
      const zone = this.#nodes[0]?.zone;
      await this.#discardNodes();
      if (zone !== undefined) await this.#startFirst(zone);
    });
  }

  /** Ends in order once everything is with its replica; then follows `source` on the same volume. */
  async demote(source: Cluster, promoteSource: () => Promise<void>): Promise<void> {
    const writer = this.#writer;
    if (!writer) throw new Error(`cluster ${this.id} is not a writer`);
    const others = this.#nodes.filter((node) => node !== writer);
    const deadline = performance.now() + SWITCHOVER_MILLISECONDS;
    const position = await writer.postgres.position();
    while (!(await writer.postgres.feeds(source.postgres?.name ?? "", position))) {
      if (performance.now() > deadline) {
        throw new Error(`cluster ${source.id} is more than ${SWITCHOVER_MILLISECONDS} ms behind ${this.id}`);
      }
      await sleep(100);
    }
    this.#writer = undefined;
    if (!(await writer.postgres.stop(SWITCHOVER_MILLISECONDS))) {
      await writer.postgres.start();
      this.#writer = writer;
      throw new Error(`cluster ${source.id} did not receive everything within ${SWITCHOVER_MILLISECONDS} ms`);
    }
    for (const { postgres } of others) await postgres.discard();
    this.#nodes.splice(0, this.#nodes.length, writer);
    await promoteSource();
    this.#source = source;
    await writer.postgres.follow((await this.#openLink()).address);
    await writer.postgres.start();
  }

  async kill(): Promise<void> {
    this.#loss = "killed";
    await Promise.all(this.#nodes.map(({ postgres }) => postgres.kill()));
  }

  freeze(): void {
    this.#loss = "frozen";
    for (const { postgres } of this.#nodes) postgres.freeze();
  }

  /** Its servers run again as they were, whatever has happened elsewhere. */
  async restore(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#loss === "frozen") for (const { postgres } of this.#nodes) postgres.thaw();
      if (this.#loss === "killed") await Promise.all(this.#nodes.map(({ postgres }) => postgres.start()));
      this.#loss = undefined;
    });
  }

  async close(): Promise<void> {
    await this.#closeLink();
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
    await this.#discardNodes();
  }

  /** One at a time: the engine creates all instances at once, and the first becomes the writer. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    await done;
  }

  async #startFirst(zone: string): Promise<void> {
    const node = await this.#node(zone);
    if (this.#source) {
      const source = this.#source.postgres;
      if (!source) throw new Error(`cluster ${this.#source.id} has no instance to copy`);
      await node.postgres.copy(source, (await this.#openLink()).address);
    } else {
      await node.postgres.initialise();
      await createDatabase(node.postgres, this);
      this.#writer = node;
    }
    this.#nodes.push(node);
  }

  async #addStandby(zone: string): Promise<void> {
    const writer = this.#writer?.postgres;
    if (!writer) return;
    const { postgres } = await this.#node(zone);
    await postgres.copy(writer, writer.address);
    this.#nodes.push({ postgres, zone });
    await writer.set("synchronous_standby_names", `"${postgres.name}"`);
  }

  async #node(zone: string): Promise<Node> {
    const { addresses, binaries, directory, processes } = this.#parts;
    const n = this.#nodes.length;
    const name = `${this.id}-node-${n}`;
    await mkdir(directory, { recursive: true });
    const address = addresses.auroraInstance(this.region, n);
    const postgres = new Postgres({
      binaries,
      processes,
      directory: path.join(directory, name),
      address,
      name,
    });
    return { postgres, zone };
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

  async #discardNodes(): Promise<void> {
    this.#writer = undefined;
    await Promise.all(this.#nodes.splice(0).map(({ postgres }) => postgres.discard()));
  }
}
