import test from "ava";
import fc from "fast-check";
import {
  anchorOf,
  fence,
  findCut,
  measureTail,
  NotInLogError,
  openWriter,
  readHead,
  readValid,
} from "../../journal/index.ts";
import { History, readEvents, type Step } from "./history.ts";

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      sizes: fc.array(fc.nat(3), { maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "halt" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("cut" as const),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
  },
);
const steps = fc.array(step, { minLength: 1, maxLength: 14 });
const SETTINGS = { numRuns: 150, seed: 20_261_123 };

const play = async (script: readonly Step[], pageSize = 1_000) => {
  const history = new History();
  history.table.pageSize = pageSize;
  await history.run(script);
  return history;
};

test("the valid log is what no cut took back, whatever was cut, halted or restarted before", async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 7 }), async (script, pageSize) => {
      const { store, kept } = await play(script, pageSize);
      t.deepEqual(
        await readEvents(readValid(store, 0)),
        kept.map(({ event }) => event),
      );
      t.is((await measureTail(store, 0)).events, kept.length);
    }),
    SETTINGS,
  );
});

test("reading on from any valid record gives exactly what follows it", async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const { store, kept } = await play(script);
      const log = await Array.fromAsync(readValid(store, 0));
      let seen = 0;
      for (const valid of log) {
        seen += valid.upTo;
        const rest = await readEvents(readValid(store, 0, { after: anchorOf(valid) }));
        t.deepEqual(
          rest,
          kept.slice(seen).map(({ event }) => event),
        );
      }
    }),
    { ...SETTINGS, numRuns: 40 },
  );
});

test("reading on from a record that was cut off, or split, is refused", async (t) => {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(steps, fc.double({ min: 0, max: 0.999, noNaN: true }), async (script, at) => {
      const history = await play(script);
      const before = [...history.records];
      await history.run([{ kind: "cut", at }]);
      const left = new Set(history.records.map(({ hash }) => hash));
      for (const anchor of before) {
        const reading = readEvents(readValid(history.store, 0, { after: anchor }));
        if (left.has(anchor.hash)) await t.notThrowsAsync(reading);
        else {
          refused += 1;
          await t.throwsAsync(reading, { instanceOf: NotInLogError });
        }
      }
    }),
    { ...SETTINGS, numRuns: 60 },
  );
  t.true(refused > 100);
});

test("a cut into what an earlier cut removed is refused: it would bring that to life again", async (t) => {
  const history = await play([{ kind: "append", sizes: [2, 2, 2] }]);
  const removed = history.kept[4]?.position ?? t.fail();
  await history.run([
    { kind: "cut", at: 3 / 7 },
    { kind: "append", sizes: [1] },
  ]);
  const cut = (position: { epoch: number; seq: number; index: number | null }) =>
    fence(history.store, 0, {
      region: "us-east-1",
      generation: 0,
      reason: "cut",
      sealer: "again",
      cut: position,
    });
  await t.throwsAsync(cut(removed as { epoch: number; seq: number; index: number | null }), {
    instanceOf: NotInLogError,
    message: "shard 0, epoch 1, seq 3 is not in the valid log: a cut must lie in the valid log",
  });
  await t.throwsAsync(cut({ epoch: 1, seq: 2, index: 2 }), {
    instanceOf: NotInLogError,
    message: "shard 0, epoch 1, seq 2 is not in the valid log: it has 1 valid events, not 2",
  });
  await t.throwsAsync(cut({ epoch: 1, seq: 2, index: null }), { instanceOf: NotInLogError });
  t.deepEqual(await readEvents(readValid(history.store, 0)), ["e1", "e2", "e3", "e7"]);
});

