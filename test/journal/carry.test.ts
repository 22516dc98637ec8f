import test from "ava";
import {
  type EventPosition,
  NotInLogError,
  openCarrier,
  readRemoved,
  readValid,
} from "../../journal/index.ts";
import { History, readEvents } from "./history.ts";

const region = "us-east-1" as const;

async function removedEvents(history: History, cut: EventPosition): Promise<string[]> {
  const events: string[] = [];
  for await (const { record, from, upTo } of readRemoved(history.store, 0, cut)) {
    events.push(...JSON.parse(record.body).slice(from, upTo));
  }
  return events;
}

/** Six events in two epochs, cut behind the second, which is the first of its record's three. */
async function cutLog(): Promise<{ history: History; cut: EventPosition }> {
  const history = new History();
  await history.run([
    { kind: "append", sizes: [1, 3] },
    { kind: "append", sizes: [2] },
  ]);
  const cut = history.kept[1]?.position ?? { epoch: 0, seq: 0, index: null };
  await history.cutAt(cut);
  return { history, cut };
}

test("what a cut took back is read as it was: the rest of the split record, and all behind it over epochs", async (t) => {
  const { history, cut } = await cutLog();
  t.deepEqual(await readEvents(readValid(history.store, 0)), ["e1", "e2"]);
  t.deepEqual(await removedEvents(history, cut), ["e3", "e4", "e5", "e6"]);
});

test("what was carried over is log behind the cut; the rest stays cut", async (t) => {
  const { history, cut } = await cutLog();
  const carrier = await openCarrier({ store: history.store, shard: 0, region, cut, run: "run-1" });
  await carrier.append(JSON.stringify(["e4"]), 1);
  await carrier.append(JSON.stringify(["e6"]), 1);
  carrier.close();
  t.deepEqual(await readEvents(readValid(history.store, 0)), ["e1", "e2", "e4", "e6"]);
  t.deepEqual(await removedEvents(history, cut), ["e3", "e4", "e5", "e6"]);
  t.like(carrier.opening, { reason: "cut", writer: "run-1" });
});

test("a run that was killed while it carried over begins again, and nothing is there twice", async (t) => {
  const { history, cut } = await cutLog();
  const first = await openCarrier({ store: history.store, shard: 0, region, cut, run: "run-1" });
  await first.append(JSON.stringify(["e3"]), 1);
  const second = await openCarrier({ store: history.store, shard: 0, region, cut, run: "run-1" });
  await second.append(JSON.stringify(["e3"]), 1);
  await second.append(JSON.stringify(["e4"]), 1);
  t.deepEqual(await readEvents(readValid(history.store, 0)), ["e1", "e2", "e3", "e4"]);
  t.deepEqual(await removedEvents(history, cut), ["e3", "e4", "e5", "e6"]);
  await t.throwsAsync(first.append(JSON.stringify(["late"]), 1), { name: "FencedError" });
  t.deepEqual(await readEvents(readValid(history.store, 0)), ["e1", "e2", "e3", "e4"]);
});

test("nothing is carried over where the shard does not stand at that cut", async (t) => {
  const { history, cut } = await cutLog();
  const elsewhere = { ...cut, index: 2 };
  await t.throwsAsync(openCarrier({ store: history.store, shard: 0, region, cut: elsewhere, run: "run-1" }), {
    instanceOf: NotInLogError,
    message:
      "shard 0, epoch 1, seq 2 is not in the valid log: the shard does not stand at this cut but in epoch 3 (cut)",
  });
  await t.throwsAsync(removedEvents(history, elsewhere), {
    message: "shard 0, epoch 1, seq 2 is not in the valid log: no cut was made there",
  });
  await history.run([{ kind: "halt" }]);
  await t.throwsAsync(openCarrier({ store: history.store, shard: 0, region, cut, run: "run-1" }), {
    instanceOf: NotInLogError,
  });
});

test("a cut of everything takes back everything", async (t) => {
  const history = new History();
  await history.run([{ kind: "append", sizes: [1, 1] }]);
  const origin = { epoch: 0, seq: 0, index: null };
  await history.cutAt(origin);
  t.deepEqual(await removedEvents(history, origin), ["e1", "e2"]);
});
