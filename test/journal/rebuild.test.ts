import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { openingOf } from "../../journal/epochs.ts";
import { hashEpochStart, hashRecord } from "../../journal/hash.ts";
import {
  type Archive,
  archiveSeals,
  fence,
  findNewestEpoch,
  isHalted,
  type JournalRecord,
  type JournalStore,
  MovedError,
  NotHaltedError,
  openArchive,
  openWriter,
  readHead,
  readValid,
  rebuildLog,
  TamperedError,
  verifyLog,
} from "../../journal/index.ts";
import { History, readEvents, type Step } from "./history.ts";
import { memoryJournal, memoryObjects } from "./memory.ts";

const region = "us-east-1" as const;
const seed = 20261126;

/** As the archiver does: everything that is valid now, under names that say what it is. */
async function archiveAll({ store }: History, archive: Archive): Promise<void> {
  const records: JournalRecord[] = [];
  for await (const { record } of readValid(store, 0)) records.push(record);
  const last = records.at(-1);
  if (last === undefined) return;
  await archiveSeals(store, archive, 0, { from: 0, to: last.epoch });
  await archive.saveSegment(0, records);
  await archive.saveHead(last);
}

const valid = async ({ store }: History): Promise<JournalRecord[]> => {
  const records: JournalRecord[] = [];
  for await (const { record } of readValid(store, 0)) records.push(record);
  return records;
};

/** Rewrites the `first` of these records, and the chain of all that follow up to `last`. */
async function tamper(history: History, records: readonly JournalRecord[], first: number, last: number) {
  let before: JournalRecord | undefined;
  for (const [n, record] of records.slice(first, last + 1).entries()) {
    const { epoch, seq } = record;
    const prevHash =
      before === undefined
        ? record.prevHash
        : before.epoch === epoch
          ? before.hash
          : hashEpochStart(await openingOf(history.store, 0, epoch), before.hash);
    const body = n === 0 ? JSON.stringify(Array(record.events).fill("forged")) : record.body;
    const forged = { ...record, prevHash, body };
    before = { ...forged, hash: hashRecord(forged) };
    history.table.log(0, epoch).set(seq, before);
  }
}

const rebuild = async (history: History, archive: Archive, into: JournalStore = memoryJournal()) => {
  const refused: JournalRecord[] = [];
  const target = { into, region, generation: 0, sealer: "run-1", window: 4 };
  const source = {
    store: history.store,
    archive,
    shard: 0,
    onRefused: (one: JournalRecord) => refused.push(one),
  };
  return { into, refused, rebuilt: await rebuildLog({ ...source, ...target }) };
};

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("append" as const),
        sizes: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "halt" as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("cut" as const),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ kind: "archive" as const }) },
  ),
  { minLength: 2, maxLength: 12 },
);

async function play(all: readonly (Step | { readonly kind: "archive" })[]) {
  const [history, archive] = [new History(), openArchive(memoryObjects())];
  for (const step of all) {
    if (step.kind === "archive") await archiveAll(history, archive);
    else await history.run([step]);
  }
  const places = new Set<string>();
  for await (const { epoch, seq } of archive.records(0)) places.add(`${epoch}.${seq}`);
  const records = await valid(history);
  const archived = records.findLastIndex(({ epoch, seq }) => places.has(`${epoch}.${seq}`));
  return { history, archive, records, archived };
}

async function whole(t: ExecutionContext, history: History, archive: Archive): Promise<readonly string[]> {
  const { into, rebuilt } = await rebuild(history, archive);
  t.true(isHalted((await findNewestEpoch(into, 0)).opening));
  await verifyLog(into, 0, { archive });
  t.is((await readHead(into, 0)).head.seq, rebuilt.end.seq);
  t.deepEqual((await rebuild(history, archive, into)).rebuilt, rebuilt, "again is the same");
  return await readEvents(readValid(into, 0));
}

