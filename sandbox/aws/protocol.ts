/** What passes between the AWS edges and the services behind them. */
import type { Region } from "../../components/model.ts";
import type { Place } from "../faults.ts";

export interface AwsRequest {
  /** Where the caller is: a region (its pods) or the internet (operators). */
  readonly from: Place;
  /** From the credential scope of the signature, as the service's own. */
  readonly region: Region;
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Aborted when the caller hangs up. */
  readonly signal: AbortSignal;
}

export interface AwsResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Thrown by a service whose answer never leaves it: the caller's socket is reset. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

/** One AWS service in every region; `name` is the one in the credential scope (`dynamodb`, `s3`, `rds`, `sts`). */
export interface AwsService {
  readonly name: string;
  /** The API operation, for the audit log. */
  operation(request: AwsRequest): string;
  handle(request: AwsRequest): Promise<AwsResponse>;
}
