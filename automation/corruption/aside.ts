/** Before a replay stops at a cut: what came after it is set aside, or carried over but for what a filter names. */
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { findNewestEpoch, type Opening, type Position } from "../../journal/index.ts";
import { type Application, openTarget } from "../../replay/index.ts";
import { RefusedError } from "../errors.ts";
import { carryOver, isComplete, type Judged, judge } from "./carry.ts";
import { quarantinedBy, quarantinedFrom, writeQuarantine } from "./quarantine.ts";
import type { World } from "./world.ts";

export interface AsideOptions {
  readonly world: Pick<World, "store" | "connect">;
  readonly shards: readonly number[];
  readonly application: Application;
  /** SQL that is true of the events to leave out; undefined: nothing is carried over. */
  readonly leaveOut: string | undefined;
  /** Per shard, from where the chain was given up. */
  readonly givenUp?: ReadonlyMap<number, Position> | undefined;
  /** Default: a new one below `directory`'s `.dr`. */
  readonly file: string | undefined;
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
}

export interface Aside {
  readonly file: string;
  readonly acknowledgedAfterCut: number;
  readonly carriedEvents: number;
}

/**
 * Undefined: there is nothing to set aside. Throws RefusedError before anything is written: for a filter without a cut or
 * without a match, for one that something depends on (see `judge`), and where an earlier run carried over only a part.
 */
export async function setAside(options: AsideOptions): Promise<Aside | undefined> {
  const { world, shards, leaveOut, signal } = options;
  const standing = await Promise.all(
    shards.map(async (shard) => await findNewestEpoch(world.store, shard, { signal })),
  );
  const undecided = standing.filter(
    ({ opening, last }) => opening.reason === "cut" && (opening.writer === null || !isComplete(last)),
  );
  const cuts = undecided.map(({ opening }) => opening);
  const givenUp = [...(options.givenUp ?? [])].filter(([shard]) => shards.includes(shard));
  if (leaveOut !== undefined) return await leavingOut(options, leaveOut, cuts);
  const partly = cuts.find(({ writer }) => writer !== null);
  if (partly !== undefined) {
    throw new RefusedError(
      `run ${partly.writer} carried over only a part of what came after the cut of shard ${partly.shard}: repeat it with its --leave-out; nothing was written`,
    );
  }
  if (cuts.length === 0 && givenUp.length === 0) return undefined;
  const file = await fileOf(options);
  const acknowledgedAfterCut = await writeQuarantine(file, [
    ...givenUp.map(([shard, from]) => quarantinedFrom(world.store, shard, from, signal)),
    ...cuts.map(({ shard, base }) => quarantinedBy(world.store, shard, base, signal)),
  ]);
  return { file, acknowledgedAfterCut, carriedEvents: 0 };
}

/** All shards are judged before any is written to, and what is left out is on disk before the rest goes on without it. */
async function leavingOut(options: AsideOptions, filter: string, cuts: readonly Opening[]): Promise<Aside> {
  const { world, application, signal } = options;
  const { store } = world;
  if (cuts.length === 0) {
    throw new RefusedError(
      "no shard stands at a cut whose rest is undecided: cut first with `dr restore --cut`; nothing was written",
    );
  }
  const judged = new Map<Opening, Judged>();
  const client = await world.connect();
  try {
    // The application's functions are asked, so its schema must be there; and that only where it may be.
    await openTarget(client, { application, shards: [], store, signal });
    for (const opening of cuts) {
      const { shard, base: cut } = opening;
      judged.set(opening, await judge({ store, shard, cut, filter, client, signal }));
    }
  } finally {
    await client.end();
  }
  const omitted = [...judged.values()].flatMap((one) => one.omitted);
  if (omitted.length === 0) {
    const which = cuts.map(({ shard }) => shard).join(", ");
    throw new RefusedError(`no event after the cut of shard ${which} matches ${filter}: nothing was written`);
  }
  const file = await fileOf(options);
  const acknowledgedAfterCut = await writeQuarantine(file, [omitted]);
  const run = `leave-out-${randomUUID()}`;
  let carriedEvents = 0;
  for (const [{ region }, one] of judged) {
    carriedEvents += await carryOver(store, one, { region, run, signal });
  }
  return { file, acknowledgedAfterCut, carriedEvents };
}

async function fileOf({ file, directory }: AsideOptions): Promise<string> {
  if (file !== undefined) return file;
  const below = path.join(directory, ".dr");
  await mkdir(below, { recursive: true });
  const stamp = new Date().toISOString().replaceAll(/[-:]|\..*/g, "");
  return path.join(below, `quarantine-${stamp}.ndjson`);
}
