/** Gathers, judges, compares with before, and says it. */
import { hostname, userInfo } from "node:os";
import type { Context } from "../commands/command.ts";
import { loadDeployment } from "../deployment.ts";
import { EXIT, messageOf } from "../errors.ts";
import { isUnknown } from "../fact.ts";
import { isReady, type Result, runChecks } from "./check.ts";
import { forecast as FORECAST_CHECKS } from "./checks/forecast.ts";
import { CHECKS } from "./checks.ts";
import { readDrills } from "./drills.ts";
import { forecastNow, gatherBasis, planSeconds } from "./gather/forecast.ts";
import { gather, placeOf } from "./gather/gather.ts";
import { gatherHost } from "./gather/host.ts";
import { policyViolations } from "./gather/policy.ts";
import { type Subject, subjectOf } from "./gather/subject.ts";
import { type HistoryEntry, keep, readHistory, regressions } from "./history.ts";
import { HOST_CHECKS } from "./host.ts";
import { type CheckReport, render } from "./report.ts";

export interface CheckRequest {
  /** What is asked for: everything of both regions, this machine, or the forecast alone. */
  readonly about: "readiness" | "host" | "forecast";
  readonly json: boolean;
}

export async function check({ about, json }: CheckRequest, context: Context): Promise<number> {
  const { settings, stderr } = context;
  const deployment = await loadDeployment(settings);
  if (about === "host") {
    return say(reportOf(runChecks(HOST_CHECKS, await gatherHost(deployment, settings))), json, context);
  }
  if (!json) stderr.write("looking at both regions; the engine's previews take some seconds\n");
  const subject = await subjectOf(deployment, settings);
  if (about === "forecast") {
    const basis = await gatherBasis(subject);
    const plan = await planSeconds(subject, context.signal);
    const forecast = await forecastNow(subject.passive, basis, plan, placeOf(subject));
    const results = runChecks(FORECAST_CHECKS, { forecast, journalTable: [] });
    return say({ ...reportOf(results), forecast }, json, context);
  }
  return await readiness(subject, json, context);
}

async function readiness(subject: Subject, json: boolean, context: Context): Promise<number> {
  const { stderr, signal } = context;
  const { bucket } = subject.deployment.state;
  const history = await readHistory(bucket).catch((error: unknown) => {
    stderr.write(`dr: earlier checks are unknown: ${messageOf(error)}\n`);
    return undefined;
  });
  const facts = await gather(
    subject,
    {
      drills: () => readDrills(bucket),
      policy: () => policyViolations(subject, signal),
    },
    signal,
  );
  signal.throwIfAborted();
  const results = runChecks(CHECKS, facts);
  const report: CheckReport = {
    ...reportOf(results),
    regressions: regressions(history ?? [], results),
    forecast: facts.forecast,
  };
  const code = say(report, json, context);
  // A history that cannot be read must not be overwritten.
  if (history !== undefined) {
    await keep(bucket, history, entryOf(report)).catch((error: unknown) =>
      stderr.write(`dr: this check is not kept: ${messageOf(error)}\n`),
    );
  }
  return code;
}

const reportOf = (results: readonly Result[]): CheckReport => ({
  at: Date.now(),
  ready: isReady(results),
  results,
  regressions: [],
  forecast: null,
});

function say(report: CheckReport, json: boolean, { stdout, settings }: Context): number {
  const terminal = (stdout as { isTTY?: boolean }).isTTY === true;
  const colour = terminal && settings.environment["NO_COLOR"] === undefined;
  stdout.write(json ? `${JSON.stringify(report)}\n` : render(report, colour));
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
