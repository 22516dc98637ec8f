import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { hashRecord } from "../../../journal/hash.ts";
import {
  type Anchor,
  fence,
  type JournalRecord,
  openArchive,
  openCheckpoints,
  readValid,
} from "../../../journal/index.ts";
import { ShardArchiver } from "../../../workload/archiver/archiver.ts";
import { State } from "../../../workload/engine/state.ts";
import { MemoryTable, memoryJournal, memoryObjects } from "../../journal/memory.ts";
import { place } from "../engine/run.ts";
import { openShard } from "../projector/database.ts";

class World {
  readonly table = new MemoryTable();
  readonly store = memoryJournal(this.table);
  readonly locked = memoryObjects();
  readonly notes = memoryObjects();
  readonly archive = openArchive(this.locked);
  readonly checkpoints = openCheckpoints(this.notes);

  /** Follows for a while, then stops, by which it saves what is left. */
  async runFor(t: ExecutionContext, ms: number): Promise<string[]> {
    const events: string[] = [];
    const { store, archive, checkpoints, notes } = this;
    const archiver = new ShardArchiver({
      shard: 0,
      store,
      archive,
      checkpoints,
      notes,
      everyMs: 50,
      log: (event, fields) => events.push(`${event} ${JSON.stringify(fields)}`),
    });
    const stop = new AbortController();
    const ended = archiver.run(stop.signal);
    t.teardown(() => stop.abort());
    await sleep(ms);
    stop.abort();
    await ended;
    return events;
  }

  async valid(): Promise<JournalRecord[]> {
    const records: JournalRecord[] = [];
    for await (const { record } of readValid(this.store, 0)) records.push(record);
    return records;
  }
  async archived(): Promise<JournalRecord[]> {
    const records: JournalRecord[] = [];
    for await (const record of this.archive.records(0)) records.push(record);
    return records;
  }
  async heads(): Promise<Anchor[]> {
    return await Array.fromAsync(this.archive.anchors(0));
  }
}

const orders = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => place(`GOLD:${from + n}`, n % 2 ? "buy" : "sell", 100, 1 + n));

test("the archive has every record of the log and a head at its end; the checkpoint is the folded log", async (t) => {
  const world = new World();
  const { send, state, writer } = await openShard(world.store, 0);
  for (let n = 0; n < 5; n++) await send(orders(n * 10, 10));
  await world.runFor(t, 300);
  t.deepEqual(await world.archived(), await world.valid());
  const { epoch, seq, hash } = writer.head;
  t.deepEqual(await world.heads(), [{ epoch, seq, hash }]);
  const checkpoint = await world.checkpoints.newestValid(world.store, 0);
  t.is(checkpoint?.seq, seq);
  t.is(State.parse(checkpoint?.state ?? "", 0).checksum(), state.checksum());
});

test("an archiver that starts again goes on where the archive ends", async (t) => {
  const world = new World();
  const { send, state } = await openShard(world.store, 0);
  await send(orders(0, 10));
  await world.runFor(t, 200);
  const before = new Map(world.locked.objects);
  await send(orders(10, 10));
  await world.runFor(t, 200);
  t.deepEqual(await world.archived(), await world.valid());
  for (const [key, body] of before) t.is(world.locked.objects.get(key), body);
  t.is(world.locked.objects.size, before.size + 2, "one segment and one head more");
  const checkpoint = await world.checkpoints.newestValid(world.store, 0);
  t.is(State.parse(checkpoint?.state ?? "", 0).checksum(), state.checksum());
});

test("with its note lost it archives from the beginning, whatever checkpoint it starts from", async (t) => {
  const world = new World();
  const { send, state } = await openShard(world.store, 0);
  await send(orders(0, 10));
  await world.runFor(t, 200);
  world.notes.objects.delete("archived/0.json");
  world.locked.objects.clear();
  await send(orders(10, 10));
  await world.runFor(t, 200);
  t.deepEqual(await world.archived(), await world.valid());
  const checkpoint = await world.checkpoints.newestValid(world.store, 0);
  t.is(State.parse(checkpoint?.state ?? "", 0).checksum(), state.checksum());
});

test("when a cut took back what it had noted, it archives the valid log again; what was cut stays in the archive", async (t) => {
  const world = new World();
  const { send, writer } = await openShard(world.store, 0);
  await send(orders(0, 4));
  const kept = writer.head;
  await send(orders(10, 4));
  await world.runFor(t, 200);
  const cut = { epoch: kept.epoch, seq: kept.seq, index: null };
  await fence(world.store, 0, { region: "us-east-1", generation: 0, reason: "cut", sealer: "run-1", cut });
  await fence(world.store, 0, { region: "us-east-1", generation: 0, reason: "resume", sealer: "run-1" });
  const next = await openShard(world.store, 0);
  await next.send(orders(20, 4));
  const { epoch, seq, hash } = next.writer.head;
  await world.checkpoints.save({ epoch, seq, hash, shard: 0, state: next.state.serialise() });
  const events = await world.runFor(t, 1500);
  t.is(events.length, 1);
  t.regex(
    events[0] ?? "",
    /^archiving-failed .*NotInLogError: shard 0, epoch 1, seq \d+ is not in the valid log/,
  );
  const archived = new Set((await world.archived()).map((record) => record.hash));
  const valid = await world.valid();
  t.true(valid.every((record) => archived.has(record.hash)));
  t.is(archived.size, valid.length + 1);
});

test("what somebody rewrote never reaches the archive: it stays as it was, and says so", async (t) => {
  const world = new World();
  const { send, writer } = await openShard(world.store, 0);
  await send(orders(0, 4));
  await send(orders(10, 4));
  await world.runFor(t, 200);
  const before = new Map(world.locked.objects);
  const { epoch, seq } = writer.head;
  const log = world.table.log(0, epoch);
  const record = log.get(seq) as JournalRecord;
  const forged = { ...record, body: record.body.replace(/"price":100/, '"price":1000') };
  t.not(forged.body, record.body);
  log.set(seq, { ...forged, hash: hashRecord(forged) });
  const events = await world.runFor(t, 1500);
  t.regex(
    events[0] ?? "",
    /^archiving-failed .*TamperedError: shard 0, epoch 1, seq 2: the archive has the hash /,
  );
  t.deepEqual(world.locked.objects, before);
  // Whoever takes its note away, too, does not get further: the archive then says two things, and is believed in none.
  world.notes.objects.clear();
  await world.runFor(t, 200);
  await t.throwsAsync(world.archived(), {
    name: "TamperedError",
    message: /the archive holds two different pasts/,
  });
});

test("a bucket that fails is tried again, and nothing is left out", async (t) => {
  const world = new World();
  const { send } = await openShard(world.store, 0);
  await send(orders(0, 4));
  const put = world.locked.put.bind(world.locked);
  let failures = 1;
  world.locked.put = async (key, body) => {
    if (failures-- > 0) throw new Error("slow down");
    await put(key, body);
  };
  t.deepEqual(await world.runFor(t, 1500), ['archiving-failed {"shard":0,"error":"Error: slow down"}']);
  t.deepEqual(await world.archived(), await world.valid());
});
