/**
 * A cut by time is exact on every shard, and nothing that happens later brings a cut event back. The log is made by
 * the real writer under clocks that step back, stand still, and differ between shards by up to a second.
 */
import test from "ava";
import fc from "fast-check";
import type { Region } from "../../components/model.ts";
import {
  type Anchor,
  type EventPosition,
  fence,
  type JournalStore,
  openCheckpoints,
  openWriter,
  readHead,
  readValid,
  surveyCut,
} from "../../journal/index.ts";
import { readEvents } from "./history.ts";
import { MemoryTable, memoryJournal, memoryObjects } from "./memory.ts";

const SETTINGS = { numRuns: 120, seed: 20_261_124 };
const SHARDS = 3;
const MIDDAY = Date.UTC(2026, 10, 23, 12);

interface Put {
  /** Which shard, and whether an engine starts there first: a new epoch. */
  readonly shard: number;
  readonly restarts: boolean;
  /** Milliseconds that the clock moves before it: back, not at all, or on. */
  readonly step: number;
  readonly events: number;
}
const puts = fc.array(
  fc.record({
    shard: fc.nat(SHARDS - 1),
    restarts: fc.boolean(),
    step: fc.oneof(fc.constant(0), fc.integer({ min: -60, max: 150 })),
    events: fc.nat(4),
  }),
  { minLength: 5, maxLength: 50, size: "max" },
);
const skews = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: SHARDS, maxLength: SHARDS });

/** At some event's own time, or a millisecond beside it. */
const times = fc.record({
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  offset: fc.integer({ min: -1, max: 1 }),
});

/** What was acknowledged, in order, with the time that its record carries. */
interface Written {
  readonly event: string;
  readonly ts: number;
}

class Shards {
  readonly table = new MemoryTable();
  readonly checkpoints = openCheckpoints(memoryObjects());
  readonly written: Written[][] = Array.from({ length: SHARDS }, () => []);
  readonly stores: readonly JournalStore[];
  readonly #writers: (Awaited<ReturnType<typeof openWriter>> | undefined)[] = [];
  #now = MIDDAY;
  #count = 0;