test("rewritten from any record to any later one: what was acknowledged is kept, as far as anything tells it from what was forged", async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), fc.nat(), async (all, a, b) => {
      const { history, archive, records, archived } = await play(all);
      fc.pre(records.length > 0);
      const first = a % records.length;
      const last = first + (b % (records.length - first));
      const isFollowed = last < records.length - 1;
      // Then nothing in the world but its author knows.
      fc.pre(first <= archived || isFollowed);
      await tamper(history, records, first, last);
      const events = history.kept.map(({ event }) => event);
      const kept = await whole(t, history, archive);
      t.deepEqual(kept, events.slice(0, kept.length));
      if (first <= archived && (isFollowed || last <= archived)) t.is(kept.length, events.length);
      else {
        const sure = await Promise.all(
          records
            .slice(0, archived + 1)
            .map(
              ({ epoch, seq }) =>
                history.kept.filter(({ position }) => position.epoch === epoch && position.seq === seq)
                  .length,
            ),
        );
        t.is(
          kept.length,
          sure.reduce((sum, count) => sum + count, 0),
        );
      }
    }),
    { seed, numRuns: 100 },
  );
});

const appended = async (...runs: readonly (readonly number[])[]) => {
  const [history, archive] = [new History(), openArchive(memoryObjects())];
  await history.run(runs.map((sizes) => ({ kind: "append", sizes })));
  return { history, archive, records: await valid(history) };
};

test("what was rewritten is told: kept by what, which content was forged, what nothing vouches for", async (t) => {
  const { history, archive } = await appended([1, 2, 1]);
  await archiveAll(history, archive);
  await history.run([{ kind: "append", sizes: [1, 1, 1] }]);
  const records = await valid(history);
  await tamper(history, records, 1, 4);
  const { rebuilt, refused } = await rebuild(history, archive);
  t.deepEqual(rebuilt, {
    shard: 0,
    kept: { archive: 3, chain: 1, proof: 2 },
    events: 7,
    rewritten: 4,
    forged: { archived: records[1], stored: history.table.log(0, 1).get(2) },
    refused: 0,
    end: { epoch: 2, seq: 6, index: null },
    isCutAnew: false,
  });
  t.deepEqual(refused, []);
});

test("a chain rewritten to the very head, beyond the archive: what nothing names any more is set aside", async (t) => {
  const { history, archive } = await appended([1, 1]);
  await archiveAll(history, archive);
  await history.run([{ kind: "append", sizes: [1, 1] }]);
  await tamper(history, await valid(history), 1, 3);
  const { into, rebuilt, refused } = await rebuild(history, archive);
  t.deepEqual(await readEvents(readValid(into, 0)), ["e1", "e2"]);
  t.deepEqual(
    refused.map(({ seq }) => seq),
    [3, 4],
  );
  t.is(rebuilt.refused, 2);
});

test("records that somebody took away come back from the archive, and nothing is kept behind a hole beyond it", async (t) => {
  const { history, archive } = await appended([1, 1, 1]);
  await archiveAll(history, archive);
  await history.run([{ kind: "append", sizes: [1, 1, 1] }]);
  for (const seq of [1, 2]) history.table.log(0, 1).delete(seq);
  t.deepEqual(await whole(t, history, archive), ["e1", "e2", "e3", "e4", "e5", "e6"]);
  await history.run([{ kind: "restart" }]);
  history.table.log(0, 2).delete(5);
  const { into, refused } = await rebuild(history, archive);
  t.deepEqual(await readEvents(readValid(into, 0)), ["e1", "e2", "e3", "e4"]);
  t.deepEqual(
    refused.map(({ seq }) => seq),
    [6],
  );
});

test("without a table that holds anything, the archive alone gives all that was archived, its cuts with it", async (t) => {
  const { history, archive } = await appended([1, 1, 1]);
  await archiveAll(history, archive);
  await history.run([
    { kind: "cut", at: 1 / 3 },
    { kind: "append", sizes: [1] },
  ]);
  await archiveAll(history, archive);
  history.table.logs.clear();
  t.deepEqual(await whole(t, history, archive), ["e1", "e4"]);
});

