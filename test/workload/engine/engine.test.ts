/** The engine's life over a journal in memory. Time is real: waits are bounded by what the engine promises. */
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { Region } from "../../../components/model.ts";
import {
  controlKey,
  FencedError,
  fence,
  type JournalStore,
  type LogItem,
  type ObjectStore,
  openCheckpoints,
  readHead,
  readValid,
  systemClock,
} from "../../../journal/index.ts";
import { Engine, type EngineOptions, RIVAL_PATIENCE_MS } from "../../../workload/engine/engine.ts";
import type { Outcome, Sequencer } from "../../../workload/engine/sequencer.ts";
import { countRounds, MemoryTable, memoryJournal, memoryObjects } from "../../journal/memory.ts";
import { HeldTable, isPending } from "./held.ts";
import { place } from "./run.ts";

class World {
  readonly table: MemoryTable;
  readonly store: JournalStore;
  readonly objects: ObjectStore & { readonly objects: Map<string, string> } = memoryObjects();
  #isDead = false;
  /** The same table, for an engine whose machine may die: nothing of it arrives any more, nothing comes back. */
  readonly mortal: JournalStore;

  constructor(table = new MemoryTable()) {
    this.table = table;
    this.store = memoryJournal(table);
    this.mortal = memoryJournal(
      new Proxy(table, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== "function") return value;
          return (...given: unknown[]) =>
            this.#isDead ? new Promise(() => {}) : (value.apply(target, given) as unknown);
        },
      }),
    );
  }

  die(): void {
    this.#isDead = true;
  }

  start(t: ExecutionContext, options: Partial<EngineOptions> = {}): Started {
    const stop = new AbortController();
    const fatal: unknown[] = [];
    const engine = new Engine({
      shard: 0,
      region: "us-east-1",
      window: 4,
      standby: "off",
      url: "http://127.0.0.1:1",
      store: this.store,
      checkpoints: openCheckpoints(this.objects),
      log: () => {},
      onFatal: (error) => fatal.push(error),
      drainMs: 500,
      ...options,
    });
    const ended = engine.run(stop.signal);
    const started: Started = {
      engine,
      fatal,
      ended,
      stop: async () => {
        stop.abort();
        await ended;
      },
    };
    t.teardown(() => {
      stop.abort();
      return ended.catch(() => {});
    });
    return started;
  }
}

interface Started {
  readonly engine: Engine;
  readonly fatal: unknown[];
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
}

