import { openJournal } from "../aws.ts";
import { listen } from "../http.ts";
import type { Log } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import { serviceApi } from "../service.ts";
import type { ProjectorSettings } from "../settings.ts";
import { connect } from "./connection.ts";
import { Projector } from "./projector.ts";

const CLOSE_MS = 1000;

export async function runProjector(
  settings: ProjectorSettings,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { region, shards, podIp: host, port, podName } = settings;
  const store = openJournal(settings);
  const projector = new Projector({ store, shards, connect: () => connect(settings), log });
  const applied = () => projector.status().watermarks.reduce((sum, { seq }) => sum + seq, 0);
  const metrics = createMetrics(
    { region },
    {
      projector_writable: {
        help: "1: the database takes writes",
        read: () => Number(projector.status().writable),
      },
      projector_applied: { help: "Sum of the shards' watermarks", read: applied },
      projector_stopped: { help: "Shards that stopped", read: () => projector.status().stopped.length },
    },
  );
  const api = serviceApi({ metrics, routes: { "/status": () => projector.status() } });
  const listening = await listen(api, { host, port, log, headers: { "x-region": region, "x-pod": podName } });
  await projector.run(signal);
  await listening.close(CLOSE_MS);
}
