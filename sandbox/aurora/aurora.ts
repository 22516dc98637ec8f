/** Aurora PostgreSQL Global Database, played by real PostgreSQL servers. */
import type { Region } from "../../components/model.ts";
import type { AwsService } from "../aws/protocol.ts";
import { createRds } from "../aws/rds/rds.ts";
import type { Service } from "../cloud/behaviour.ts";
import { findBinaries } from "./binaries.ts";
import { type AuroraOptions, Databases } from "./databases.ts";
import { databaseBehaviours } from "./resources.ts";

export type { AuroraOptions } from "./databases.ts";

export interface Aurora extends Service {
  /** The RDS API (Query protocol). */
  readonly rds: AwsService;
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
    ],
    rds: createRds(databases),
    kill: async (region) => await databases.at(region)?.kill(),
    freeze: async (region) => databases.at(region)?.freeze(),
    restore: async (region) => await databases.restore(region),
    loseZone: async (region, zone, how) =>
      await databases.at(region)?.loseZone(zone, how === "kill" ? "killed" : "frozen"),
    returnZone: async (region, zone) => await databases.at(region)?.returnZone(zone),
    zoneOf: (region) => databases.at(region)?.zone,
    setLag: (milliseconds) => databases.setLag(milliseconds),
    settled: () => databases.settled(),
    close: () => databases.close(),
  };
}
