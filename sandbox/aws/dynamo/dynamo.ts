/** The strongly consistent global table: a DynamoDB endpoint in each of three regions over one store. */
import type { Region, RegionTriple } from "../../../components/model.ts";
import type { Service } from "../../cloud/behaviour.ts";
import type { Faults } from "../../faults.ts";
import type { AwsService } from "../protocol.ts";

export interface DynamoOptions {
  readonly faults: Faults;
  readonly regions: RegionTriple;
  readonly accountId: string;
  readonly seed: number;
  readonly latency: "none" | "published";
}

/** What became of the puts that were in flight when a region died. */
export interface InFlightCoverage {
  readonly inFlightAtKill: number;
  /** Applied at the instant of the loss, the answer lost. */
  readonly lostAnswers: number;
  /** Applied seconds later. */
  readonly lateLandings: number;
  readonly dropped: number;
}

export interface Dynamo extends Service {
  readonly aws: AwsService;
  /** Decides by seeded draw what becomes of every write in flight from `region`. Call after `faults.setPlace`. */
  loseRegion(region: Region): void;
  coverage(): InFlightCoverage;
}

export declare function createDynamo(options: DynamoOptions): Promise<Dynamo>;
