/** One shard's replay as a pod of an Indexed Job: ends when the projection stands at the log's end. */
import { NotInLogError, openArchive, openS3Objects, TamperedError } from "../../journal/index.ts";
import { replay, TargetError } from "../../replay/index.ts";
import { openJournal, openS3 } from "../aws.ts";
import type { Log } from "../log.ts";
import { RefusedRunError } from "../process.ts";
import type { ReplaySettings } from "../settings.ts";
import { APPLICATION } from "./application.ts";
import { connect, type Limits } from "./connection.ts";

/** A batch takes longer than what a projector applies, and one session waits while the log is verified. */
const LIMITS: Limits = { connectMs: 5000, statementMs: 290_000, queryMs: 300_000, idleMs: 0 };

export async function runReplay(settings: ReplaySettings, log: Log, signal: AbortSignal): Promise<void> {
  const { shard, batchEvents, archiveBucket: bucket } = settings;
  const client = await openS3(settings);
  const done = await replay({
    store: openJournal(settings),
    shards: [shard],
    connect: async () => (await connect(settings, LIMITS)).client,
    application: APPLICATION,
    archive: openArchive(openS3Objects({ client, bucket })),
    batchEvents,
    signal,
    onProgress: (progress) => log("progress", { shard, ...progress }),
  }).catch(refused);
  log("replayed", { ...done });
}

/** @throws always */
function refused(error: unknown): never {
  const isRefusal =
    error instanceof TargetError || error instanceof NotInLogError || error instanceof TamperedError;
  throw isRefusal ? new RefusedRunError(error) : error;
}