test("a run that makes its cut again, after the shard resumed, takes nothing back; another run does", async (t) => {
  const history = await play([
    { kind: "append", sizes: [1, 1, 1] },
    { kind: "cut", at: 2 / 4 },
    { kind: "append", sizes: [1] },
  ]);
  const { store } = history;
  const request = { region: "us-east-1", generation: 0, reason: "cut", cut: history.cuts[0] } as const;
  t.false((await fence(store, 0, { ...request, sealer: "run-cut-1" })).sealed);
  t.deepEqual(await readEvents(readValid(store, 0)), ["e1", "e2", "e4"]);
  t.true((await fence(store, 0, { ...request, sealer: "another run" })).sealed);
  t.deepEqual(await readEvents(readValid(store, 0)), ["e1", "e2"]);
});

test("a cut to before everything leaves nothing, and numbers go on", async (t) => {
  const history = await play([
    { kind: "append", sizes: [1, 1] },
    { kind: "cut", at: 0 },
    { kind: "append", sizes: [1] },
  ]);
  const [only] = await Array.fromAsync(readValid(history.store, 0));
  t.like(only, { record: { epoch: 4, seq: 3 } });
  t.deepEqual(await readEvents(readValid(history.store, 0)), ["e3"]);
});

test("a cut by time lies before the first record of that time or later", async (t) => {
  const history = await play([
    { kind: "append", sizes: [1, 1] },
    { kind: "append", sizes: [1] },
  ]);
  const { store } = history;
  t.deepEqual(await findCut(store, 0, 1_010), { epoch: 0, seq: 0, index: null });
  t.deepEqual(await findCut(store, 0, 1_011), { epoch: 1, seq: 1, index: null });
  t.deepEqual(await findCut(store, 0, 1_030), { epoch: 1, seq: 2, index: null });
  t.is(await findCut(store, 0, 1_031), null);
});

test("a cut needs its position, and no other seal takes one", async (t) => {
  const { store } = await play([]);
  const request = { region: "us-east-1", generation: 0, sealer: "run" } as const;
  await t.throwsAsync(fence(store, 0, { ...request, reason: "cut" }), {
    message: "a seal with reason cut needs a cut position",
  });
  await t.throwsAsync(
    fence(store, 0, { ...request, reason: "halt", cut: { epoch: 0, seq: 0, index: null } }),
    {
      message: "a seal with reason halt takes no cut position",
    },
  );
});

test("a failover ends a halt only when it was told to, also when it comes back later", async (t) => {
  const { store } = await play([{ kind: "append", sizes: [1, 1] }]);
  const stay = { region: "us-east-1", generation: 0, sealer: "run" } as const;
  const move = { region: "us-west-2", generation: 1, reason: "failover", sealer: "run-2" } as const;
  const halted = await fence(store, 0, { ...stay, reason: "halt" });
  await t.throwsAsync(fence(store, 0, move), {
    message: "shard 0 is halted by run: wait until a run resumes it",
  });
  t.is((await readHead(store, 0)).opening.epoch, halted.opening.epoch);
  const moved = await fence(store, 0, { ...move, endsHalt: true });
  t.is(moved.opening.region, "us-west-2");
  // Halted again after it: this run's repetition does not end that one too.
  await fence(store, 0, { ...move, reason: "halt", sealer: "run-3" });
  await t.throwsAsync(fence(store, 0, { ...move, endsHalt: true }), {
    message: "shard 0 is halted by run-3: wait until a run resumes it",
  });
});

test("a halted or cut shard stays so until it is resumed", async (t) => {
  const history = await play([{ kind: "append", sizes: [1] }]);
  const { store } = history;
  const request = { region: "us-east-1", generation: 0, sealer: "run" } as const;
  await fence(store, 0, { ...request, reason: "cut", cut: { epoch: 0, seq: 0, index: null } });
  const start = () => openWriter({ store, shard: 0, region: "us-east-1", writer: "x" });
  await t.throwsAsync(start(), {
    name: "HaltedError",
    message: "shard 0 is halted by run: wait until a run resumes it",
  });
  await fence(store, 0, { ...request, reason: "resume" });
  await t.notThrowsAsync(start());
});
