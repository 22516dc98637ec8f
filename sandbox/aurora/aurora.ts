/** Aurora PostgreSQL Global Database, played by real PostgreSQL servers. */
import type { Region } from "../../components/model.ts";
import type { Address } from "../addresses.ts";
import type { Snapshot } from "../aws/backup.ts";
import type { AwsService } from "../aws/protocol.ts";
import { createRds } from "../aws/rds/rds.ts";
import type { Service } from "../cloud/behaviour.ts";
import { findBinaries } from "./binaries.ts";
import { type AuroraOptions, Databases, RENAME_SECONDS } from "./databases.ts";
import { databaseBehaviours } from "./resources.ts";

export type { AuroraOptions } from "./databases.ts";

export interface Aurora extends Service {
  /** The RDS API (Query protocol). */
  readonly rds: AwsService;
  /** Where the region's newest cluster answers; undefined: there is none. */
  writer(region: Region): Address | undefined;
  /** SIGKILL of every server in the region. */
  kill(region: Region): Promise<void>;
  /** SIGSTOP of every server in the region. */
  freeze(region: Region): Promise<void>;
  /**
   * The region's servers run again as they were. If it lost the primary's role meanwhile, the old writer takes writes
   * until it rejoins as a secondary on a new volume: Aurora's fencing is best effort.
   */
  restore(region: Region): Promise<void>;
  /** SIGKILL or SIGSTOP of what is in one zone; `faults` must say that it is unreachable, too. */
  loseZone(region: Region, zone: string, how: "kill" | "freeze"): Promise<void>;
  /** Once it is reachable again. */
  returnZone(region: Region, zone: string): Promise<void>;
  /** Where the region's writer is, or its replica. */
  zoneOf(region: Region): string | undefined;
  /** Delays what secondaries receive from now on, what is on its way included. */
  setLag(milliseconds: number): void;
  /** How far a secondary cluster is behind; undefined: it follows none. */
  lagMilliseconds(region: Region, cluster: string): Promise<number | undefined>;
  /** A copy of a cluster as it is now. */
  snapshot(region: Region, cluster: string): Promise<Snapshot>;
  /** Resolves when nothing is under way: no failover of a region or a zone, no rejoining. */
  settled(): Promise<void>;
}

export async function createAurora(options: AuroraOptions): Promise<Aurora> {
  const databases = new Databases({ ...options, binaries: await findBinaries() });
  return {
    behaviours: databaseBehaviours(databases, options.accountId),
    modelled: [
      "Aurora is PostgreSQL 18: a writer, one synchronous standby in another zone of the primary's region, and one " +
        "asynchronous physical replica in the secondary; further instances share these servers, and a promoted " +
        "secondary has no standby.",
      `A writer's zone is lost for ${databases.zoneFailoverSeconds} s before its standby takes over (AWS: below 60 s, often ` +
        "below 30 s, https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html).",
      `A managed failover takes ${databases.promotionSeconds} s besides PostgreSQL's own promotion.`,
      "Any password is accepted, and connections are not encrypted.",
      "A point-in-time restore is PostgreSQL's own: a base backup from the cluster's first minute, its archived log, and a " +
        "recovery target; it can reach the present second (Aurora: up to five minutes ago) and takes no hours.",
      `A renamed cluster has its new name after ${RENAME_SECONDS} s (AWS: about two minutes).`,
      "Of a DB cluster parameter group only default_transaction_read_only has an effect, at the instances' next reboot.",
    ],
    rds: createRds(databases),
    writer: (region) => databases.in(region).at(-1)?.endpoints.writer,
    kill: async (region) => {
      await Promise.all(databases.in(region).map((cluster) => cluster.kill()));
    },
    freeze: async (region) => {
      for (const cluster of databases.in(region)) cluster.freeze();
    },
    restore: async (region) => await databases.restore(region),
    loseZone: async (region, zone, how) => {
      const loss = how === "kill" ? "killed" : "frozen";
      await Promise.all(databases.in(region).map((cluster) => cluster.loseZone(zone, loss)));
    },
    returnZone: async (region, zone) => {
      await Promise.all(databases.in(region).map((cluster) => cluster.returnZone(zone)));
    },
    zoneOf: (region) => databases.in(region).at(-1)?.zone,
    setLag: (milliseconds) => databases.setLag(milliseconds),
    lagMilliseconds: async (region, cluster) => await databases.find(region, cluster)?.lagMilliseconds(),
    snapshot: async (region, cluster) => await databases.cluster(region, cluster).snapshot(),
    settled: () => databases.settled(),
    close: () => databases.close(),
  };
}
