/** What the programs need of AWS on this machine: dynalite's table, and as much of S3 as they use. */
import { createServer, Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type JournalStore, openDynamoJournal } from "../../../journal/index.ts";

/** It has no types. */
const dynalite = createRequire(import.meta.url)("dynalite") as (options: { createTableMs: number }) => Server;

export const TABLE = "exchange-journal";

export interface StoredObject {
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface Cloud {
  /** For a program's process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly client: DynamoDBClient;
  readonly store: JournalStore;
  /** By bucket and key, `bucket/key`. */
  readonly objects: Map<string, StoredObject>;
  close(): Promise<void>;
}

const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

export async function openCloud(): Promise<Cloud> {
  const tables = dynalite({ createTableMs: 0 });
  const objects = new Map<string, StoredObject>();
  const buckets = objectServer(objects);
  const dynamoUrl = `http://127.0.0.1:${await portOf(tables)}`;
  const s3Url = `http://127.0.0.1:${await portOf(buckets)}`;
  const client = new DynamoDBClient({ region: "us-east-1", endpoint: dynamoUrl, credentials: CREDENTIALS });
  await client.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "N" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    }),
  );
  return {
    environment: {
      AWS_ENDPOINT_URL_DYNAMODB: dynamoUrl,
      AWS_ENDPOINT_URL_S3: s3Url,
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
    client,
    store: openDynamoJournal({ client, table: TABLE, primary: "us-east-1" }),
    objects,
    async close() {
      client.destroy();
      for (const server of [tables, buckets]) {
        server.closeAllConnections();
        // Not dynalite's own, which closes its database under a request that is being worked on.
        await new Promise((resolve) => Server.prototype.close.call(server, resolve));
      }
    },
  };
}

/** PUT, GET and ListObjectsV2, path style. */
function objectServer(objects: Map<string, StoredObject>): Server {
  return createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://s3");
    const name = decodeURIComponent(pathname.slice(1));
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (request.method === "PUT") {
      objects.set(name, { body: Buffer.concat(chunks).toString(), headers: request.headers });
      return response.end();
    }
    if (searchParams.has("list-type")) return response.end(listing(objects, name, searchParams));
    const found = objects.get(name);
    if (found !== undefined) return response.end(found.body);
    return response.writeHead(404).end("<Error><Code>NoSuchKey</Code><Message>none</Message></Error>");
  });
}

function listing(objects: Map<string, StoredObject>, bucket: string, query: URLSearchParams): string {
  const start = `${bucket.replace(/\/$/, "")}/`;
  const keys = [...objects.keys()]
    .filter((name) => name.startsWith(start + (query.get("prefix") ?? "")))
    .map((name) => name.slice(start.length))
    .filter((key) => key > (query.get("start-after") ?? ""))
    .sort()
    .slice(0, Number(query.get("max-keys") ?? 1000));
  const contents = keys.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
  return `<?xml version="1.0"?><ListBucketResult>${contents}<IsTruncated>false</IsTruncated></ListBucketResult>`;
}
