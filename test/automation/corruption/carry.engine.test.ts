/** A cut with a poisoned order behind it: set aside, or left out with all else carried over, on a real database. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import anyTest, { type ExecutionContext, type TestFn } from "ava";
import { setAside } from "../../../automation/corruption/aside.ts";
import { readQuarantine, validate } from "../../../automation/corruption/index.ts";
import { RefusedError } from "../../../automation/errors.ts";
import { fence, findNewestEpoch, openCarrier, readValid } from "../../../journal/index.ts";
import { entriesOf } from "../../../replay/index.ts";
import { APPLICATION } from "../../../workload/projector/application.ts";
import { memoryJournal } from "../../journal/memory.ts";
import { connectTo, createDatabase, replayInto } from "../../replay/fixtures.ts";
import { place } from "../../workload/engine/run.ts";
import { type Databases, linesOf, openDatabases, openShard } from "../../workload/projector/database.ts";

const test = anyTest.serial as TestFn<{ databases: Databases }>;

test.before(async (t) => {
  t.context.databases = await openDatabases();
});
test.after.always(async (t) => {
  await t.context.databases?.close();
});

const region = "us-east-1" as const;
const MALLORY = "event ->> 'client' = 'mallory'";

/** One good order, then in the next record mallory's and two that do not meet it, then a cancel and a sell. */
async function cutLog(t: ExecutionContext<{ databases: Databases }>, sell: number) {
  const store = memoryJournal();
  const { send, writer } = await openShard(store, 0);
  await send([place("GOLD:1", "buy", 50, 5)]);
  const { epoch, seq } = writer.head;
  await send([
    place("GOLD:2", "buy", 100, 3, "mallory"),
    place("GOLD:3", "buy", 60, 4, "bob"),
    place("IRON:1", "sell", 10, 1, "bob"),
  ]);
  await send([
    { type: "cancel", client: "bob", clientOrderId: "IRON:1" },
    place("GOLD:4", "sell", sell, 2, "eve"),
  ]);
  await fence(store, 0, {
    ...{ region, generation: 0, reason: "cut", sealer: "run-1" },
    cut: { epoch, seq, index: null },
  });
  const { primary } = t.context.databases;
  const database = await createDatabase(primary);
  const directory = await mkdtemp(path.join(tmpdir(), "aside-"));
  t.teardown(() => rm(directory, { recursive: true }));
  const file = path.join(directory, "quarantine.ndjson");
  const options = {
    ...{
      world: { store, connect: connectTo(primary, database) },
      shards: [0],
      application: APPLICATION,
      directory,
      file,
    },
  };
  return { store, database, primary, file, options };
}

const idsOf = (lines: readonly string[]): string[] =>
  lines.map((line) => line.split("|").slice(0, 2).join(" "));

test("a replay that stops at the cut sets aside all that came after it", async (t) => {
  const { store, database, primary, file, options } = await cutLog(t, 200);
  t.deepEqual(await setAside({ ...options, leaveOut: undefined }), {
    file,
    acknowledgedAfterCut: 5,
    carriedEvents: 0,
  });
  await replayInto(primary, database, store, { shards: [0] });
  t.deepEqual(idsOf(await linesOf(primary, database, 0)), ["ann GOLD:1"]);
  t.deepEqual(
    (await readQuarantine(file)).map(({ command, reason, partial }) => [
      (command as { clientOrderId: string }).clientOrderId,
      reason,
      partial,
    ]),
    ["GOLD:2", "GOLD:3", "IRON:1", "IRON:1", "GOLD:4"].map((id) => [id, "it came after the cut", false]),
  );
});

