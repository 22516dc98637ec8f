import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { LockedError, RefusedError, UsageError } from "../../../automation/errors.ts";
import { decideStillValid } from "../../../automation/maintenance/decide.ts";
import { type RebuildMission, rebuildFacts } from "../../../automation/rebuild/facts.ts";
import type { RebuildPorts } from "../../../automation/rebuild/ports.ts";
import { rebuildRunbook } from "../../../automation/rebuild/runbook.ts";
import { execute, rehearse } from "../../../automation/runbook/engine.ts";
import { RunRecord } from "../../../automation/runbook/record.ts";
import { outline } from "../../../automation/runbook/step.ts";
import { openWriter, readHead, readValid } from "../../../journal/index.ts";
import { readEvents } from "../../journal/history.ts";
import { mortal } from "../failover/fake-world.ts";
import { FakeRebuildWorld, HERE, mission } from "./fake-world.ts";

// Thousands of fsyncs: on a disk they would be the whole test.
const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

async function newRecord(t: ExecutionContext, changes: Partial<RebuildMission> = {}): Promise<RunRecord> {
  const directory = mkdtempSync(path.join(scratch, "dr-rebuild-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const record = await RunRecord.create(directory, {
    id: "run-1",
    verb: "journal-rebuild",
    target: HERE,
    now: 0,
  });
  await record.update((data) => {
    data.facts = { mission: { ...mission, ...changes } };
  });
  return record;
}

const execution = (world: FakeRebuildWorld, record: RunRecord, ports = world.ports(record.directory)) => ({
  nodes: rebuildRunbook,
  ...{ ports, record, clock: world.clock, emit: () => {}, signal: new AbortController().signal },
  guard: async () => {
    const changed = decideStillValid(await ports.damaged.decision(), mission);
    if (changed !== undefined) throw new LockedError(changed);
  },
  report: async () => {},
});

const forged = async (): Promise<FakeRebuildWorld> => {
  const world = new FakeRebuildWorld();
  await world.forge();
  await world.halt();
  return world;
};
const ALL = ["close 0", "make 2", "make 1", "make 0", "controls", "flip"];
const TRUE = ["e1", "e2", "e3", "e4"];

test("the plan: the damaged table is closed before a fresh one is made, which is proven before anybody uses it", (t) => {
  t.deepEqual(outline(rebuildRunbook), [
    "1. assess: see that nobody writes, and what of the journal the archive proves",
    "2. confirm: the operator confirms by typing the region",
    "3. close: close the damaged table for good: a move seal in every shard",
    "4. create: make a fresh strongly consistent table beside it (CreateTable, UpdateTable)",
    "5. fill: put what is proven at its places, then a halt; set aside what is not",
    "6. prove: hold the fresh table against the archive, from its first record to its last",
    "7. cutover: the program's journal is the fresh table: config flip, state import, clean preview of both stacks",
    "8. catch-up: the projection is at the fresh journal's end, or is made anew from it",
  ]);
});

test("each act once; the fresh journal has what was acknowledged and is halted, the damaged one takes nothing any more", async (t) => {
  const world = await forged();
  const record = await newRecord(t);
  await execute(execution(world, record));
  t.deepEqual(world.acts, ALL);
  t.deepEqual(await readEvents(readValid(world.fresh, 0)), TRUE);
  for (const store of [world.fresh, world.history.store])
    await t.throwsAsync(openWriter({ store, shard: 0, region: HERE, writer: "w" }), { name: "HaltedError" });
  t.like(rebuildFacts(record.data), { setAside: 0, rebuilt: [{ refused: 0, rewritten: 2 }] });
  t.is(record.data.steps["prove"]?.detail, "4 record(s) chain and are what the archive says");
});

test("a journal that stands at a cut stands there afterwards, too", async (t) => {
  const world = new FakeRebuildWorld();
  await world.forge();
  await world.history.cutAt({ epoch: 1, seq: 1, index: null });
  await execute(execution(world, await newRecord(t)));
  t.deepEqual(await readEvents(readValid(world.fresh, 0)), ["e1"]);
  t.is((await readHead(world.fresh, 0)).opening.reason, "cut");
});

