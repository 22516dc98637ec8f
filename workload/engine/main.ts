import { openCheckpoints, openS3Objects } from "../../journal/index.ts";
import { openJournal, openS3 } from "../aws.ts";
import { listen } from "../http.ts";
import type { Log } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { fatal } from "../process.ts";
import type { EngineSettings } from "../settings.ts";
import { engineApi } from "./api.ts";
import { Engine } from "./engine.ts";

/** Answers still on their way when everything is acknowledged. */
const CLOSE_MS = 2000;

export async function runEngine(settings: EngineSettings, log: Log, signal: AbortSignal): Promise<void> {
  const { shard, shards, region, window, standby, podIp: host, port, podName } = settings;
  const objects = openS3Objects({ client: await openS3(settings), bucket: settings.checkpointBucket });
  const engine = new Engine({
    shard,
    region,
    window,
    standby,
    url: `http://${host}:${port}`,
    store: openJournal(settings),
    checkpoints: openCheckpoints(objects),
    log,
    onFatal: fatal,
  });
  const metrics = createMetrics(
    { region, shard: String(shard) },
    {
      engine_ready: { help: "1: holds the newest epoch", read: () => Number(engine.report().ready) },
      engine_epoch: { help: "Epoch it holds", read: () => engine.report().epoch ?? 0 },
      engine_seq: { help: "Last acknowledged record", read: () => engine.sequencer?.settledAt?.seq ?? 0 },
      engine_orders: { help: "Orders in its state", read: () => engine.sequencer?.settled.size ?? 0 },
    },
  );
  const api = engineApi({ face: engine, metrics, region, shard, shards });
  const listening = await listen(api, { host, port, log, headers: { "x-region": region, "x-pod": podName } });
  await engine.run(signal);
  await listening.close(CLOSE_MS);
}
