import test from "ava";
import {
  BodyRefusedError,
  FencedError,
  fence,
  findNewestEpoch,
  HaltedError,
  NotMyRegionError,
  openWriter,
  readHead,
  readValid,
  UnknownOutcomeError,
} from "../../journal/index.ts";
import { MemoryTable, memoryJournal } from "./memory.ts";

const region = "us-east-1" as const;
const seqs = async (records: AsyncIterable<{ record: { epoch: number; seq: number } }>) => {
  const found: string[] = [];
  for await (const { record } of records) found.push(`${record.epoch}/${record.seq}`);
  return found;
};

test("the first start seals epoch 0 at position 1 and opens epoch 1 there", async (t) => {
  const store = memoryJournal();
  const writer = await openWriter({ store, shard: 0, region, writer: "a" });
  t.like(writer.opening, { epoch: 1, first: 1, region, writer: "a", generation: 0, reason: "start" });
  t.deepEqual(await writer.append("one", 1).then(({ epoch, seq }) => [epoch, seq]), [1, 1]);
});

test("every start opens a new epoch whose numbers go on where the last one was sealed", async (t) => {
  const store = memoryJournal();
  const first = await openWriter({ store, shard: 0, region, writer: "a" });
  await Promise.all(["1", "2", "3"].map((body) => first.append(body, 1)));
  const second = await openWriter({ store, shard: 0, region, writer: "b" });
  t.is(second.opening.epoch, 2);
  t.is((await second.append("4", 1)).seq, 4);
  const third = await openWriter({ store, shard: 0, region, writer: "c" });
  t.is((await third.append("5", 1)).seq, 5);
  t.deepEqual(await seqs(readValid(store, 0)), ["1/1", "1/2", "1/3", "2/4", "3/5"]);
});

test("a fenced writer rejects what it did not append and says so", async (t) => {
  const store = memoryJournal();
  const old = await openWriter({ store, shard: 0, region, writer: "a" });
  await old.append("1", 1);
  await fence(store, 0, { region: "us-west-2", generation: 1, reason: "failover", sealer: "run" });
  const error = await t.throwsAsync(old.append("2", 1), { instanceOf: FencedError });
  t.is(error?.message, "shard 0 was sealed at epoch 1, seq 2: this writer is fenced and must exit");
  t.is(await old.fenced, error);
  await t.throwsAsync(old.append("3", 1), { is: error });
  await t.throwsAsync(old.confirm(), { is: error });
});

test("confirming finds a seal without appending", async (t) => {
  const store = memoryJournal();
  const old = await openWriter({ store, shard: 0, region, writer: "a" });
  await old.append("1", 1);
  await old.confirm();
  await openWriter({ store, shard: 0, region, writer: "b" });
  await t.throwsAsync(old.confirm(), { instanceOf: FencedError });
});

test("an engine never starts over another region's epoch, nor over a halt", async (t) => {
  const store = memoryJournal();
  await t.throwsAsync(openWriter({ store, shard: 0, region: "us-west-2", writer: "a" }), {
    instanceOf: NotMyRegionError,
    message: "shard 0 belongs to us-east-1, not to us-west-2: wait, or move it with `dr failover`",
  });
  await fence(store, 0, { region, generation: 0, reason: "halt", sealer: "run" });
  await t.throwsAsync(openWriter({ store, shard: 0, region, writer: "a" }), { instanceOf: HaltedError });
  await fence(store, 0, { region, generation: 0, reason: "resume", sealer: "run" });
  t.is((await openWriter({ store, shard: 0, region, writer: "a" })).opening.epoch, 3);
});

test("a record's body is refused above 64 KiB, with a lone surrogate, or without room; nothing is put", async (t) => {
  const table = new MemoryTable();
  const store = memoryJournal(table);
  const writer = await openWriter({ store, shard: 0, region, writer: "a", window: 2 });
  await t.throwsAsync(writer.append("x".repeat(65_537), 1), {
    instanceOf: BodyRefusedError,
    message: "a record's body has 65537 bytes, at most 65536 are allowed",
  });
  await t.throwsAsync(writer.append("\uD800", 1), { instanceOf: BodyRefusedError });
  await writer.append("x".repeat(65_536), 1);
  t.is(table.log(0, 1).size, 1);
  const pending = [writer.append("2", 1), writer.append("3", 1)];
  t.false(writer.hasRoom);
  await t.throwsAsync(writer.append("4", 1), { instanceOf: RangeError });
  await writer.room();
  await Promise.all(pending);
  t.is(table.log(0, 1).size, 3);
});

test("closing leaves what is in flight unknown, never refused", async (t) => {
  const table = new MemoryTable();
  const store = memoryJournal(table, { attemptMilliseconds: 20 });
  const writer = await openWriter({ store, shard: 0, region, writer: "a" });
  table.putLog = () => new Promise(() => {});
  const pending = writer.append("1", 1);
  writer.close();
  await t.throwsAsync(pending, { instanceOf: UnknownOutcomeError });
});

test("the newest epoch is found whatever the hint", async (t) => {
  const store = memoryJournal();
  for (let start = 1; start <= 11; start += 1) {
    await openWriter({ store, shard: 0, region, writer: `w${start}` });
  }
  for (const hint of [undefined, 0, 1, 5, 11, 12, 400]) {
    t.is((await findNewestEpoch(store, 0, { hint })).opening.epoch, 11);
  }
});

test("the head is the last valid record, also when the newest epoch has none", async (t) => {
  const store = memoryJournal();
  t.is((await readHead(store, 0)).head.seq, 0);
  const writer = await openWriter({ store, shard: 0, region, writer: "a" });
  const { hash } = await writer.append("1", 1);
  await openWriter({ store, shard: 0, region, writer: "b" });
  t.like(await readHead(store, 0), { opening: { epoch: 2 }, head: { epoch: 1, seq: 1, hash } });
});