test("what a filter names is left out, the rest is carried over, and the new epoch says what and why", async (t) => {
  const { store, database, primary, file, options } = await cutLog(t, 200);
  const aside = await setAside({ ...options, leaveOut: MALLORY });
  t.deepEqual(aside, { file, acknowledgedAfterCut: 1, carriedEvents: 4 });
  await replayInto(primary, database, store, { shards: [0] });
  t.deepEqual(idsOf(await linesOf(primary, database, 0)), [
    "ann GOLD:1",
    "bob GOLD:3",
    "bob IRON:1",
    "eve GOLD:4",
  ]);
  const [result] = await validate({ store, shards: [0], connect: connectTo(primary, database) });
  t.true(result?.valid);

  const carried = (await Array.fromAsync(readValid(store, 0))).slice(1);
  const commands = carried.flatMap((valid) => entriesOf(valid).map(({ command }) => command));
  t.like(commands[1] ?? {}, {
    ...{ type: "omitted", epoch: 1, seq: 2, index: 0, reason: `left out: ${MALLORY}` },
    event: { type: "placed", client: "mallory", clientOrderId: "GOLD:2" },
  });
  t.deepEqual(
    commands.map((command) => (command as { type: string }).type),
    ["carried", "omitted", "place", "place", "carried", "cancel", "place", "carry-complete"],
  );
  const [left] = await readQuarantine(file);
  t.like(left ?? {}, { epoch: 1, seq: 2, reason: `left out: ${MALLORY}` });
  t.is(await setAside({ ...options, leaveOut: undefined }), undefined, "a second replay finds it decided");
});

test("it is refused while a later event depends on what would go, naming it; naming both is allowed", async (t) => {
  const { store, options, file } = await cutLog(t, 100);
  const error = await t.throwsAsync(setAside({ ...options, leaveOut: MALLORY }), {
    instanceOf: RefusedError,
  });
  t.is(
    error?.message,
    `1 event(s) of shard 0 that would stay depend on what would be left out; nothing was written; let the filter name them too:
  1.3#2 {"type":"traded","instrument":"GOLD","price":100,"quantity":2,"buyClient":"mallory","buyOrderId":"GOLD:2","sellClient":"eve","sellOrderId":"GOLD:4"} depends on 1.2#0 (order GOLD:2 of mallory)`,
  );
  t.is((await Array.fromAsync(readValid(store, 0))).length, 1);
  const both = `${MALLORY} OR event ->> 'buyClient' = 'mallory'`;
  t.like(await setAside({ ...options, leaveOut: both }), { file, carriedEvents: 4 });
});

test("a carry-over that was cut short is not taken for the whole: it is refused until it is repeated", async (t) => {
  const { options, store } = await cutLog(t, 200);
  const { opening } = await findNewestEpoch(store, 0);
  const killed = await openCarrier({ store, shard: 0, region, cut: opening.base, run: "killed" });
  await killed.append(JSON.stringify([{ command: { type: "carried" }, events: [] }]), 0);
  killed.close();
  await t.throwsAsync(setAside({ ...options, leaveOut: undefined }), {
    instanceOf: RefusedError,
    message:
      "run killed carried over only a part of what came after the cut of shard 0: repeat it with its --leave-out; nothing was written",
  });
  t.like(await setAside({ ...options, leaveOut: MALLORY }), { acknowledgedAfterCut: 1, carriedEvents: 4 });
  t.is(await setAside({ ...options, leaveOut: undefined }), undefined);
});

test("a filter that names nothing, or no cut to go on from, is refused", async (t) => {
  const { options, store } = await cutLog(t, 200);
  await t.throwsAsync(setAside({ ...options, leaveOut: "event ->> 'client' = 'nobody'" }), {
    instanceOf: RefusedError,
    message: "no event after the cut of shard 0 matches event ->> 'client' = 'nobody': nothing was written",
  });
  await fence(store, 0, { region, generation: 0, reason: "resume", sealer: "run-2" });
  await t.throwsAsync(setAside({ ...options, leaveOut: MALLORY }), {
    instanceOf: RefusedError,
    message:
      "no shard stands at a cut whose rest is undecided: cut first with `dr restore --cut`; nothing was written",
  });
  t.is(await setAside({ ...options, leaveOut: undefined }), undefined);
});
