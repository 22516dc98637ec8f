/**
 * Whether this region may answer clients. The invariant: an answer leaves only while a strong read of the region item
 * and this region's control item, *started* less than `FRESH_MS` ago, says so. A gateway that cannot read is a
 * gateway that may have been fenced: a failed read shuts the gate at once, whatever an earlier one said.
 *
 * Pure; `now` and `startedAt` are milliseconds of one monotonic clock.
 */
import type { Region } from "../../components/model.ts";
import type { ControlItem, RegionItem } from "../../journal/model.ts";
import type { EngineReport } from "../api.ts";

export const FRESH_MS = 3000;

/** The outcome of the newest finished read. */
export type Reading =
  | {
      readonly kind: "seen";
      readonly startedAt: number;
      readonly region: RegionItem;
      /** Null: this region has none yet, and takes no traffic. */
      readonly control: ControlItem | null;
    }
  | { readonly kind: "failed"; readonly startedAt: number; readonly reason: string };

export type Standing =
  /** No reading to rely on. */
  | { readonly kind: "blind"; readonly reason: string }
  | { readonly kind: "elsewhere"; readonly reason: string }
  /** Decided for this region, but no traffic yet: the smoke principal only. */
  | { readonly kind: "dark"; readonly generation: number; readonly reason: string }
  | { readonly kind: "maintenance"; readonly generation: number; readonly reason: string }
  | { readonly kind: "serving"; readonly generation: number };

export function standing(reading: Reading | undefined, here: Region, now: number): Standing {
  if (reading === undefined) return { kind: "blind", reason: "the region item has not been read yet" };
  if (reading.kind === "failed") {
    return { kind: "blind", reason: `the last read of the region item failed: ${reading.reason}` };
  }
  const age = now - reading.startedAt;
  if (age >= FRESH_MS) {
    return { kind: "blind", reason: `the last read of the region item began ${Math.round(age)} ms ago` };
  }
  const { active, generation } = reading.region;
  if (active !== here) {
    return { kind: "elsewhere", reason: `${active} is the active region (generation ${generation})` };
  }
  if (reading.control?.traffic !== "on") {
    return { kind: "dark", generation, reason: `traffic is off in ${here}` };
  }
  if (reading.control.maintenance === "on") {
    return { kind: "maintenance", generation, reason: "under maintenance, nothing is taken" };
  }
  return { kind: "serving", generation };
}

/** What a shard's engine said when last asked; null: it did not answer. */
export interface EngineReading {
  readonly startedAt: number;
  readonly report: EngineReport | null;
}

export type Activity = { readonly active: true } | { readonly active: false; readonly reason: string };

/**
 * `/active`. Neither maintenance nor a halt ends it: the region stays the one to ask, and says itself that it takes
 * nothing. `engines` has one reading per shard.
 */
export function activity(
  reading: Reading | undefined,
  engines: readonly (EngineReading | undefined)[],
  here: Region,
  now: number,
): Activity {
  const stand = standing(reading, here, now);
  if (stand.kind === "maintenance") return { active: true };
  if (stand.kind !== "serving") return { active: false, reason: stand.reason };
  for (const [shard, engine] of engines.entries()) {
    const reason = shortfall(engine, stand.generation, now);
    if (reason !== null) return { active: false, reason: `engine of shard ${shard} ${reason}` };
  }
  return { active: true };
}

function shortfall(engine: EngineReading | undefined, generation: number, now: number): string | null {
  if (engine === undefined || engine.report === null) return "does not answer";
  if (now - engine.startedAt >= FRESH_MS)
    return `was last asked ${Math.round(now - engine.startedAt)} ms ago`;
  const { ready, phase, reason, generation: held } = engine.report;
  if (phase === "halted") return null;
  if (!ready) return `is not ready: ${reason}`;
  if (held === null || held < generation)
    return `holds generation ${held ?? "none"}, decided is ${generation}`;
  return null;
}
