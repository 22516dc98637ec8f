import { openArchive, openCheckpoints, openS3Objects } from "../../journal/index.ts";
import { openJournal, openS3 } from "../aws.ts";
import { listen } from "../http.ts";
import type { Log } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { serviceApi } from "../service.ts";
import type { ArchiverSettings } from "../settings.ts";
import { ShardArchiver } from "./archiver.ts";
import { openLockedObjects } from "./locked.ts";
import { probePeer } from "./peer.ts";

const CLOSE_MS = 1000;

export async function runArchiver(settings: ArchiverSettings, log: Log, signal: AbortSignal): Promise<void> {
  const { region, shards, retentionDays, podIp: host, port, podName } = settings;
  const store = openJournal(settings);
  const client = await openS3(settings);
  const notes = openS3Objects({ client, bucket: settings.checkpointBucket });
  const checkpoints = openCheckpoints(notes);
  const archive = openArchive(openLockedObjects({ client, bucket: settings.archiveBucket, retentionDays }));
  const archivers = Array.from(
    { length: shards },
    (_, shard) => new ShardArchiver({ shard, store, archive, checkpoints, notes, log }),
  );
  const archived = () => archivers.reduce((sum, one) => sum + (one.archived?.seq ?? 0), 0);
  const metrics = createMetrics(
    { region },
    { archiver_archived: { help: "Sum of the shards' archived positions", read: archived } },
  );
  const api = serviceApi({ metrics, routes: { "/peer": () => probePeer(settings) } });
  const listening = await listen(api, { host, port, log, headers: { "x-region": region, "x-pod": podName } });
  await Promise.all(archivers.map((archiver) => archiver.run(signal)));
  await listening.close(CLOSE_MS);
}
