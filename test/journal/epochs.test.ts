import test from "ava";
import {
  type FencedError,
  fence,
  findNewestEpoch,
  follow,
  MAX_WINDOW,
  NotInLogError,
  openWriter,
  readHead,
  readValid,
  waitForOwnership,
} from "../../journal/index.ts";
import { countRounds, MemoryTable, memoryJournal } from "./memory.ts";

const region = "us-east-1" as const;

test("a long epoch's end is found from its highest item, behind gaps and orphans, without reading it all", async (t) => {
  const table = new MemoryTable();
  const store = memoryJournal(table);
  table.pageSize = 25;
  const writer = await openWriter({ store, shard: 0, region, writer: "a", window: MAX_WINDOW });
  for (let count = 0; count < 1_000; count += 1) {
    await writer.room();
    void writer.append("x", 1);
  }
  await writer.confirm();
  const log = table.log(0, 1);
  const copy = log.get(1_000) ?? t.fail();
  for (const seq of [1_002, 1_003, 1_001 + 2 * MAX_WINDOW])
    log.set(seq, { ...(copy as object), seq } as never);

  let reads = 0;
  const readLog = table.readLog.bind(table);
  table.readLog = (...request) => {
    reads += 1;
    return readLog(...request);
  };
  t.like(await findNewestEpoch(store, 0), { end: 1_001, highest: 1_129, opening: { epoch: 1 } });
  t.true(reads <= 6, `${reads} pages read`);
  t.like(await readHead(store, 0), { head: { epoch: 1, seq: 1_000 }, opening: { epoch: 1 } });

  const fenced = await fence(store, 0, { region, generation: 1, reason: "halt", sealer: "run", window: 16 });
  t.like(fenced, { sealed: true, gapsAtSeal: 126, orphans: 3, base: { epoch: 1, seq: 1_000, index: null } });
  t.like(await readHead(store, 0), { head: { epoch: 1, seq: 1_000 }, opening: { epoch: 2, first: 1_001 } });
});

test("the newest of many epochs is found in few rounds, from any hint, also a wrong one", async (t) => {
  for (const epochs of [1, 2, 5, 6, 23, 100]) {
    const table = new MemoryTable();
    const store = memoryJournal(table);
    for (let count = 0; count < epochs; count += 1) {
      await openWriter({ store, shard: 0, region, writer: `writer-${count}`, window: 2 });
    }
    for (const hint of [undefined, 1, Math.ceil(epochs / 2), epochs - 1, epochs, epochs + 1, epochs + 50]) {
      const counted = countRounds(table);
      t.like(await findNewestEpoch(memoryJournal(counted.table), 0, { hint }), {
        end: 1,
        opening: { epoch: epochs },
      });
      t.true(counted.rounds() <= 12, `${counted.rounds()} rounds to ${epochs} from ${hint}`);
    }
  }
});

test("what an earlier look found is only where the next one begins: records and seals since then are seen", async (t) => {
  const store = memoryJournal();
  const writer = await openWriter({ store, shard: 0, region, writer: "a" });
  await writer.append("1", 1);
  const { known } = await readHead(store, 0);
  const { ts } = await writer.append("2", 1).then(() => writer.head);
  const moved = await readHead(store, 0, { known });
  t.like(moved, { head: { epoch: 1, seq: 2, ts }, opening: { epoch: 1 }, known: { end: 3 } });

  await fence(store, 0, { region: "us-west-2", generation: 1, reason: "failover", sealer: "run", known });
  const next = await openWriter({ store, shard: 0, region: "us-west-2", writer: "b", known });
  await next.append("3", 1);
  for (const from of [known, moved.known]) {
    t.like(await readHead(store, 0, { known: from }), {
      head: { epoch: 3, seq: 3, hash: next.head.hash },
      opening: { epoch: 3, region: "us-west-2" },
    });
  }
});

