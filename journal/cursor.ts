/** A place in the valid log and the way on from it: what was found on the way is not searched again. */
import { type FindOptions, findNewestEpoch, type Known, pathTo, type Segment } from "./epochs.ts";
import type { Anchor, EventPosition, Opening, ValidRecord } from "./model.ts";
import type { JournalStore } from "./store.ts";
import { type Bounds, type LogWalk, walkBehind, walkFromOrigin } from "./walk.ts";

export class Cursor {
  readonly #walk: LogWalk;
  /** From the segment where the walk is. */
  readonly #path: [Segment, ...Segment[]];

  constructor(walk: LogWalk, path: readonly [Segment, ...Segment[]]) {
    this.#walk = walk;
    this.#path = [...path];
  }

  /** As far as it has read. */
  get place(): Known {
    return this.#walk.place;
  }

  /**
   * The records from here on, verified; at the log's end asks `waitForMore`, and ends when it says no (the default). May
   * be called again: it goes on where it was left. Throws NotInLogError and TamperedError.
   */
  async *read(
    waitForMore: (newest: Opening) => Promise<boolean> = async () => false,
  ): AsyncGenerator<ValidRecord, void, undefined> {
    for (;;) {
      const [{ to }, next] = this.#path;
      if (to === null) return yield* this.#walk.onward(waitForMore);
      yield* this.#walk.until(to);
      if (next === undefined) return;
      this.#path.shift();
      this.#walk.enter(next.opening);
    }
  }
}

export interface CursorOptions extends FindOptions, Bounds {
  /** Start behind this record; absent (or seq 0): at the beginning. */
  readonly after?: Anchor | undefined;
}

/** Throws NotInLogError when `after` is not (or no longer) in the log. */
export async function openCursor(
  store: JournalStore,
  shard: number,
  { after, hint = after?.epoch, known, ...bounds }: CursorOptions = {},
): Promise<Cursor> {
  const { signal } = bounds;
  const newest = known ?? (await findNewestEpoch(store, shard, { hint, signal }));
  return await cursorAt(store, newest, after, bounds);
}

/** The same, the newest epoch being known; of a sealed one, where it ends. */
export async function cursorAt(
  store: JournalStore,
  newest: Known,
  after: Anchor | undefined,
  bounds: Bounds = {},
  end: EventPosition | null = null,
): Promise<Cursor> {
  const from = after && after.seq > 0 ? after : undefined;
  const path = await pathTo(store, newest.opening, from?.epoch ?? 0, bounds.signal, end);
  const [start] = path;
  const walk = from
    ? await walkBehind(store, start, newest, from, bounds)
    : walkFromOrigin(store, start.opening, bounds);
  return new Cursor(walk, path);
}
