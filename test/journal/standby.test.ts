/** A standby on a clock of the test's own: what it takes for silence, and what it does not. */
import { setImmediate } from "node:timers/promises";
import test from "ava";
import {
  awaitSilence,
  fence,
  findNewestEpoch,
  type JournalStore,
  OvertakenError,
  openCursor,
  openWriter,
  resign,
  type ValidRecord,
  type Writer,
} from "../../journal/index.ts";
import { MemoryTable, memoryJournal } from "./memory.ts";
import { Process } from "./simulation/process.ts";
import { Scheduler } from "./simulation/scheduler.ts";

const region = "us-east-1" as const;
const PATIENCE = 5_000;

class World {
  readonly scheduler = new Scheduler();
  readonly process = new Process(this.scheduler, "standby", region, 0);
  readonly store: JournalStore = memoryJournal(new MemoryTable(), { clock: this.process.clock });
  readonly folded: ValidRecord[] = [];

  get now(): number {
    return this.scheduler.now;
  }

  /** Runs at that time. */
  at(milliseconds: number, act: () => Promise<unknown>): void {
    this.scheduler.after(milliseconds, () => void act());
  }

  open(name: string): Promise<Writer> {
    return openWriter({ store: this.store, shard: 0, region, writer: name, window: 2 });
  }

  /** Lets time pass until an epoch may be taken over. */
  async listen(): Promise<number> {
    let epoch: number | undefined;
    const cursor = await openCursor(this.store, 0);
    const listening = awaitSilence({
      ...{ clock: this.store.clock, cursor, signal: new AbortController().signal },
      fold: (valid) => this.folded.push(valid),
      patienceMilliseconds: () => PATIENCE,
    }).then((free) => (epoch = free));
    await setImmediate();
    while (epoch === undefined) await this.scheduler.runUntil(this.now + 50);
    return await listening;
  }
}

test("a writer that says something each second is not taken for dead; 5 s after its last record it is", async (t) => {
  const world = new World();
  const writer = await world.open("a");
  for (let second = 1; second <= 20; second += 1) world.at(second * 1_000, () => writer.append("[]", 0));
  t.is(await world.listen(), 1);
  t.true(world.now >= 25_000 && world.now <= 25_400, `after ${world.now} ms`);
  t.is(world.folded.length, 20);
});

test("a standby that was frozen has not listened: what it missed counts before its own clock does", async (t) => {
  const world = new World();
  const writer = await world.open("a");
  for (let second = 1; second <= 30; second += 1) world.at(second * 1_000, () => writer.append("[]", 0));
  world.at(2_500, async () => world.process.freeze());
  world.at(29_900, async () => world.process.thaw());
  t.is(await world.listen(), 1);
  t.true(world.now >= 35_000, `after ${world.now} ms`);
  t.is(world.folded.length, 30);
});

test("an epoch that nobody writes in is free at once: the first, a failover's, and one whose writer resigned", async (t) => {
  const world = new World();
  t.is(await world.listen(), 0);
  await fence(world.store, 0, { region, generation: 1, reason: "failover", sealer: "run-1" });
  t.is(await world.listen(), 1);
  await resign(world.store, await world.open("a"), 2);
  t.is(await world.listen(), 3);
  t.true(world.now < 100, `after ${world.now} ms`);
});

test("a writer that resigns while a standby listens is followed at once", async (t) => {
  const world = new World();
  const writer = await world.open("a");
  await writer.append("[]", 0);
  world.at(1_000, () => resign(world.store, writer, 2));
  t.is(await world.listen(), 2);
  t.true(world.now >= 1_000 && world.now < 1_300, `after ${world.now} ms`);
  t.like((await findNewestEpoch(world.store, 0)).opening, { writer: null, reason: "start", region });
});

test("who has been fenced does not resign for its successor", async (t) => {
  const world = new World();
  const old = await world.open("a");
  await world.open("b");
  await resign(world.store, old, 2);
  t.like((await findNewestEpoch(world.store, 0)).opening, { epoch: 2, writer: "b" });
});

test("another standby that was quicker is given its own time", async (t) => {
  const world = new World();
  await world.open("a");
  world.at(4_000, () => world.open("b"));
  t.is(await world.listen(), 2);
  t.true(world.now >= 9_000, `after ${world.now} ms`);
});

test("only the epoch that was found silent is taken over: who comes second leaves it to the first", async (t) => {
  const world = new World();
  await world.open("a");
  const takeOver = (writer: string) => openWriter({ store: world.store, shard: 0, region, writer, over: 1 });
  const [first, second] = await Promise.allSettled([takeOver("b"), takeOver("c")]);
  const winner = [first, second].find((one) => one?.status === "fulfilled");
  const loser = [first, second].find((one) => one?.status === "rejected");
  t.truthy(winner);
  t.true(loser?.status === "rejected" && loser.reason instanceof OvertakenError);
  t.is((await findNewestEpoch(world.store, 0)).opening.epoch, 2);
  await t.throwsAsync(takeOver("d"), {
    instanceOf: OvertakenError,
    message: "shard 0 is at epoch 2, not at 1 any more: another process was quicker",
  });
});

test("where the writer answers is said once per epoch, and an older epoch's word does not count", async (t) => {
  const { store } = new World();
  t.is(await store.readEngineItem(0), undefined);
  const say = (epoch: number, url: string) => store.announceEngine({ shard: 0, epoch, region, url });
  await say(3, "http://10.0.0.3:8080");
  await say(2, "http://10.0.0.2:8080");
  await say(3, "http://10.0.0.3:8080");
  t.deepEqual(await store.readEngineItem(0), {
    ...{ shard: 0, epoch: 3, region, url: "http://10.0.0.3:8080" },
  });
  t.is(await store.readEngineItem(1), undefined);
});