test("killed at any call, before or after its effect, the same command finishes and nothing is done twice", async (t) => {
  const counting = await forged();
  const first = await newRecord(t);
  const counted = mortal(counting.ports(first.directory), { call: 0, after: false }, () => {});
  await execute(execution(counting, first, counted.ports));
  t.true(counted.calls() > 18, `${counted.calls()} calls`);
  for (let call = 1; call <= counted.calls(); call++) {
    for (const after of [false, true]) {
      const at = `call ${call}, ${after ? "after" : "before"} its effect`;
      const world = await forged();
      const record = await newRecord(t);
      const file = path.join(record.directory, "record.json");
      let atDeath = "";
      const { ports } = mortal<RebuildPorts>(world.ports(record.directory), { call, after }, () => {
        atDeath = readFileSync(file, "utf8");
        world.clock.dead = true;
      });
      await t.throwsAsync(execute(execution(world, record, ports)), undefined, at);
      writeFileSync(file, atDeath);
      world.clock.dead = false;
      await execute(execution(world, await RunRecord.open(record.directory)));
      t.deepEqual([...new Set(world.acts)], ALL, at);
      t.is(world.acts.filter((act) => act === "close 0").length, 1, at);
      t.is(world.current, "journal-r1", at);
      t.deepEqual(await readEvents(readValid(world.fresh, 0)), TRUE, at);
    }
  }
});

test("a dry run says what stays, what was rewritten and what would be done, and does nothing", async (t) => {
  const world = await forged();
  const notes: string[] = [];
  await rehearse({
    ...execution(world, await newRecord(t)),
    emit: (event) => void (event.type === "note" && notes.push(event.message)),
  });
  t.deepEqual(world.acts, []);
  t.deepEqual(notes, [
    "shard 0: 3 record(s) as archived, 1 behind that fit; the log ends at epoch 2, seq 4; 2 were rewritten, the first with other content at 1.2",
  ]);
});

test("a person confirms with what stays in view; another word changes nothing", async (t) => {
  const world = await forged();
  world.answer = "yes";
  await t.throwsAsync(execute(execution(world, await newRecord(t, { confirmation: "ask" }))), {
    instanceOf: UsageError,
    message: 'not confirmed: got "yes", must be us-east-1. Nothing was changed',
  });
  t.deepEqual(world.acts, []);
  t.regex(world.asked[0] ?? "", /^shard 0: .*\njournal is closed for good\. Type us-east-1 to go: $/);
});

test("refused: while writes are accepted", async (t) => {
  const world = new FakeRebuildWorld();
  await world.forge();
  await t.throwsAsync(execute(execution(world, await newRecord(t))), {
    instanceOf: RefusedError,
    message:
      "writes are accepted in us-east-1 (shard 0): halt it first with toggle-maintenance.sh --enable. Nothing was changed",
  });
  t.deepEqual(world.acts, []);
});

test("refused: a journal that is whole", async (t) => {
  const world = new FakeRebuildWorld();
  await world.history.run([{ kind: "append", sizes: [1, 1] }]);
  await world.halt();
  await t.throwsAsync(execute(execution(world, await newRecord(t))), {
    instanceOf: RefusedError,
    message:
      "all 2 records of the journal are what was archived, or fit behind it: there is nothing to rebuild. Nothing was changed",
  });
  t.deepEqual(world.acts, []);
});

test("a failover that was decided meanwhile ends the run", async (t) => {
  const world = await forged();
  world.decision = { generation: 1, active: "us-west-2", runId: "run-9", finished: true };
  await t.throwsAsync(execute(execution(world, await newRecord(t))), {
    instanceOf: LockedError,
    message: "generation 1 (us-west-2 active) was decided meanwhile by run run-9: give the command again",
  });
  t.deepEqual(world.acts, []);
});
