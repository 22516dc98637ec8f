/** S3, as far as state backends, archives and checkpoints need it: versions and Object Lock included. */
import type { Region } from "../../../components/model.ts";
import type { Service } from "../../cloud/behaviour.ts";
import type { AwsService } from "../protocol.ts";

export interface S3Options {
  readonly accountId: string;
  /** Where objects survive a restart of the sandbox; absent: in memory. */
  readonly directory?: string;
}

export interface S3 extends Service {
  readonly aws: AwsService;
  /** For what exists before any deployment, the state bucket above all. Does nothing when it is already there. */
  createBucket(region: Region, name: string): Promise<void>;
}

export declare function createS3(options: S3Options): Promise<S3>;