async function until(
  t: ExecutionContext,
  what: string,
  holds: () => boolean,
  withinMs = 15_000,
): Promise<void> {
  for (const end = Date.now() + withinMs; !holds(); ) {
    if (Date.now() > end) return t.fail(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}

async function active(t: ExecutionContext, { engine }: Started): Promise<Sequencer> {
  await until(t, "engine is active", () => engine.sequencer !== null);
  if (engine.sequencer === null) throw new Error("not active");
  return engine.sequencer;
}

const failOver = (store: JournalStore, region: Region = "us-west-2") =>
  fence(store, 0, { region, generation: 1, reason: "failover", sealer: "run-1" });

test("every start opens a new epoch, and answers as the one before did", async (t) => {
  const world = new World();
  const first = world.start(t);
  const before = await active(t, first);
  const answers: Outcome[] = [];
  for (let n = 0; n < 5; n++)
    answers.push(await before.submit(place(`G:${n}`, n % 2 ? "buy" : "sell", 100, 3 + n)));
  const checksum = before.settled.checksum();
  const epoch = first.engine.report().epoch;
  await first.stop();

  const second = world.start(t);
  const after = await active(t, second);
  t.is(second.engine.report().epoch, (epoch ?? 0) + 2, "the one before ended its own");
  t.is(second.engine.status().stateChecksum, checksum);
  for (const [n, answer] of answers.entries()) {
    t.deepEqual(await after.submit(place(`G:${n}`, n % 2 ? "buy" : "sell", 100, 3 + n)), {
      ...answer,
      duplicate: true,
    } as Outcome);
  }
});

test("what the former writer added after the last look, and before the seal, is in the state that goes on", async (t) => {
  const world = new World();
  const former = world.start(t);
  const before = await active(t, former);
  await before.submit(place("G:1", "sell", 100, 3));
  let added: Promise<unknown> | undefined;
  const table = new Proxy(world.table, {
    get: (target, name) => {
      if (name !== "putLog") return Reflect.get(target, name);
      return async (item: LogItem) => {
        if (item.kind === "seal") {
          added ??= before.submit(place("G:2", "buy", 100, 2, "bob"));
          await added;
        }
        return await target.putLog(item);
      };
    },
  });
  // A minute later nobody waits for the former writer, though it lives.
  const clock = { ...systemClock, now: () => systemClock.now() + 60_000 };
  const next = world.start(t, { store: memoryJournal(table, { clock }) });
  const after = await active(t, next);
  await former.ended.catch(() => {});
  t.is(after.settled.size, 2);
  t.is(after.settled.checksum(), before.settled.checksum());
});

test("a start after a failover waits for few answers of the journal, one after the other", async (t) => {
  const world = new World();
  const lost = world.start(t, { store: world.mortal });
  const sequencer = await active(t, lost);
  for (let n = 0; n < 3; n++) await sequencer.submit(place(`G:${n}`, "sell", 100, 3));
  world.die();
  await failOver(world.store);

  const { table, rounds } = countRounds(world.table);
  const next = world.start(t, { region: "us-west-2", store: memoryJournal(table) });
  await active(t, next);
  // Found (4), the way from the checkpoint or the beginning (2), the tail (2), sealed (2), announced (2): each once.
  t.true(rounds() <= 12, `${rounds()} rounds`);
});

test("a graceful stop leaves a checkpoint of everything acknowledged: the next start replays nothing", async (t) => {
  const world = new World();
  const first = world.start(t);
  const { ack } = (await (await active(t, first)).submit(place("G:1", "sell", 100, 3))) as Extract<
    Outcome,
    { kind: "accepted" }
  >;
  await first.stop();
  const second = world.start(t);
  await active(t, second);
  const { replayedFrom, tailReplayed } = second.engine.status();
  t.deepEqual(replayedFrom, { epoch: ack.epoch, seq: ack.seq });
  t.is(tailReplayed, 0);
  // Before its first own record it stands on the former epoch's last: the place that the journal knows.
  const { epoch, head } = second.engine.status();
  t.is(epoch, ack.epoch + 2);
  t.deepEqual(head, { epoch: ack.epoch, seq: ack.seq, hash: ack.hash });
});

test("with a checkpoint that cannot be read, or a bucket that cannot be reached, the whole log is replayed to the same state", async (t) => {
  const world = new World();
  const first = world.start(t);
  const before = await active(t, first);
  for (let n = 0; n < 3; n++) await before.submit(place(`G:${n}`, "sell", 100, 3));
  const checksum = before.settled.checksum();
  await first.stop();

  const [[key] = [""]] = world.objects.objects;
  await openCheckpoints(world.objects).save({
    ...(await readHead(world.store, 0)).head,
    shard: 0,
    state: '{"version":0}',
  });
  t.is(world.objects.objects.size, 1, `another state at the same place as ${key}`);
  const second = world.start(t);
  await active(t, second);
  t.is(second.engine.status().stateChecksum, checksum);
  t.is(second.engine.status().replayedFrom, null);

  await second.stop();
  const broken = {
    ...openCheckpoints(world.objects),
    newestValid: () => Promise.reject(new Error("no bucket")),
  };
  const third = world.start(t, { checkpoints: broken });
  await active(t, third);
  t.is(third.engine.status().stateChecksum, checksum);
});

test("an engine whose shard belongs to another region waits, neither ready nor failing, and starts when it is moved here", async (t) => {
  const world = new World();
  const started = world.start(t, { region: "us-west-2" });
  await sleep(300);
  t.like(started.engine.report(), { ready: false, phase: "waiting", epoch: null });
  t.is(started.engine.sequencer, null);
  await failOver(world.store);
  await active(t, started);
  t.like(started.engine.report(), { ready: true, generation: 1 });
});

const dr = (store: JournalStore, reason: "halt" | "resume") =>
  fence(store, 0, { region: "us-east-1", generation: 0, reason, sealer: "run-1", window: 4 });

test("an engine under a halt waits until a run resumes", async (t) => {
  const world = new World();
  await dr(world.store, "halt");
  const started = world.start(t);
  await sleep(300);
  const reason = "by run-1, nothing is taken until dr ends the halt";
  t.like(started.engine.report(), { ready: false, phase: "halted", reason });
  await dr(world.store, "resume");
  await active(t, started);
  t.pass();
});

test("a halt: what the journal has is answered and in a checkpoint, what it has not is never answered; then it resumes", async (t) => {
  const table = new HeldTable();
  const world = new World(table);
  const started = world.start(t);
  const sequencer = await active(t, started);
  table.held = true;
  const inLog = sequencer.submit(place("G:1", "sell", 100, 3));
  await table.arrived(1);
  const late = sequencer.submit(place("G:2", "sell", 100, 3));
  await table.arrived(2);
  // The first put is in the journal, its answer on the way; the second is still travelling when the seal is put.
  const [first] = table.waiting;
  if (first === undefined) throw new Error("no put");
  await MemoryTable.prototype.putLog.call(table, first.item);
  const { base } = await dr(world.store, "halt");
  t.is(base.seq, first.item.seq);
  table.release();
  t.like(await inLog, { kind: "accepted", ack: { seq: first.item.seq } });
  await until(t, "drained", () => started.engine.status().drained);
  t.true(await isPending(late));
  t.deepEqual(started.fatal, []);
  t.like(started.engine.status(), { ready: false, phase: "halted", drained: true, head: { seq: base.seq } });
  t.is(started.engine.sequencer, null);
  t.is((await openCheckpoints(world.objects).newestValid(world.store, 0))?.seq, base.seq);

  await dr(world.store, "resume");
  const after = await active(t, started);
  t.deepEqual(started.engine.status().replayedFrom, { epoch: base.epoch, seq: base.seq });
  t.is((await after.read("ann", "G:1"))?.remaining, 3);
  t.is(await after.read("ann", "G:2"), undefined);
});

test("an engine that was frozen while the shard was halted and resumed wakes, answers nobody, and ends", async (t) => {
  const table = new HeldTable();
  const world = new World(table);
  const started = world.start(t);
  const sequencer = await active(t, started);
  table.held = true;
  const frozen = sequencer.submit(place("G:1", "sell", 100, 3));
  await table.arrived(1);
  await dr(world.store, "halt");
  await dr(world.store, "resume");
  table.release();
  t.true(await isPending(frozen));
  t.true(started.fatal[0] instanceof FencedError);
});

test("a standby waits under a halt as the active engine does; resumed, one of them serves and the other stands by", async (t) => {
  const world = new World();
  const both = [world.start(t, { standby: "on" }), world.start(t, { standby: "on" })];
  const phases = () => both.map(({ engine }) => engine.report().phase).sort();
  await until(t, "one active, one standing by", () => phases().join() === "active,standby");
  await dr(world.store, "halt");
  await until(t, "both halted", () => phases().join() === "halted,halted");
  await sleep(1_200);
  t.deepEqual(phases(), ["halted", "halted"]);
  const { opening } = await readHead(world.store, 0);
  t.is(opening.reason, "halt");
  await dr(world.store, "resume");
  await until(t, "one active, one standing by again", () => phases().join() === "active,standby");
  t.deepEqual(
    both.flatMap(({ fatal }) => fatal),
    [],
  );
});

test("an idle engine learns by its own heartbeat that it was fenced, and ends", async (t) => {
  const world = new World();
  const started = world.start(t);
  await active(t, started);
  await failOver(world.store);
  await until(t, "fatal", () => started.fatal.length > 0, 5000);
  t.true(started.fatal[0] instanceof FencedError);
});

test("a fenced engine's memory answers nobody", async (t) => {
  const world = new World();
  const started = world.start(t);
  const sequencer = await active(t, started);
  await sequencer.submit(place("G:1", "sell", 100, 3));
  await failOver(world.store);
  t.true(await isPending(sequencer.read("ann", "G:1")));
  await until(t, "fatal", () => started.fatal.length > 0, 5000);
  t.true(started.fatal[0] instanceof FencedError);
});

test("a later start fences the earlier engine of the same region, which does not fence it back when it restarts", async (t) => {
  const world = new World();
  const old = world.start(t);
  await active(t, old);
  // A minute later.
  const later = memoryJournal(world.table, {
    clock: { ...systemClock, now: () => systemClock.now() + 60_000 },
  });
  const next = world.start(t, { store: later });
  await active(t, next);
  await until(t, "the old one is fenced", () => old.fatal.length > 0, 5000);
  const restarted = world.start(t, { store: later });
  await until(t, "standing by", () => restarted.engine.report().phase === "standby");
  await sleep(RIVAL_PATIENCE_MS + 1500);
  t.is(restarted.engine.report().phase, "standby");
  t.deepEqual(next.fatal, []);
  await next.stop();
  await active(t, restarted);
});

test("an idle writer shows that it lives by a record each second", async (t) => {
  const world = new World();
  const started = world.start(t);
  await active(t, started);
  await sleep(3600);
  const records = [];
  for await (const { record } of readValid(world.store, 0)) records.push(record);
  t.true(records.length === 2 || records.length === 3, `${records.length} records`);
  for (const { body, events } of records) {
    t.is(body, '[{"command":{"type":"heartbeat"},"events":[]}]');
    t.is(events, 0);
  }
});

test("a standby follows, and takes over only 5 s after the last record of the active engine", async (t) => {
  const world = new World();
  const first = world.start(t, { store: world.mortal });
  const before = await active(t, first);
  await before.submit(place("G:1", "sell", 100, 3));
  const standby = world.start(t, { standby: "on" });
  await until(t, "standing by", () => standby.engine.report().phase === "standby");
  await sleep(1500);
  await before.submit(place("G:2", "buy", 100, 1, "bob"));
  const checksum = before.settled.checksum();
  world.die();
  const died = Date.now();
  await until(t, "taken over", () => standby.engine.sequencer !== null);
  t.true(Date.now() - died > 4500, "not sooner");
  t.true(Date.now() - died < 7000, "not much later");
  t.is(standby.engine.status().stateChecksum, checksum);
  const { epoch } = standby.engine.report();
  t.deepEqual(await world.store.readEngineItem(0), {
    ...{ shard: 0, epoch, region: "us-east-1", url: "http://127.0.0.1:1" },
  });
});

test("a planned stop leaves the shard to the standby at once", async (t) => {
  const world = new World();
  const first = world.start(t, { standby: "on" });
  await (await active(t, first)).submit(place("G:1", "sell", 100, 3));
  const standby = world.start(t, { standby: "on" });
  await until(t, "standing by", () => standby.engine.report().phase === "standby");
  await first.stop();
  await until(t, "taken over", () => standby.engine.sequencer !== null, 2000);
  t.is(standby.engine.status().orders, 1);
});

test("of two engines that start at once one is active and the other stands by: neither fences the other", async (t) => {
  const world = new World();
  const pair = [world.start(t, { standby: "on" }), world.start(t, { standby: "on" })];
  await sleep(3000);
  t.deepEqual(pair.map(({ engine }) => engine.report().phase).sort(), ["active", "standby"]);
  t.deepEqual(
    pair.flatMap(({ fatal }) => fatal),
    [],
  );
  t.is((await readHead(world.store, 0)).opening.epoch, 1);
});

test("after a failover's seal a standby does not wait for a dead writer", async (t) => {
  const world = new World();
  await failOver(world.store);
  const started = world.start(t, { standby: "on", region: "us-west-2" });
  await until(t, "active", () => started.engine.sequencer !== null, 4500);
  t.pass();
});

test("maintenance: drained, acknowledged, in a checkpoint, nothing taken; afterwards it goes on in the same epoch", async (t) => {
  const world = new World();
  const set = (maintenance: "on" | "off") =>
    world.table.items.set(controlKey("us-east-1"), { traffic: "on", maintenance });
  set("off");
  const started = world.start(t);
  const sequencer = await active(t, started);
  const outcome = await sequencer.submit(place("G:1", "sell", 100, 3));
  set("on");
  await until(t, "drained", () => started.engine.status().drained);
  t.like(started.engine.report(), { phase: "maintenance", ready: true });
  t.is(started.engine.sequencer, null);
  const checkpoint = await openCheckpoints(world.objects).newestValid(world.store, 0);
  t.true((checkpoint?.seq ?? 0) >= ("ack" in outcome ? outcome.ack.seq : 1));
  const { epoch } = started.engine.report();
  set("off");
  await active(t, started);
  t.is(started.engine.report().epoch, epoch);
  t.false(started.engine.status().drained);
});
