/** One AWS with a strongly consistent table in the three US regions, and clients as the SDK makes them. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import type { Region, RegionTriple } from "../../../components/model.ts";
import { createDynamo, type Dynamo } from "../../../sandbox/aws/dynamo/dynamo.ts";
import type { Table } from "../../../sandbox/aws/dynamo/tables.ts";
import { createEdges, type Edges } from "../../../sandbox/aws/edge.ts";
import type { AwsService } from "../../../sandbox/aws/protocol.ts";
import { createS3 } from "../../../sandbox/aws/s3/s3.ts";
import { Faults, INTERNET, type Place } from "../../../sandbox/faults.ts";

export const ACCOUNT = "111122223333";
export const REGIONS: RegionTriple = { primary: "us-east-1", secondary: "us-west-2", witness: "us-east-2" };
export const CREDENTIALS = { accessKeyId: "AKIATEST", secretAccessKey: "secret" };

export const JOURNAL: Table = {
  name: "journal",
  home: REGIONS.primary,
  replicas: [REGIONS.primary, REGIONS.secondary],
  witness: REGIONS.witness,
  consistency: "STRONG",
  deletionProtection: false,
  hasLocalIndexes: false,
  hasTimeToLive: false,
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "sk", AttributeType: "N" },
  ],
};

export async function startEdges(faults: Faults, services: readonly AwsService[]): Promise<Edges> {
  const places: readonly Place[] = [INTERNET, ...Object.values(REGIONS)];
  return await createEdges({
    faults,
    services,
    doors: places.map((place) => ({ place, host: "127.0.0.1", port: 0 })),
  });
}

export interface DynamoFixture {
  readonly faults: Faults;
  readonly dynamo: Dynamo;
  readonly edges: Edges;
  /** A client inside the region (its pods), without retries, giving up after `timeoutMilliseconds`. */
  client(region: Region, timeoutMilliseconds?: number): DynamoDBClient;
  close(): Promise<void>;
}

export async function startDynamo(
  seed: number,
  latency: "none" | "published" = "none",
): Promise<DynamoFixture> {
  const faults = new Faults();
  const dynamo = await createDynamo({ faults, accountId: ACCOUNT, seed, latency });
  dynamo.createTable(JOURNAL);
  const edges = await startEdges(faults, [dynamo.aws]);
  const clients: DynamoDBClient[] = [];
  return {
    faults,
    dynamo,
    edges,
    client(region, timeoutMilliseconds = 10_000) {
      const { host, port } = edges.address(region);
      const client = new DynamoDBClient({
        region,
        endpoint: `http://${host}:${port}`,
        credentials: CREDENTIALS,
        maxAttempts: 1,
        requestHandler: { requestTimeout: timeoutMilliseconds, throwOnRequestTimeout: true },
      });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await edges.close();
      await dynamo.close();
    },
  };
}

/** S3 in the three regions, and clients of an operator. */
export async function startS3() {
  const faults = new Faults();
  const s3 = await createS3();
  const edges = await startEdges(faults, [s3.aws]);
  const clients: S3Client[] = [];
  const { host, port } = edges.address(INTERNET);
  return {
    faults,
    s3,
    edges,
    client(region: Region): S3Client {
      const client = new S3Client({
        region,
        endpoint: `http://${host}:${port}`,
        credentials: CREDENTIALS,
        maxAttempts: 1,
      });
      clients.push(client);
      return client;
    },
    async close(): Promise<void> {
      for (const client of clients) client.destroy();
      await edges.close();
      await s3.close();
    },
  };
}
