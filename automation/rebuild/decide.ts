/**
 * What a rebuilding decides, without clock or network.
 *
 * Invariants: nothing is rebuilt while anybody may write; what is whole is not rebuilt; and the fresh table is used only
 * when each of its shards is halted and holds exactly what was proven.
 */
import type { Rebuilt } from "../../journal/rebuild.ts";
import type { ShardStanding } from "../maintenance/ports.ts";

/** Why nothing may be rebuilt; undefined: go on. */
export function decideRebuild(
  region: string,
  standings: readonly ShardStanding[],
  surveys: readonly Rebuilt[],
): string | undefined {
  const writing = standings.filter(({ halt }) => halt === null).map(({ shard }) => shard);
  if (writing.length > 0) {
    return `writes are accepted in ${region} (shard ${writing.join(", ")}): halt it first with toggle-maintenance.sh --enable`;
  }
  if (surveys.some(({ rewritten, refused }) => rewritten > 0 || refused > 0)) return undefined;
  const records = surveys.reduce((sum, { kept }) => sum + kept.archive + kept.chain, 0);
  return `all ${records} records of the journal are what was archived, or fit behind it: there is nothing to rebuild`;
}

/** What keeps the fresh table from being used, one line each; none: it may. */
export function decideUse(
  standings: readonly ShardStanding[],
  rebuilt: readonly Rebuilt[],
): readonly string[] {
  return rebuilt.flatMap(({ shard, end }) => {
    const standing = standings.find((one) => one.shard === shard);
    if (standing === undefined) return [`shard ${shard} is not there`];
    if (standing.halt === null) return [`shard ${shard} takes orders`];
    return standing.head.seq === end.seq
      ? []
      : [`shard ${shard} ends at ${standing.head.seq}, not at ${end.seq}`];
  });
}

/** What a person confirms, per shard. */
export function describeSurvey(one: Rebuilt): string {
  const { shard, kept, rewritten, forged, refused, end, isCutAnew } = one;
  const behind = [
    ...(kept.chain > 0 ? [`${kept.chain} behind that fit`] : []),
    ...(kept.proof > 0 ? [`${kept.proof} were chained anew and are proven by what follows`] : []),
  ];
  const stays = `shard ${shard}: ${kept.archive} record(s) as archived${behind.map((text) => `, ${text}`).join("")}`;
  const last = end.seq === 0 ? "nothing stays" : `the log ends at epoch ${end.epoch}, seq ${end.seq}`;
  const wrong =
    rewritten === 0
      ? "none was rewritten"
      : `${rewritten} were rewritten${forged === null ? "" : `, the first with other content at ${forged.archived.epoch}.${forged.archived.seq}`}`;
  const aside = refused === 0 ? "" : `; nothing vouches for ${refused} record(s), which are set aside`;
  const again = isCutAnew ? "; the cut there is made again" : "";
  return `${stays}; ${last}; ${wrong}${aside}${again}`;
}
