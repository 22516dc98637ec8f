import test from "ava";
import { hashRecord } from "../../journal/hash.ts";
import {
  type ArchivedHead,
  findTampered,
  type JournalRecord,
  MAX_WINDOW,
  openArchive,
  readValid,
  TamperedError,
  verifyLog,
} from "../../journal/index.ts";
import { History, readEvents } from "./history.ts";
import { memoryObjects } from "./memory.ts";

const build = async () => {
  const history = new History();
  await history.run([
    { kind: "append", sizes: [1, 1, 1] },
    { kind: "append", sizes: [1, 1] },
  ]);
  return history;
};

const record = ({ table }: History, epoch: number, seq: number): JournalRecord => {
  const item = table.log(0, epoch).get(seq);
  if (item?.kind !== "record") throw new Error(`no record at ${epoch}/${seq}`);
  return item;
};

const edits: [string, Partial<JournalRecord>][] = [
  ["an event", { body: '["forged"]' }],
  ["its time", { ts: 1_234 }],
  ["its writer", { writer: "another" }],
  ["the number of events", { events: 7 }],
  ["its hash", { hash: "f".repeat(64) }],
  ["what it chains to", { prevHash: "f".repeat(64) }],
];

for (const [what, edit] of edits) {
  test(`a record is refused once somebody changed ${what}`, async (t) => {
    const history = await build();
    history.table.log(0, 1).set(2, { ...record(history, 1, 2), ...edit });
    const error = await t.throwsAsync(readEvents(readValid(history.store, 0)), { instanceOf: TamperedError });
    t.like(error, { position: { epoch: 1, seq: 2 } });
  });
}

test("a record whose hash was made to fit is found by the next one", async (t) => {
  const history = await build();
  const forged = { ...record(history, 1, 2), body: '["forged"]' };
  history.table.log(0, 1).set(2, { ...forged, hash: hashRecord(forged) });
  await t.throwsAsync(readEvents(readValid(history.store, 0)), {
    instanceOf: TamperedError,
    message:
      "shard 0, epoch 1, seq 3: the record does not chain to the one before it: stop and compare with the archive",
  });
});

test("the last record of an epoch is found out by the epoch after it", async (t) => {
  const history = await build();
  const forged = { ...record(history, 1, 3), body: '["forged"]' };
  history.table.log(0, 1).set(3, { ...forged, hash: hashRecord(forged) });
  await t.throwsAsync(readEvents(readValid(history.store, 0)), {
    message:
      "shard 0, epoch 2, seq 4: the record does not chain to the one before it: stop and compare with the archive",
  });
});

for (const [where, records, why] of [
  ["near an epoch's end", 3, "no seal opens epoch 2"],
  ["far below it", 2 * MAX_WINDOW + 3, "a record below a seal's base is missing"],
] as const) {
  test(`a record that was taken away ${where} is missed`, async (t) => {
    const history = new History();
    const sizes = Array.from({ length: records }, () => 1);
    await history.run([
      { kind: "append", sizes },
      { kind: "append", sizes: [1] },
    ]);
    history.table.log(0, 1).delete(2);
    await t.throwsAsync(readEvents(readValid(history.store, 0)), {
      instanceOf: TamperedError,
      message: `shard 0, epoch 1, seq 2: ${why}: stop and compare with the archive`,
    });
  });
}

