/** AWS clients by region, from one factory. The SDK itself takes AWS_ENDPOINT_URL and credentials from outside. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { RDSClient } from "@aws-sdk/client-rds";
import { S3Client } from "@aws-sdk/client-s3";
import { REGIONS, type Region } from "../../components/model.ts";
import type { Endpoints } from "./endpoints.ts";
import type { Credentials } from "./sigv4.ts";

export interface RegionClients {
  readonly dynamodb: DynamoDBClient;
  readonly rds: RDSClient;
  readonly s3: S3Client;
  readonly credentials: () => Promise<Credentials>;
}

/** No call of a failover may wait longer for one attempt: an endpoint that hangs must cost seconds, not the RTO. */
export const ATTEMPT_MILLISECONDS = 3_000;

export const patience = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 2_000,
    requestTimeout: ATTEMPT_MILLISECONDS,
    throwOnRequestTimeout: true,
  },
} as const;

/** Reading a region that is not allowed throws ForbiddenRegionError; a region's clients are made on first use. */
export function createClients(endpoints: Endpoints): Readonly<Record<Region, RegionClients>> {
  const clients = {} as Record<Region, RegionClients>;
  for (const region of REGIONS) {
    let made: RegionClients | undefined;
    Object.defineProperty(clients, region, {
      enumerable: true,
      get: () => {
        endpoints.assert(region, "AWS");
        made ??= clientsOf(region);
        return made;
      },
    });
  }
  return clients;
}

function clientsOf(region: Region): RegionClients {
  const config = { region, ...patience };
  const dynamodb = new DynamoDBClient(config);
  return {
    dynamodb,
    rds: new RDSClient(config),
    // Path style: bucket names as host names cannot be resolved below an endpoint that is an address.
    s3: new S3Client({ ...config, forcePathStyle: true }),
    credentials: () => dynamodb.config.credentials(),
  };
}
