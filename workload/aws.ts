/** Clients of the pod's own region. The SDK finds endpoint and credentials in its own variables. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { S3Client } from "@aws-sdk/client-s3";
import { type JournalStore, openDynamoJournal } from "../journal/index.ts";
import type { CommonSettings } from "./settings.ts";

/** A link may be gone without a word: no attempt to connect waits longer. */
const CONNECTION_TIMEOUT_MS = 1000;
/** Until an answer begins. With the SDK's own two repetitions a start waits 15 s for a checkpoint at most. */
const OBJECT_TIMEOUT_MS = 5000;
/** More than the largest window of appends, beside reads. */
const MAX_SOCKETS = 128;

const agents = { httpAgent: { maxSockets: MAX_SOCKETS }, httpsAgent: { maxSockets: MAX_SOCKETS } };

export function openJournal(settings: CommonSettings): JournalStore {
  const { region, journalTable: table, primaryRegion: primary } = settings;
  const requestHandler = { connectionTimeout: CONNECTION_TIMEOUT_MS, ...agents };
  // The journal repeats by itself, with the same bytes: the SDK's own retries would only hide the time that takes.
  const client = new DynamoDBClient({ region, maxAttempts: 1, requestHandler });
  return openDynamoJournal({ client, table, primary });
}

/** Loaded only by the programs that keep objects: the gateway starts without it. */
export async function openS3({ region }: CommonSettings): Promise<S3Client> {
  const { S3Client } = await import("@aws-sdk/client-s3");
  const requestHandler = { connectionTimeout: CONNECTION_TIMEOUT_MS, requestTimeout: OBJECT_TIMEOUT_MS };
  return new S3Client({ region, requestHandler });
}
