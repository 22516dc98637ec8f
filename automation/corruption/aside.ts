/** Before a replay stops at a cut: what came after it is set aside, or carried over but for what a filter names. */
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { findNewestEpoch, type Opening, type Position } from "../../journal/index.ts";
import { openTarget } from "../../replay/index.ts";
import { RefusedError } from "../errors.ts";
import { leaveOut } from "./carry.ts";
import { type Quarantined, quarantinedBy, quarantinedFrom, writeQuarantine } from "./quarantine.ts";
import type { World } from "./world.ts";

export interface AsideOptions {
  readonly world: Pick<World, "store" | "connect">;
  readonly shards: readonly number[];
  readonly schema: string;
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
 * Undefined: no shard stands at a cut whose rest is still to be decided on. Throws RefusedError before anything is
 * written, see `leaveOut`.
 */
export async function setAside(options: AsideOptions): Promise<Aside | undefined> {
  const { world, shards, signal } = options;
  const standing = await Promise.all(
    shards.map(async (shard) => (await findNewestEpoch(world.store, shard, { signal })).opening),
  );
  // A cut's epoch that names a writer was carried over already, and its rest set aside then.
  const cuts = standing.filter(({ reason, writer }) => reason === "cut" && writer === null);
  const givenUp = [...(options.givenUp ?? [])].filter(([shard]) => shards.includes(shard));
  if (cuts.length === 0 && options.leaveOut !== undefined) {
    throw new RefusedError(
      "no shard stands at a cut whose rest is undecided: cut first with `dr restore --cut`; nothing was written",
    );
  }
  if (cuts.length === 0 && givenUp.length === 0) return undefined;
  const file = options.file ?? (await newFile(options.directory));
  let carriedEvents = 0;
  const aside: AsyncIterable<Quarantined>[] = givenUp.map(([shard, from]) =>
    quarantinedFrom(world.store, shard, from, signal),
  );
  for (const opening of cuts) {
    if (options.leaveOut === undefined) {
      aside.push(quarantinedBy(world.store, opening.shard, opening.base, signal));
      continue;
    }
    const left = await carryOver(options, options.leaveOut, opening);
    carriedEvents += left.carriedEvents;
    aside.push(asIterable(left.omitted));
  }
  return { file, acknowledgedAfterCut: await writeQuarantine(file, concatenated(aside)), carriedEvents };
}

async function carryOver(
  { world, schema, signal }: AsideOptions,
  filter: string,
  { shard, base, region }: Opening,
) {
  const client = await world.connect();
  try {
    // The application's functions are asked, so its schema must be there; and that only where it may be.
    await openTarget(client, { schema, shards: [], store: world.store, signal });
    const run = `leave-out-${randomUUID()}`;
    return await leaveOut({ store: world.store, shard, cut: base, region, run, filter, client, signal });
  } finally {
    await client.end();
  }
}

async function newFile(directory: string): Promise<string> {
  const below = path.join(directory, ".dr");
  await mkdir(below, { recursive: true });
  const stamp = new Date().toISOString().replaceAll(/[-:]|\..*/g, "");
  return path.join(below, `quarantine-${stamp}.ndjson`);
}

async function* asIterable<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items;
}

async function* concatenated<T>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T, void, undefined> {
  for (const source of sources) yield* source;
}