test("a page border anywhere changes nothing", async (t) => {
  for (const pageSize of [1, 2, 3, 5]) {
    const table = new MemoryTable();
    const store = memoryJournal(table);
    table.pageSize = pageSize;
    for (const name of ["a", "b", "c"]) {
      const writer = await openWriter({ store, shard: 0, region, writer: name, window: 3 });
      await Promise.all([writer.append("1", 1), writer.append("2", 1), writer.append("3", 1)]);
    }
    const seqs = (await Array.fromAsync(readValid(store, 0))).map(({ record }) => record.seq);
    t.deepEqual(seqs, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
});

test("a follower gets each record once, over every seal, and stops at its signal", async (t) => {
  const store = memoryJournal();
  const stop = new AbortController();
  const seen: number[] = [];
  const following = (async () => {
    const tail = follow(store, 0, { signal: stop.signal, intervalMilliseconds: 1 });
    for await (const { record } of tail) {
      seen.push(record.seq);
      if (seen.length === 6) stop.abort();
    }
  })();
  for (const name of ["a", "b", "c"]) {
    const writer = await openWriter({ store, shard: 0, region, writer: name });
    await writer.append("1", 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await writer.append("2", 1);
  }
  await following;
  t.deepEqual(seen, [1, 2, 3, 4, 5, 6]);
});

test("a follower whose records a cut took back is told, instead of going on", async (t) => {
  const store = memoryJournal();
  const writer = await openWriter({ store, shard: 0, region, writer: "a" });
  await Promise.all([writer.append("1", 1), writer.append("2", 1)]);
  const tail = follow(store, 0, { signal: AbortSignal.timeout(5_000), intervalMilliseconds: 1 });
  await tail.next();
  await tail.next();
  await fence(store, 0, {
    region,
    generation: 0,
    reason: "cut",
    sealer: "run",
    cut: { epoch: 1, seq: 1, index: null },
  });
  await t.throwsAsync(tail.next(), {
    instanceOf: NotInLogError,
    message: "shard 0, epoch 1, seq 2 is not in the valid log: a cut took back what was read",
  });
});

test("a writer that meets a seal acknowledges what lies below it and nothing from it on", async (t) => {
  const table = new MemoryTable();
  const store = memoryJournal(table);
  const old = await openWriter({ store, shard: 0, region, writer: "a" });
  const held = Promise.withResolvers<void>();
  const putLog = table.putLog.bind(table);
  table.putLog = async (item) => {
    if (item.kind === "record" && item.seq === 1) await held.promise;
    return putLog(item);
  };
  const pending = [1, 2, 3].map((k) => old.append(`${k}`, 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const fencing = fence(store, 0, { region: "us-west-2", generation: 1, reason: "failover", sealer: "run" });
  await fencing;
  held.resolve();
  const results = await Promise.allSettled(pending);
  t.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "rejected", "rejected"],
  );
  const reason = (results[0] as PromiseRejectedResult).reason as FencedError;
  t.like(reason.position, { epoch: 1, seq: 1 });
  t.like(await fencing, { gapsAtSeal: 1, orphans: 2 });
});

test("waiting for ownership ends when the region is given the shard and no halt holds", async (t) => {
  const store = memoryJournal();
  const west = waitForOwnership({
    store,
    shard: 0,
    region: "us-west-2",
    signal: AbortSignal.timeout(5_000),
    intervalMilliseconds: 1,
  });
  let isOver = false;
  void west.then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  t.false(isOver);
  await fence(store, 0, { region: "us-west-2", generation: 1, reason: "failover", sealer: "run" });
  await west;
  t.true(isOver);
});

test("fencing twice with the same decision seals once; an older decision is refused", async (t) => {
  const store = memoryJournal();
  const request = { region: "us-west-2", generation: 2, reason: "failover", sealer: "run" } as const;
  t.true((await fence(store, 0, request)).sealed);
  t.false((await fence(store, 0, request)).sealed);
  await openWriter({ store, shard: 0, region: "us-west-2", writer: "a" });
  t.false((await fence(store, 0, request)).sealed);
  await t.throwsAsync(fence(store, 0, { ...request, region, generation: 1 }), {
    name: "SupersededError",
    message: "shard 0 is sealed with generation 2, newer than 1: this run is out of date",
  });
});
