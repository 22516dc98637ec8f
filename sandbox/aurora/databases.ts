/** All that RDS knows, in every region, and what goes on in the background of its API. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Region, RegionTriple } from "../../components/model.ts";
import { QueryError } from "../aws/query.ts";
import { Cluster, type ClusterSpec } from "./cluster.ts";
import { type Failover, GlobalCluster, type GlobalClusterSpec } from "./globalCluster.ts";
import { isOpen, type Parts } from "./servers.ts";

export interface AuroraOptions extends Omit<Parts, "binaries"> {
  readonly regions: RegionTriple;
  readonly accountId: string;
  /** What a managed failover takes besides PostgreSQL's own promotion. AWS: 60 to 120 s. */
  readonly promotionSeconds?: number;
  /** How long after its return the old primary is still there before it is replaced by a copy of the new one. */
  readonly rejoinSeconds?: number;
  /** How long a writer's zone must be lost before its standby takes over. AWS: usually below 30 s. */
  readonly zoneFailoverSeconds?: number;
}

export const DEFAULT_PROMOTION_SECONDS = 1;
export const DEFAULT_REJOIN_SECONDS = 2;
export const RENAME_SECONDS = 1;
export const DEFAULT_ZONE_FAILOVER_SECONDS = 3;
/** As many as have addresses. */
const MOST_CLUSTERS = 5;
/** How long a replica may take to find its way to a writer that another server has become. */
const REPOINT_MILLISECONDS = 5_000;

export class Databases {
  readonly promotionSeconds: number;
  readonly zoneFailoverSeconds: number;
  readonly globals = new Map<string, GlobalCluster>();
  /** Still under their old names. */
  readonly renaming = new Set<Cluster>();
  readonly #options: AuroraOptions & Parts;
  /** By region and name. */
  readonly parameterGroups = new Map<string, Readonly<Record<string, string>>>();
  readonly #clusters: Cluster[] = [];
  readonly #background = new Set<Promise<void>>();
  readonly #rejoining = new Set<Cluster>();
  readonly #closing = new AbortController();
  readonly #onFault = () => {
    this.#reconcile();
    for (const cluster of this.#clusters) this.#inBackground(() => this.#adaptToZones(cluster));
  };
  #lagMilliseconds = 0;

