/** What earlier checks found, beside the state, so that a check from CI sees what another host saw. */
import { z } from "zod";
import type { Bucket } from "../adapters/state.ts";
import { messageOf } from "../errors.ts";
import { type Result, STATUSES, type Status } from "./check.ts";

const KEY = ".dr/checks.json";
const KEPT = 200;

const entry = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  /** Who looked, e.g. `ann@ops`. */
  host: z.string(),
  statuses: z.record(z.string(), z.enum(STATUSES)),
  /** Median of the predicted recovery, in seconds; null: unknown. */
  predictedSeconds: z.number().nullable(),
});
export type HistoryEntry = z.infer<typeof entry>;
const schema = z.array(entry);

/** A check that is worse than it was. */
export interface Regression {
  readonly id: string;
  readonly was: Status;
  readonly is: Status;
  /** Last time that it was so, milliseconds since 1970. */
  readonly at: number;
}

export async function readHistory(bucket: Bucket): Promise<readonly HistoryEntry[]> {
  const text = await bucket.get(KEY);
  if (text === undefined) return [];
  try {
    return schema.parse(JSON.parse(text.toString("utf8")));
  } catch (cause) {
    throw new Error(`${bucket.url}/${KEY} is not a history of checks: ${messageOf(cause)}`, { cause });
  }
}

export async function keep(
  bucket: Bucket,
  history: readonly HistoryEntry[],
  latest: HistoryEntry,
): Promise<void> {
  await bucket.put(KEY, `${JSON.stringify([...history, latest].slice(-KEPT))}\n`);
}

const RANK: Readonly<Record<Status, number>> = { ok: 0, warn: 1, unknown: 2, fail: 3 };

/** Against the last check that found it better, whoever made it: a regression shows until it is mended. */
export function regressions(
  history: readonly HistoryEntry[],
  results: readonly Result[],
): readonly Regression[] {
  return results.flatMap(({ id, status }) => {
    const last = history.findLast(({ statuses }) => RANK[statuses[id] ?? "fail"] < RANK[status]);
    const was = last?.statuses[id];
    return last === undefined || was === undefined ? [] : [{ id, was, is: status, at: last.at }];
  });
}
