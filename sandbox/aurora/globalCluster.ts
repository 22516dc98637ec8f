/** A global cluster: its members, which of them takes writes, and how that changes. */
import type { Region } from "../../components/model.ts";
import { QueryError } from "../aws/query.ts";
import type { Cluster } from "./cluster.ts";

export interface Failover {
  readonly kind: "failing-over" | "switching-over";
  readonly from: Cluster;
  readonly to: Cluster;
}

export interface GlobalClusterSpec {
  readonly id: string;
  readonly arn: string;
  readonly engine: string;
  readonly engineVersion: string;
  readonly databaseName: string | undefined;
  readonly storageEncrypted: boolean;
}

const invalidState = (message: string): QueryError =>
  new QueryError("InvalidGlobalClusterStateFault", message);

export class GlobalCluster {
  readonly spec: GlobalClusterSpec;
  deletionProtection: boolean;
  readonly members: Cluster[] = [];
  primary: Cluster | undefined;
  failover: Failover | undefined;

  constructor(spec: GlobalClusterSpec, deletionProtection: boolean) {
    this.spec = spec;
    this.deletionProtection = deletionProtection;
  }

  get status(): "available" | Failover["kind"] {
    return this.failover?.kind ?? "available";
  }

  /** The member that a call in `region` wants to make the primary. Throws `QueryError`. */
  target(arn: string): Cluster {
    const target = this.members.find((member) => member.arn === arn);
    if (!target) {
      const message = `The target cluster ${arn} is not found in global cluster ${this.spec.id}`;
      throw new QueryError("DBClusterNotFoundFault", message, 404);
    }
    return target;
  }

  /** Checks, then returns the work itself, which takes its time. Throws `QueryError`. */
  beginFailover(region: Region, to: Cluster): Failover {
    this.#check(to);
    if (to.region !== region) {
      throw invalidState(`A failover must be called in the target's Region ${to.region}, not in ${region}`);
    }
    return this.#begin("failing-over", to);
  }

  /** Loses nothing, so that it needs the primary: alive, called there, and its replica connected. */
  beginSwitchover(region: Region, to: Cluster): Failover {
    this.#check(to);
    const from = this.#primary();
    if (from.region !== region) {
      throw invalidState(
        `A switchover must be called in the primary's Region ${from.region}, not in ${region}`,
      );
    }
    if (from.loss) throw invalidState(`The primary cluster ${from.id} is not available`);
    return this.#begin("switching-over", to);
  }

  /** https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html */
  #check(to: Cluster): void {
    if (this.failover) throw invalidState(`Global cluster ${this.spec.id} is ${this.failover.kind}`);
    if (to === this.primary) throw invalidState(`The target cluster ${to.id} is already the primary cluster`);
    if (to.isHeadless) {
      throw new QueryError(
        "InvalidDBClusterStateFault",
        `The target cluster ${to.id} is headless: it needs at least one DB instance before it can be promoted`,
      );
    }
    if (to.loss) throw invalidState(`The target cluster ${to.id} is not available`);
  }

  #begin(kind: Failover["kind"], to: Cluster): Failover {
    this.failover = { kind, from: this.#primary(), to };
    return this.failover;
  }

  #primary(): Cluster {
    if (this.primary) return this.primary;
    throw invalidState(`Global cluster ${this.spec.id} has no primary cluster`);
  }
}