test("a cut whose seal cannot be kept is made again: what it took back stays out", async (t) => {
  const { history, archive } = await appended([1, 1, 1, 1]);
  const records = await valid(history);
  await archive.saveSegment(0, records.slice(0, 2));
  await tamper(history, records, 1, 3);
  await history.run([{ kind: "cut", at: 0 }]);
  t.deepEqual(
    history.kept.map(({ event }) => event),
    [],
  );
  const { into, rebuilt } = await rebuild(history, archive);
  t.like(rebuilt, { isCutAnew: true, end: { epoch: 0, seq: 0, index: null } });
  t.deepEqual(await readEvents(readValid(into, 0)), []);
  t.is((await findNewestEpoch(into, 0)).opening.reason, "cut");
  t.deepEqual((await rebuild(history, archive, into)).rebuilt, rebuilt);
});

test("an archive that holds two pasts is believed in none", async (t) => {
  for (const records of [2, 3]) {
    const { history, archive } = await appended([1, 1, 1]);
    await archiveAll(history, archive);
    await tamper(history, await valid(history), 0, 2);
    await archive.saveSegment(0, (await valid(history)).slice(0, records));
    await t.throwsAsync(rebuild(history, archive), {
      instanceOf: TamperedError,
      message:
        "shard 0, epoch 1, seq 3: the archive holds two different pasts of this record: stop and compare with the archive",
    });
  }
});

test("an archive that holds two ends of an epoch is believed in neither", async (t) => {
  const { history, archive } = await appended([1], [1]);
  await archiveAll(history, archive);
  for await (const seal of archive.seals(0)) await archive.saveSeal({ ...seal, hash: "f".repeat(64) });
  await t.throwsAsync(rebuild(history, archive), {
    instanceOf: TamperedError,
    message: /^shard 0, epoch 0, seq 1: the archive holds two different ends of this epoch/,
  });
});

test("a fresh table that holds something else is refused", async (t) => {
  const [one, other] = [await appended([1, 1]), await appended([2])];
  const { into } = await rebuild(other.history, other.archive);
  await t.throwsAsync(rebuild(one.history, one.archive, into), {
    instanceOf: TamperedError,
    message: /the fresh table has the hash /,
  });
});

test("a move closes the log for good: nobody seals over it, starts, resumes, cuts or fails over; only what is halted may be left", async (t) => {
  const { history } = await appended([1, 1]);
  const { store } = history;
  const before = await readEvents(readValid(store, 0));
  const ask = { region, generation: 0, sealer: "run-1", window: 4 } as const;
  await t.throwsAsync(fence(store, 0, { ...ask, reason: "move" }), {
    instanceOf: NotHaltedError,
    message: "shard 0 is not halted: halt it first with toggle-maintenance.sh --enable",
  });
  await fence(store, 0, { ...ask, reason: "halt" });
  t.true((await fence(store, 0, { ...ask, reason: "move" })).sealed);
  t.false((await fence(store, 0, { ...ask, reason: "move" })).sealed, "again is the same");
  await t.throwsAsync(openWriter({ store, shard: 0, region, writer: "w9" }), { name: "HaltedError" });
  const message = "shard 0 was moved to another table by run-1: this one is closed for good";
  for (const reason of ["halt", "resume"] as const)
    await t.throwsAsync(fence(store, 0, { ...ask, reason }), { instanceOf: MovedError, message });
  const cut = { epoch: 0, seq: 0, index: null };
  await t.throwsAsync(fence(store, 0, { ...ask, reason: "cut", cut }), { instanceOf: MovedError, message });
  const failover = { ...ask, reason: "failover", generation: 9, endsHalt: true } as const;
  await t.throwsAsync(fence(store, 0, { ...failover, region: "us-west-2" }), {
    instanceOf: MovedError,
    message,
  });
  t.deepEqual(await readEvents(readValid(store, 0)), before);
});