test("a log rewritten from one record to its end is whole, and the archived heads tell", async (t) => {
  const history = await build();
  const archive = openArchive(memoryObjects());
  for (const { epoch, seq } of [record(history, 1, 3), record(history, 2, 5)]) {
    const { shard, hash, ts } = record(history, epoch, seq);
    await archive.saveHead({ shard, epoch, seq, hash, ts });
  }
  t.deepEqual((await verifyLog(history.store, 0, { archive })).anchors, {
    agreeing: 2,
    cutOff: 0,
    unanchored: 0,
  });
  await archive.saveSegment(
    0,
    [1, 2, 3].map((seq) => record(history, 1, seq)),
  );
  await archive.saveSegment(
    0,
    [4, 5].map((seq) => record(history, 2, seq)),
  );
  t.is(await findTampered(history.store, archive, 0), undefined);

  const [fourth, fifth] = [record(history, 2, 4), record(history, 2, 5)];
  const forged = { ...fourth, body: '["forged"]' };
  const first = { ...forged, hash: hashRecord(forged) };
  const chained = { ...fifth, prevHash: first.hash };
  const last = { ...chained, hash: hashRecord(chained) };
  history.table.log(0, 2).set(4, first);
  history.table.log(0, 2).set(5, last);
  t.deepEqual(await readEvents(readValid(history.store, 0)), ["e1", "e2", "e3", "forged", "e5"]);
  await t.throwsAsync(verifyLog(history.store, 0, { archive }), {
    instanceOf: TamperedError,
    message: `shard 0, epoch 2, seq 5: the archive has the hash ${fifth.hash}, the journal has ${last.hash}, it agrees up to 1.3: stop and compare with the archive`,
  });
  t.deepEqual(await findTampered(history.store, archive, 0), { archived: fourth, stored: first });
  const agreed = record(history, 1, 3);
  t.deepEqual(await findTampered(history.store, archive, 0, { after: agreed }), {
    archived: fourth,
    stored: first,
  });
});

test("an end that somebody took away is missed by the archive, though what is left is whole", async (t) => {
  const history = await build();
  const archive = openArchive(memoryObjects());
  const { shard, hash, ts } = record(history, 2, 5);
  await archive.saveHead({ shard, epoch: 2, seq: 5, hash, ts });
  history.table.log(0, 2).delete(5);
  t.is((await verifyLog(history.store, 0)).events, 4);
  await t.throwsAsync(verifyLog(history.store, 0, { archive }), {
    instanceOf: TamperedError,
    message: `shard 0, epoch 2, seq 5: the archive has the hash ${hash}, the journal has no record there: stop and compare with the archive`,
  });
});

test("what lies behind the newest archived head is counted, for nothing but the chain vouches for it", async (t) => {
  const history = await build();
  const archive = openArchive(memoryObjects());
  const { shard, hash, ts } = record(history, 1, 3);
  await archive.saveHead({ shard, epoch: 1, seq: 3, hash, ts });
  t.deepEqual((await verifyLog(history.store, 0, { archive })).anchors, {
    agreeing: 1,
    cutOff: 0,
    unanchored: 2,
  });
  const after = { epoch: 1, seq: 3, hash };
  const behind = await verifyLog(history.store, 0, { archive, after });
  t.like(behind, { records: 2, events: 2, anchors: { agreeing: 0, cutOff: 0, unanchored: 2 } });
});

test("heads that a cut took back are told apart from rewritten ones", async (t) => {
  const history = await build();
  const archive = openArchive(memoryObjects());
  const { shard, epoch, seq, hash, ts } = record(history, 2, 5);
  const head: ArchivedHead = { shard, epoch, seq, hash, ts };
  await archive.saveHead(head);
  await history.run([{ kind: "cut", at: 2 / 6 }]);
  t.deepEqual((await verifyLog(history.store, 0, { archive })).anchors, {
    agreeing: 0,
    cutOff: 1,
    unanchored: 2,
  });
});

test("the archive gives back each record once, in order, however segments overlap", async (t) => {
  const history = await build();
  const objects = memoryObjects();
  const archive = openArchive(objects);
  const records: JournalRecord[] = [];
  for await (const valid of readValid(history.store, 0)) records.push(valid.record);
  await archive.saveSegment(0, records.slice(2, 5));
  await archive.saveSegment(0, records.slice(0, 3));
  await archive.saveSegment(0, []);
  t.is(objects.objects.size, 2);
  t.deepEqual(await Array.fromAsync(archive.records(0)), records);
});
