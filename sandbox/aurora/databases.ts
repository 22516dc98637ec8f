/** All that RDS knows, in every region, and what goes on in the background of its API. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Region, RegionTriple } from "../../components/model.ts";
import type { Address } from "../addresses.ts";
import { QueryError } from "../aws/query.ts";
import type { LinkState } from "../faults.ts";
import { Cluster, type ClusterSpec, type Parts } from "./cluster.ts";
import { type Failover, GlobalCluster, type GlobalClusterSpec } from "./globalCluster.ts";

export interface AuroraOptions extends Omit<Parts, "binaries"> {
  readonly regions: RegionTriple;
  readonly accountId: string;
  /** What a managed failover takes besides PostgreSQL's own promotion. AWS: 60 to 120 s. */
  readonly promotionSeconds?: number;
  /** How long after its return the old primary is still there before it is replaced by a copy of the new one. */
  readonly rejoinSeconds?: number;
}

export const DEFAULT_PROMOTION_SECONDS = 1;
export const DEFAULT_REJOIN_SECONDS = 2;

const isOpen = (state: LinkState): boolean => state !== "cut" && state !== "blackhole";

export class Databases {
  readonly promotionSeconds: number;
  readonly globals = new Map<string, GlobalCluster>();
  readonly #options: AuroraOptions & Parts;
  readonly #clusters = new Map<Region, Cluster>();
  readonly #background = new Map<Cluster, Promise<void>>();
  readonly #closing = new AbortController();
  readonly #onFault = () => this.#reconcile();
  #lagMilliseconds = 0;

  constructor(options: AuroraOptions & Parts) {
    this.#options = options;
    this.promotionSeconds = options.promotionSeconds ?? DEFAULT_PROMOTION_SECONDS;
    options.faults.on("change", this.#onFault);
  }

  /** A region's cluster: there is one at most, as its endpoints' addresses are the region's. */
  at(region: Region): Cluster | undefined {
    return this.#clusters.get(region);
  }

  endpoints(region: Region): { readonly writer: Address; readonly reader: Address } {
    const { addresses } = this.#options;
    return { writer: addresses.auroraWriter(region), reader: addresses.auroraReader(region) };
  }

  /** Throws `DBClusterNotFoundFault`. */
  cluster(region: Region, id: string): Cluster {
    const cluster = this.at(region);
    if (cluster && (cluster.id === id || cluster.arn === id)) return cluster;
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

  async createCluster(spec: Omit<ClusterSpec, "source">, globalId: string | undefined): Promise<Cluster> {
    const other = this.at(spec.region);
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
    const cluster = new Cluster(this.#options, {
      ...spec,
      databaseName: source?.databaseName ?? spec.databaseName ?? global?.spec.databaseName,
      masterUsername: source?.masterUsername ?? spec.masterUsername,
      source,
    });
    await cluster.open();
    cluster.setLag(this.#lagMilliseconds);
    this.#clusters.set(spec.region, cluster);
    global?.members.push(cluster);
    if (global) global.primary ??= cluster;
    return cluster;
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
    this.#clusters.delete(cluster.region);
    await cluster.close();
  }

  /** Does what was begun; the API has answered already. */
  carryOut(global: GlobalCluster, failover: Failover): void {
    this.#inBackground(failover.to, async () => {
      try {
        if (failover.kind === "failing-over") {
          await sleep(this.promotionSeconds * 1_000, undefined, { signal: this.#closing.signal });
          await failover.to.promote();
        } else await failover.from.demote(failover.to, () => failover.to.promote());
        global.primary = failover.to;
      } finally {
        global.failover = undefined;
      }
    }).then(() => this.#reconcile());
  }

  async restore(region: Region): Promise<void> {
    const cluster = this.at(region);
    await cluster?.restore();
    this.#reconcile();
  }

  setLag(milliseconds: number): void {
    this.#lagMilliseconds = milliseconds;
    for (const cluster of this.#clusters.values()) cluster.setLag(milliseconds);
  }

  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background.values());
  }

  async close(): Promise<void> {
    this.#options.faults.off("change", this.#onFault);
    this.#closing.abort();
    await this.settled();
    await Promise.all([...this.#clusters.values()].map((cluster) => cluster.close()));
  }

  /** Old primaries that are back and reachable become secondaries of the new one. */
  #reconcile(): void {
    for (const { members, primary, failover } of this.globals.values()) {
      for (const member of members) {
        const isStale = member !== primary && member.isWriter && member.loss === undefined;
        if (!isStale || failover || !primary || this.#background.has(member)) continue;
        if (!this.#canFollow(member, primary)) continue;
        void this.#inBackground(member, async () => {
          await sleep((this.#options.rejoinSeconds ?? DEFAULT_REJOIN_SECONDS) * 1_000, undefined, {
            signal: this.#closing.signal,
          });
          if (this.#canFollow(member, primary)) await member.rejoin(primary);
        });
      }
    }
  }

  #canFollow(member: Cluster, primary: Cluster): boolean {
    const { faults } = this.#options;
    return (
      primary.loss === undefined &&
      isOpen(faults.state(primary.region, member.region)) &&
      isOpen(faults.state(member.region, primary.region))
    );
  }

  #inBackground(cluster: Cluster, work: () => Promise<void>): Promise<void> {
    const done = work()
      .catch((error: unknown) => {
        if (!this.#closing.signal.aborted) console.error(`sandbox Aurora, cluster ${cluster.id}:`, error);
      })
      .finally(() => this.#background.delete(cluster));
    this.#background.set(cluster, done);
    return done;
  }
}
