/** What the operator may expect before the go: the simulation's median, for the deployment as it is. */
import { forecastRecovery } from "../check/forecast.ts";
import type { DeployedStack } from "../deployment.ts";
import type { Settings } from "../settings.ts";
import { readLatencies } from "../simulate/latencies.ts";
import { STANDBYS } from "../simulate/model.ts";
import { sizeOf } from "../simulate/settings.ts";
import type { Expected } from "./facts.ts";

/** Its median within a second, for a hundredth of the outage's first. */
const RUNS = 100;

/** Undefined when it cannot be said: that must not keep anybody from failing over. */
export async function expectedRecovery(
  outputs: DeployedStack,
  { awsEndpoint }: Settings,
): Promise<Expected | undefined> {
  try {
    const table = await readLatencies(awsEndpoint === undefined ? "aws" : "sandbox");
    const facts = { planSeconds: null, tailRecords: 0, mustPull: false };
    const [warmSeconds = 0, coldSeconds = 0] = STANDBYS.map((standby) => {
      const setting = { ...sizeOf(outputs), standby, dns: outputs.dns };
      return forecastRecovery({ ...facts, setting }, table, RUNS).fromImpact.p50;
    });
    return { warmSeconds, coldSeconds };
  } catch {
    return undefined;
  }
}