  constructor(skew: readonly number[]) {
    this.stores = skew.map((milliseconds) =>
      memoryJournal(this.table, {
        clock: { now: () => this.#now + milliseconds, sleep: () => Promise.resolve() },
      }),
    );
  }

  store(shard: number): JournalStore {
    const store = this.stores[shard];
    if (store === undefined) throw new Error(`no shard ${shard}`);
    return store;
  }

  async put({ shard, restarts, step, events: count }: Put, region: Region = "us-east-1"): Promise<void> {
    this.#now += step;
    const store = this.store(shard);
    const before = this.#writers[shard];
    const writer =
      restarts || before === undefined
        ? await openWriter({ store, shard, region, writer: `w${++this.#count}`, window: 4 })
        : before;
    this.#writers[shard] = writer;
    const events = Array.from({ length: count }, () => `e${++this.#count}`);
    const { epoch, seq, hash } = await writer.append(JSON.stringify(events), count);
    const { ts } = writer.head;
    this.written[shard]?.push(...events.map((event) => ({ event, ts })));
    const state = JSON.stringify(this.written[shard]);
    await this.checkpoints.save({ shard, epoch, seq, hash, state });
  }

  read(shard: number, after?: Anchor): Promise<string[]> {
    return readEvents(readValid(this.store(shard), shard, { after }));
  }

  async seal(shard: number, reason: "cut" | "resume", cut?: EventPosition): Promise<void> {
    const { opening } = await readHead(this.store(shard), shard);
    const { region, generation } = opening;
    await fence(this.store(shard), shard, {
      ...{ region, generation, reason, sealer: "restore" },
      ...(cut && { cut }),
    });
    this.#writers[shard] = undefined;
  }

  async failover(shard: number): Promise<void> {
    const request = { region: "us-west-2", generation: 1, reason: "failover", sealer: "run" } as const;
    await fence(this.store(shard), shard, request);
    this.#writers[shard] = undefined;
  }
}

test("per shard what came before the first event at or after T stays, that one and all later ones go, for ever", async (t) => {
  let [cuts, split] = [0, 0];
  await fc.assert(
    fc.asyncProperty(puts, skews, times, async (script, skew, { at, offset }) => {
      const shards = new Shards(skew);
      for (const one of script) await shards.put(one);
      const all = shards.written.flat().map(({ ts }) => ts);
      const time = (all[Math.floor(at * all.length)] ?? MIDDAY) + offset;
      for (let shard = 0; shard < SHARDS; shard++) {
        const written = shards.written[shard] ?? [];
        const first = written.findIndex(({ ts }) => ts >= time);
        const stays = written.slice(0, first === -1 ? written.length : first).map(({ event }) => event);
        const gone = new Set(written.map(({ event }) => event).slice(stays.length));
        const { cut } = await surveyCut(shards.store(shard), shard, time);
        if (cut === null) {
          t.is(gone.size, 0);
          continue;
        }
        const { position, events } = cut;
        t.is(events, gone.size, "what is shown before it is sealed");
        cuts += 1;
        if (stays.length > 0 && gone.size > 0) split += 1;
        await shards.seal(shard, "cut", position);
        t.deepEqual(await shards.read(shard), stays);
        // The halt that a cut is ends; a pod starts, the region is lost, another region's engine goes on.
        await shards.seal(shard, "resume");
        await shards.put({ shard, restarts: true, step: 1, events: 2 });
        await shards.failover(shard);
        await shards.put({ shard, restarts: true, step: -5, events: 1 }, "us-west-2");
        const after = await shards.read(shard);
        t.deepEqual(after.slice(0, stays.length), stays);
        t.deepEqual(
          after.filter((event) => gone.has(event)),
          [],
        );
        // Checkpoints of what was cut are there still, newer than those that hold, and are not used.
        const newest = await shards.checkpoints.newestValid(shards.store(shard), shard, { to: position });
        const replayed: readonly Written[] = newest === undefined ? [] : JSON.parse(newest.state);
        t.deepEqual(
          replayed.filter(({ event }) => gone.has(event)),
          [],
        );
        t.deepEqual([...replayed.map(({ event }) => event), ...(await shards.read(shard, newest))], after);
      }
    }),
    SETTINGS,
  );
  t.true(cuts > 100 && split > 40, `${cuts} cuts, ${split} with events on both sides`);
});

test("events of one record share its millisecond: they stay or go together", async (t) => {
  const shards = new Shards([0, 0, 0]);
  await shards.put({ shard: 0, restarts: false, step: 0, events: 2 });
  await shards.put({ shard: 0, restarts: false, step: 0, events: 3 });
  await shards.put({ shard: 0, restarts: true, step: 1, events: 1 });
  const survey = (from: Parameters<typeof surveyCut>[2]) => surveyCut(shards.store(0), 0, from);
  t.deepEqual(await survey(MIDDAY), {
    cut: {
      position: { epoch: 0, seq: 0, index: null },
      first: { epoch: 1, seq: 1, index: 0, ts: MIDDAY },
      events: 6,
    },
    lastTs: MIDDAY + 1,
  });
  t.deepEqual((await survey(MIDDAY + 1)).cut, {
    position: { epoch: 1, seq: 2, index: null },
    first: { epoch: 2, seq: 3, index: 0, ts: MIDDAY + 1 },
    events: 1,
  });
  t.is((await survey(MIDDAY + 2)).cut, null);
});

test("a cut by place lies before that very event, in the middle of its record too", async (t) => {
  const shards = new Shards([0, 0, 0]);
  await shards.put({ shard: 0, restarts: false, step: 0, events: 2 });
  await shards.put({ shard: 0, restarts: false, step: 5, events: 3 });
  const survey = (seq: number, index: number) => surveyCut(shards.store(0), 0, { epoch: 1, seq, index });
  t.deepEqual((await survey(2, 1)).cut, {
    position: { epoch: 1, seq: 2, index: 1 },
    first: { epoch: 1, seq: 2, index: 1, ts: MIDDAY + 5 },
    events: 2,
  });
  const { cut } = await survey(2, 0);
  t.deepEqual(cut?.position, { epoch: 1, seq: 1, index: null });
  await t.throwsAsync(survey(2, 3), {
    message: "shard 0, epoch 1, seq 2 is not in the valid log: it has 3 valid events, none with index 3",
  });
  await t.throwsAsync(survey(3, 0), {
    message: "shard 0, epoch 1, seq 3 is not in the valid log: a cut must lie in the valid log",
  });
  await shards.seal(0, "cut", (await survey(2, 1)).cut?.position);
  t.deepEqual(await shards.read(0), ["e2", "e3", "e4"]);
});
