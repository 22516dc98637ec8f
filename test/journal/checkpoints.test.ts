import test from "ava";
import fc from "fast-check";
import { type Anchor, type Checkpoint, openCheckpoints, readValid } from "../../journal/index.ts";
import { History, readEvents } from "./history.ts";
import { memoryObjects } from "./memory.ts";

const setUp = async () => {
  const history = new History();
  await history.run([
    { kind: "append", sizes: [1, 1] },
    { kind: "append", sizes: [2, 1] },
  ]);
  const objects = memoryObjects();
  const checkpoints = openCheckpoints(objects);
  const save = (anchor: Anchor, state = `up to ${anchor.seq}`): Promise<void> =>
    checkpoints.save({ shard: 0, ...anchor, state });
  return { history, objects, checkpoints, save };
};
const at = ({ records }: History, index: number): Anchor => records[index] ?? { epoch: 0, seq: 0, hash: "" };

test("the newest checkpoint is used", async (t) => {
  const { history, checkpoints, save } = await setUp();
  for (const index of [2, 0, 3, 1]) await save(at(history, index));
  t.like(await checkpoints.newestValid(history.store, 0), { epoch: 2, seq: 4, state: "up to 4" });
  t.is(await checkpoints.newestValid(history.store, 1), undefined);
});

test("one beyond a given position is passed over", async (t) => {
  const { history, checkpoints, save } = await setUp();
  for (const index of [0, 1, 2, 3]) await save(at(history, index));
  const to = { epoch: 1, seq: 2 };
  t.like(await checkpoints.newestValid(history.store, 0, { to }), { epoch: 1, seq: 2 });
});

test("one whose hash is not the log's at its place is passed over", async (t) => {
  const { history, checkpoints, save } = await setUp();
  await save(at(history, 1));
  await save({ ...at(history, 3), hash: "f".repeat(64) });
  await save({ epoch: 2, seq: 9, hash: at(history, 3).hash });
  await save({ epoch: 9, seq: 9, hash: at(history, 3).hash });
  t.like(await checkpoints.newestValid(history.store, 0), { epoch: 1, seq: 2 });
});

test("one that covers an orphan beyond a seal is passed over, though the record is there", async (t) => {
  const { history, checkpoints, save } = await setUp();
  await history.run([{ kind: "restart" }]);
  const orphan = { ...(history.table.log(0, 2).get(4) ?? t.fail()), seq: 30 } as never;
  history.table.log(0, 2).set(30, orphan);
  await save(at(history, 2));
  await save({ epoch: 2, seq: 30, hash: at(history, 3).hash });
  t.like(await checkpoints.newestValid(history.store, 0), { epoch: 2, seq: 3 });
});

test("one past a cut is passed over, the one just before it is used", async (t) => {
  const { history, checkpoints, save } = await setUp();
  for (const index of [0, 1, 2, 3]) await save(at(history, index));
  await history.run([{ kind: "cut", at: 3 / 6 }]);
  t.like(await checkpoints.newestValid(history.store, 0), { epoch: 1, seq: 2 });
});

test("one whose state was changed or came in part is passed over", async (t) => {
  const { history, objects, checkpoints, save } = await setUp();
  await save(at(history, 0), "line one\nline two");
  await save(at(history, 1));
  const newest = [...objects.objects.keys()].sort()[0] ?? t.fail();
  objects.objects.set(newest as string, `${objects.objects.get(newest as string)}!`);
  t.like(await checkpoints.newestValid(history.store, 0), { seq: 1, state: "line one\nline two" });
});

test("a checkpoint covers whole records", async (t) => {
  const { history, save } = await setUp();
  await t.throwsAsync(save({ ...at(history, 2), index: 1 }), {
    message: "a checkpoint covers whole records, not 1 events of one",
  });
});

test("from any checkpoint on, replay gives what replay from the beginning gives", async (t) => {
  const sizes = fc.array(fc.nat(3), { maxLength: 5 });
  const script = fc.array(fc.tuple(sizes, fc.double({ min: 0, max: 0.999, noNaN: true }), fc.boolean()), {
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(script, async (rounds) => {
      const history = new History();
      const checkpoints = openCheckpoints(memoryObjects());
      for (const [appended, cutAt, isCut] of rounds) {
        await history.run([{ kind: "append", sizes: appended }]);
        if (isCut) await history.run([{ kind: "cut", at: cutAt }]);
        let state: string[] = [];
        for await (const { record, upTo } of readValid(history.store, 0)) {
          state = [...state, ...JSON.parse(record.body).slice(0, upTo)];
          const { shard, epoch, seq, hash, events } = record;
          const checkpoint: Checkpoint = { shard, epoch, seq, hash, state: JSON.stringify(state) };
          if (upTo === events) await checkpoints.save(checkpoint);
        }
      }
      const checkpoint = await checkpoints.newestValid(history.store, 0);
      const begun: string[] = checkpoint ? JSON.parse(checkpoint.state) : [];
      const rest = await readEvents(readValid(history.store, 0, { after: checkpoint }));
      t.deepEqual(
        [...begun, ...rest],
        history.kept.map(({ event }) => event),
      );
    }),
    { numRuns: 80, seed: 20_261_123 },
  );
});

test("those behind a cut are marked beside the bucket's other objects, and not used anyway", async (t) => {
  const { history, objects, checkpoints, save } = await setUp();
  for (const index of [0, 1, 2, 3]) await save(at(history, index));
  await history.run([{ kind: "cut", at: 3 / 6 }]);
  const [cut] = history.cuts;
  if (cut === undefined) return t.fail("nothing was cut");
  t.deepEqual(cut, { epoch: 2, seq: 3, index: 1 });
  t.is(await checkpoints.markCut(0, cut, "run-1"), 2);
  const marks = [...objects.objects].filter(([key]) => key.startsWith("cut-checkpoints/0/"));
  t.deepEqual(
    marks.map(([, body]) => body),
    ["run-1\n", "run-1\n"],
  );
  t.like(await checkpoints.newestValid(history.store, 0), { epoch: 1, seq: 2 });
  t.is(await checkpoints.markCut(0, cut, "run-1"), 2, "again is the same");
});
