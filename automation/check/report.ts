/** Findings for a person: what is wrong first to last in the checks' own order, then the forecast. */
import type { Fact } from "../fact.ts";
import { isUnknown } from "../fact.ts";
import type { RestoreFigures } from "../simulate/restore.ts";
import type { Share } from "../simulate/walk.ts";
import type { Result, Status } from "./check.ts";
import { isReady } from "./check.ts";
import type { Forecast, RestoreForecast } from "./forecast.ts";
import type { Regression } from "./history.ts";

const MARKS: Readonly<Record<Status, string>> = { ok: "✓", warn: "!", fail: "✗", unknown: "?" };
const COLOURS: Readonly<Record<Status, number>> = { ok: 32, warn: 33, fail: 31, unknown: 35 };
const ID_WIDTH = 19;

export interface CheckReport {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly ready: boolean;
  readonly results: readonly Result[];
  readonly regressions: readonly Regression[];
  /** Null with `--host`. */
  readonly forecast: Fact<Forecast> | null;
}

export function render({ results, regressions, forecast }: CheckReport, colour: boolean): string {
  const paint = (status: Status, text: string) =>
    colour ? `\u001b[${COLOURS[status]}m${text}\u001b[0m` : text;
  const lines = results.flatMap((result) => {
    const { id, status, why } = result;
    const first = `${paint(status, MARKS[status])} ${id.padEnd(ID_WIDTH)} ${why}`;
    const was = regressions.find((one) => one.id === id);
    const before =
      was === undefined
        ? []
        : [`  ${" ".repeat(ID_WIDTH)} was ${was.was} at ${new Date(was.at).toISOString()}`];
    return result.status === "ok"
      ? [first]
      : [first, ...before, `  ${" ".repeat(ID_WIDTH)} → ${result.todo}`];
  });
  const count = (status: Status) => results.filter((one) => one.status === status).length;
  const total = `${count("ok")} ok, ${count("warn")} warnings, ${count("fail")} failed, ${count("unknown")} unknown`;
  return [
    ...lines,
    "",
    ...(forecast === null ? [] : forecastLines(forecast)),
    `${isReady(results) ? "READY" : "NOT READY"}   ${total}${regressions.length > 0 ? `, ${regressions.length} worse than before` : ""}`,
    "",
  ].join("\n");
}

function forecastLines(forecast: Fact<Forecast>): readonly string[] {
  if (isUnknown(forecast)) return [`A failover now: unknown (${forecast.unknown})`, ""];
  const { recovery, restore, zoneLoss, loss } = forecast;
  const { p50, p95 } = recovery.fromImpact;
  return [
    `A failover now, with the go ${recovery.goSeconds} s after the loss: ${p50.toFixed(1)} s to the first write, 95 of 100 within ${p95.toFixed(1)} s`,
    ...shareLines(recovery.shares),
    ...restoreLines(restore),
    `A zone lost now: errors end after ${zoneLoss.p50.toFixed(1)} s, 95 of 100 within ${zoneLoss.p95.toFixed(1)} s`,
    `Orders lost: 0; database behind by ${loss.databaseEvents ?? "an unknown number of"} event(s) at ${loss.eventsPerSecond.toFixed(0)} a second`,
    "",
  ];
}

function restoreLines(restore: Fact<RestoreForecast>): readonly string[] {
  if (isUnknown(restore)) return [`A restore now: unknown (${restore.unknown})`];
  const { of, records, recordsToReplay, foundWithinSeconds, testedAt } = restore;
  const lines = (what: string, { fromGo, shares }: RestoreFigures) => [
    `${what}: ${fromGo.p50.toFixed(1)} s from the go until orders are taken again, 95 of 100 within ${fromGo.p95.toFixed(1)} s`,
    ...shareLines(shares),
  ];
  const by =
    testedAt === null
      ? "no tested restore says how long the cluster takes"
      : `the cluster as the restore test of ${new Date(testedAt).toISOString()}`;
  return [
    ...lines("The database halted and restored now", of.database),
    `            ${Math.round(recordsToReplay)} record(s) to replay, of damage found within ${foundWithinSeconds / 60} min; ${by}`,
    ...lines("The journal halted and rebuilt now", of.journal),
    `            ${records} record(s) to prove and to put`,
  ];
}

const shareLines = (shares: readonly Share[]): readonly string[] =>
  shares
    .filter(({ seconds }) => seconds >= 0.05)
    .map(({ name, seconds }) => `  ${seconds.toFixed(1).padStart(6)} s  ${name}`);
