/**
 * What a restore decides, without clock or network.
 *
 * Invariants: nothing is restored while anybody may write; a restored database is used only when every watermark lies
 * in what stays of the journal and its rows are what the journal says up to there.
 */
import type { Anchor, EventPosition } from "../../journal/model.ts";
import type { ShardStanding } from "../maintenance/ports.ts";
import type { ShardCut } from "./ports.ts";
import { type CutRequest, iso, wholeSecond } from "./times.ts";

export interface Question {
  readonly region: string;
  readonly restoreTo: number;
  readonly cut: CutRequest;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly standings: readonly ShardStanding[];
  readonly window: { readonly earliest: number; readonly latest: number } | undefined;
  readonly cuts: readonly ShardCut[];
}

/** Why nothing may be restored; undefined: go on. */
export function decideRestore(question: Question): string | undefined {
  const { region, restoreTo, cut, now, standings, window, cuts } = question;
  const writing = standings.filter(({ halt }) => halt === null).map(({ shard }) => shard);
  if (writing.length > 0) {
    return `writes are accepted in ${region} (shard ${writing.join(", ")}): halt it first with toggle-maintenance.sh --enable`;
  }
  if (restoreTo > now) return `--restore-to ${iso(restoreTo)} lies in the future: it is ${iso(now)}`;
  if (window === undefined) return `the database of ${region} has no backup to restore from`;
  const second = wholeSecond(restoreTo);
  if (second < window.earliest || second > window.latest) {
    return `--restore-to ${iso(restoreTo)} is outside of what can be restored: ${iso(window.earliest)} to ${iso(window.latest)}`;
  }
  if (cut.kind === "none") return;
  const firsts = cuts.flatMap((one) =>
    one.cut === null ? [] : [{ shard: one.shard, ts: one.cut.first.ts }],
  );
  const earliest = firsts.toSorted((a, b) => a.ts - b.ts)[0];
  if (earliest === undefined) {
    const last = Math.max(...cuts.map(({ lastTs }) => lastTs));
    const asked = cut.kind === "time" ? iso(cut.time) : "given";
    return `--cut ${asked} lies after the last record of every shard (${iso(last)}): there is nothing to cut. Leave --cut out`;
  }
  if (earliest.ts < window.earliest) {
    return `the cut of shard ${earliest.shard} lies at ${iso(earliest.ts)}, before the oldest backup (${iso(window.earliest)}): no restored database can be older than it`;
  }
  if (second > earliest.ts) {
    return `--restore-to ${iso(restoreTo)} lies after the cut of shard ${earliest.shard} at ${iso(earliest.ts)}: the database would hold what goes. Restore earlier`;
  }
  return undefined;
}

/** What has been written since the cuts were shown, in words; undefined: nothing. A shard that this run cut stays so. */
export function decideUnchanged(
  standings: readonly ShardStanding[],
  cuts: readonly ShardCut[],
  runId: string,
): string | undefined {
  for (const { shard, head, halt } of standings) {
    const lastTs = cuts.find((one) => one.shard === shard)?.lastTs;
    if (halt?.by === runId && halt.reason === "cut") continue;
    if (lastTs !== undefined && head.ts !== lastTs) {
      return `shard ${shard} went on since the cut was confirmed: its last record is of ${iso(head.ts)}, not of ${iso(lastTs)}`;
    }
  }
  return undefined;
}

/** Why the restored database may not be used; undefined: it may. `inLog`: whether the valid log has that record. */
export function decideUse(
  watermarks: readonly (Anchor & { readonly shard: number })[],
  cuts: readonly ShardCut[],
  inLog: ReadonlyMap<number, boolean>,
  differences: readonly string[],
): string | undefined {
  for (const mark of watermarks) {
    const { shard, epoch, seq } = mark;
    const position = cuts.find((one) => one.shard === shard)?.cut?.position;
    if (position !== undefined && isBehind(mark, position)) {
      return `shard ${shard} of the restored database is at epoch ${epoch}, seq ${seq}, behind its cut at epoch ${position.epoch}, seq ${position.seq}: restore earlier`;
    }
    if (inLog.get(shard) === false) {
      return `shard ${shard} of the restored database is at epoch ${epoch}, seq ${seq}, which is not in the valid journal: restore earlier`;
    }
  }
  const [first] = differences;
  if (first === undefined) return;
  const more = differences.length > 1 ? ` (and ${differences.length - 1} more)` : "";
  return `the restored rows are not what the journal says up to their watermarks: ${first}${more}: restore earlier`;
}

/** Whether a database that stands at `mark` has something that goes. A cut inside a record keeps that record's first events. */
function isBehind(mark: Anchor, { epoch, seq, index }: EventPosition): boolean {
  if (mark.seq !== seq) return mark.seq > seq;
  return (
    mark.epoch > epoch ||
    (index !== null && (mark.index === undefined || mark.index === null || mark.index > index))
  );
}

/** What a person confirms: per shard, what stays and what goes. */
export function describeCuts(cuts: readonly ShardCut[]): readonly string[] {
  return cuts.map(({ shard, cut }) => {
    if (cut === null) return `shard ${shard}: nothing is cut`;
    const { first, position, events } = cut;
    const last = position.index === null ? "" : `, its first ${position.index} event(s)`;
    const stays =
      position.seq === 0
        ? "nothing stays"
        : `stays up to epoch ${position.epoch}, seq ${position.seq}${last}`;
    return `shard ${shard}: ${stays}; ${events} event(s) go, the first at epoch ${first.epoch}, seq ${first.seq}, index ${first.index}, ${iso(first.ts)}`;
  });
}
