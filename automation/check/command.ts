/** Gathers, judges, compares with before, and says it. */
import { hostname, userInfo } from "node:os";
import type { Context } from "../commands/command.ts";
import { loadDeployment } from "../deployment.ts";
import { EXIT, messageOf } from "../errors.ts";
import { isUnknown } from "../fact.ts";
import { isReady, type Result, runChecks } from "./check.ts";
import { CHECKS } from "./checks.ts";
import { readDrills } from "./drills.ts";
import type { ReadinessFacts } from "./facts.ts";
import { gather } from "./gather/gather.ts";
import { gatherHost } from "./gather/host.ts";
import { type HistoryEntry, keep, readHistory, regressions } from "./history.ts";
import { HOST_CHECKS } from "./host.ts";
import { type CheckReport, render } from "./report.ts";

export interface CheckRequest {
  readonly host: boolean;
  readonly json: boolean;
}

export async function check(request: CheckRequest, context: Context): Promise<number> {
  const { settings, stdout, stderr, signal } = context;
  const deployment = await loadDeployment(settings);
  if (!request.json) stderr.write("looking at both regions; the previews take some seconds\n");
  const bucket = deployment.state.bucket;
  const history = await readHistory(bucket).catch((error: unknown) => {
    stderr.write(`dr: earlier checks are unknown: ${messageOf(error)}\n`);
    return undefined;
  });
  let forecast: CheckReport["forecast"] = null;
  let results: readonly Result[];
  if (request.host) results = runChecks(HOST_CHECKS, await gatherHost(deployment, settings));
  else {
    const facts: ReadinessFacts = await gather({
      deployment,
      settings,
      signal,
      drills: () => readDrills(bucket),
      policy: () => Promise.reject(new Error("this version runs no policy pack here")),
    });
    signal.throwIfAborted();
    forecast = facts.forecast;
    results = runChecks(CHECKS, facts);
  }
  const report: CheckReport = {
    at: Date.now(),
    ready: isReady(results),
    results,
    regressions: regressions(history ?? [], results),
    forecast,
  };
  const colour =
    (stdout as { isTTY?: boolean }).isTTY === true && settings.environment["NO_COLOR"] === undefined;
  stdout.write(request.json ? `${JSON.stringify(report)}\n` : render(report, colour));
  // A history that cannot be read must not be overwritten.
  if (history !== undefined && !request.host) {
    await keep(bucket, history, entryOf(report)).catch((error: unknown) =>
      stderr.write(`dr: this check is not kept: ${messageOf(error)}\n`),
    );
  }
  return report.ready ? EXIT.done : EXIT.notReady;
}

function entryOf({ at, results, forecast }: CheckReport): HistoryEntry {
  return {
    at,
    host: `${userInfo().username}@${hostname()}`,
    statuses: Object.fromEntries(results.map(({ id, status }) => [id, status])),
    predictedSeconds: forecast === null || isUnknown(forecast) ? null : forecast.recovery.fromImpact.p50,
  };
}