  constructor(options: AuroraOptions & Parts) {
    this.#options = options;
    this.promotionSeconds = options.promotionSeconds ?? DEFAULT_PROMOTION_SECONDS;
    this.zoneFailoverSeconds = options.zoneFailoverSeconds ?? DEFAULT_ZONE_FAILOVER_SECONDS;
    options.faults.on("change", this.#onFault);
  }

  /** A region's clusters: the one that was created there, and what was restored since. */
  in(region: Region): readonly Cluster[] {
    return this.#clusters.filter((cluster) => cluster.region === region);
  }

  find(region: Region, id: string): Cluster | undefined {
    return this.in(region).find((cluster) => cluster.id === id || cluster.arn === id);
  }

  /** Throws `DBClusterNotFoundFault`. */
  cluster(region: Region, id: string): Cluster {
    const cluster = this.find(region, id);
    if (cluster) return cluster;
    throw new QueryError("DBClusterNotFoundFault", `DBCluster ${id} not found.`, 404);
  }

  /** Throws `GlobalClusterNotFoundFault`. */
  global(id: string): GlobalCluster {
    const found = this.globals.get(id);
    if (found) return found;
    throw new QueryError("GlobalClusterNotFoundFault", `Global cluster ${id} not found`, 404);
  }

  globalOf(cluster: Cluster): GlobalCluster | undefined {
    return [...this.globals.values()].find(({ members }) => members.includes(cluster));
  }

  createGlobal(spec: GlobalClusterSpec, deletionProtection: boolean): GlobalCluster {
    if (this.globals.has(spec.id)) {
      throw new QueryError("GlobalClusterAlreadyExistsFault", `Global cluster ${spec.id} already exists`);
    }
    const global = new GlobalCluster(spec, deletionProtection);
    this.globals.set(spec.id, global);
    return global;
  }

  async createCluster(
    spec: Omit<ClusterSpec, "source" | "slot">,
    globalId: string | undefined,
  ): Promise<Cluster> {
    const [other] = this.in(spec.region);
    if (other) {
      const message = `The sandbox has one Aurora cluster per Region, and ${spec.region} has ${other.id} already`;
      throw new QueryError("DBClusterAlreadyExistsFault", message);
    }
    const global = globalId === undefined ? undefined : this.global(globalId);
    const source = global?.primary;
    if (source?.isHeadless) {
      throw new QueryError(
        "InvalidDBClusterStateFault",
        `Source cluster: ${source.arn} is in a state which is not valid for physical replication`,
      );
    }
    const cluster = await this.#open({
      ...spec,
      databaseName: source?.spec.databaseName ?? spec.databaseName ?? global?.spec.databaseName,
      masterUsername: source?.spec.masterUsername ?? spec.masterUsername,
      source,
    });
    global?.members.push(cluster);
    if (global) global.primary ??= cluster;
    return cluster;
  }

  /**
   * A cluster of its own, without instances, that begins as `from` was at that second; no member of its global cluster.
   * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterToPointInTime.html
   */
  async restoreCluster(from: Cluster, id: string, time: number): Promise<Cluster> {
    if (this.find(from.region, id)) {
      throw new QueryError("DBClusterAlreadyExistsFault", `DB Cluster already exists: ${id}`);
    }
    const second = Math.floor(time / 1_000) * 1_000;
    const window = await from.window();
    if (!window || second < window.earliest || second > window.latest) {
      const at = (one: number | undefined) => (one === undefined ? "never" : new Date(one).toISOString());
      throw new QueryError(
        "InvalidParameterValue",
        `RestoreToTime ${at(second)} is not between ${at(window?.earliest)} and ${at(window?.latest)}`,
      );
    }
    const { region, engineVersion, databaseName, masterUsername } = from.spec;
    const arn = from.arn.replace(/[^:]+$/, id);
    const origin = { from, time: second };
    return await this.#open({
      ...{ id, arn, region, engineVersion, databaseName, masterUsername },
      ...{ source: undefined, restored: origin },
    });
  }

  /** Answers before it is done, as RDS does. Throws `DBClusterAlreadyExistsFault`, `InvalidDBClusterStateFault`. */
  rename(cluster: Cluster, id: string): void {
    if (this.find(cluster.region, id)) {
      throw new QueryError("DBClusterAlreadyExistsFault", `DB Cluster already exists: ${id}`);
    }
    if (this.renaming.has(cluster)) {
      throw new QueryError("InvalidDBClusterStateFault", `DB cluster ${cluster.id} is being renamed.`);
    }
    this.renaming.add(cluster);
    this.#inBackground(async () => {
      try {
        await this.#wait(RENAME_SECONDS);
        await cluster.rename(id, this.#freeSlot(cluster.region));
      } finally {
        this.renaming.delete(cluster);
      }
    });
  }

  async #open(spec: Omit<ClusterSpec, "slot">): Promise<Cluster> {
    const slot = this.#freeSlot(spec.region);
    const cluster = new Cluster(this.#options, { ...spec, slot }, this.in(spec.region).length);
    await cluster.open();
    cluster.setLag(this.#lagMilliseconds);
    this.#clusters.push(cluster);
    return cluster;
  }

  #freeSlot(region: Region): number {
    const taken = new Set(this.in(region).map(({ spec }) => spec.slot));
    const slot = Array.from({ length: MOST_CLUSTERS }, (_, n) => n).find((n) => !taken.has(n));
    if (slot !== undefined) return slot;
    throw new QueryError(
      "DBClusterQuotaExceededFault",
      `The sandbox has ${MOST_CLUSTERS} Aurora clusters per Region`,
    );
  }

  /** Takes a member out of its global cluster; a secondary becomes a database of its own, which takes writes. */
  async detach(cluster: Cluster): Promise<void> {
    const global = this.globalOf(cluster);
    if (!global) return;
    if (cluster === global.primary && global.members.length > 1) {
      throw new QueryError(
        "InvalidGlobalClusterStateFault",
        `The primary cluster ${cluster.id} can't be removed from ${global.spec.id} while it has secondary clusters`,
      );
    }
    global.members.splice(global.members.indexOf(cluster), 1);
    if (cluster === global.primary) global.primary = undefined;
    else if (!cluster.isHeadless) await cluster.promote();
  }

  async deleteCluster(cluster: Cluster): Promise<void> {
    if (cluster.instances.length > 0) {
      throw new QueryError(
        "InvalidDBClusterStateFault",
        "Cluster cannot be deleted, it still contains DB instances in non-deleting state.",
      );
    }
    await this.detach(cluster);
    this.#clusters.splice(this.#clusters.indexOf(cluster), 1);
    await cluster.close();
  }

  /** Does what was begun; the API has answered already. */
  carryOut(global: GlobalCluster, { kind, from, to }: Failover): void {
    this.#inBackground(async () => {
      try {
        if (kind === "failing-over") {
          await this.#wait(this.promotionSeconds);
          await to.promote();
        } else await from.demote(to, () => to.promote());
        global.primary = to;
      } finally {
        global.failover = undefined;
        this.#reconcile();
      }
    });
  }

  async restore(region: Region): Promise<void> {
    for (const cluster of this.in(region)) await cluster.restore();
    this.#reconcile();
  }

  setLag(milliseconds: number): void {
    this.#lagMilliseconds = milliseconds;
    for (const cluster of this.#clusters) cluster.setLag(milliseconds);
  }

  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  async close(): Promise<void> {
    this.#options.faults.off("change", this.#onFault);
    this.#closing.abort();
    await this.settled();
    await Promise.all(this.#clusters.map((cluster) => cluster.close()));
  }

  /** Old primaries that are back and reachable become secondaries of the new one. */
  #reconcile(): void {
    for (const { members, primary, failover } of this.globals.values()) {
      for (const member of members) {
        const isStale = member !== primary && member.isWriter && member.loss === undefined;
        if (!isStale || failover || !primary || this.#rejoining.has(member)) continue;
        if (this.#canFollow(member, primary)) this.#inBackground(() => this.#rejoin(member, primary));
      }
    }
  }

  async #rejoin(member: Cluster, primary: Cluster): Promise<void> {
    this.#rejoining.add(member);
    try {
      await this.#wait(this.#options.rejoinSeconds ?? DEFAULT_REJOIN_SECONDS);
      if (this.#canFollow(member, primary)) await member.rejoin(primary);
    } finally {
      this.#rejoining.delete(member);
    }
  }

  async #adaptToZones(cluster: Cluster): Promise<void> {
    const isMoved = await cluster.adaptToZones(this.zoneFailoverSeconds, this.#closing.signal);
    if (!isMoved) return;
    for (const follower of this.globalOf(cluster)?.members ?? []) {
      if (follower === cluster || follower.isWriter || !this.#canFollow(follower, cluster)) continue;
      // It may have received what the standby never did; then only a new copy follows the new writer.
      if (!(await cluster.feeds(follower, REPOINT_MILLISECONDS))) await follower.rejoin(cluster);
    }
  }

  async #wait(seconds: number): Promise<void> {
    await sleep(seconds * 1_000, undefined, { signal: this.#closing.signal });
  }

  #canFollow(member: Cluster, primary: Cluster): boolean {
    const { faults } = this.#options;
    return (
      primary.loss === undefined &&
      isOpen(faults.state(primary.region, member.region)) &&
      isOpen(faults.state(member.region, primary.region))
    );
  }

  #inBackground(work: () => Promise<void>): void {
    const done = work()
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted) console.error("sandbox Aurora:", error);
      })
      .finally(() => this.#background.delete(done));
    this.#background.add(done);
  }
}
