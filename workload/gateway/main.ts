import { setTimeout as sleep } from "node:timers/promises";
import { openJournal } from "../aws.ts";
import { listen } from "../http.ts";
import type { Log } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import type { GatewaySettings } from "../settings.ts";
import { gatewayApi, ORDER_DEADLINE_MS } from "./api.ts";
import { Gateway } from "./gateway.ts";

export async function runGateway(settings: GatewaySettings, log: Log, signal: AbortSignal): Promise<void> {
  const { region, shards, projectorUrl, smokeToken, podIp: host, port, podName } = settings;
  const gateway = new Gateway({ region, store: openJournal(settings), shards, projectorUrl });
  const metrics = createMetrics(
    { region },
    {
      gateway_requests: { help: "Order requests", read: () => gateway.requests.total },
      gateway_accepted: { help: "Orders accepted", read: () => gateway.requests.accepted },
      gateway_failed: { help: "Order requests answered 5xx", read: () => gateway.requests.failed },
      gateway_milliseconds: {
        help: "Time spent on order requests, all together",
        read: () => gateway.requests.milliseconds,
      },
      gateway_active: { help: "1: /active answers 200", read: () => Number(gateway.activity().active) },
    },
  );
  const api = gatewayApi({ gateway, smokeToken, metrics, draining: () => signal.aborted });
  const listening = await listen(api, { host, port, log, headers: { "x-region": region, "x-pod": podName } });
  log("listening", { host, port });
  const watching = gateway.watch();
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await sleep(settings.drainSeconds * 1000);
  await listening.close(ORDER_DEADLINE_MS);
  gateway.stop();
  await watching;
}
