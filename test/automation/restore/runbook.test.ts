import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { HalfwayError, LockedError, RefusedError, UsageError } from "../../../automation/errors.ts";
import { decideStillValid } from "../../../automation/maintenance/decide.ts";
import { type RestoreMission, restoreFacts } from "../../../automation/restore/facts.ts";
import type { RestorePorts } from "../../../automation/restore/ports.ts";
import { restoreRunbook } from "../../../automation/restore/runbook.ts";
import { execute, rehearse } from "../../../automation/runbook/engine.ts";
import { RunRecord } from "../../../automation/runbook/record.ts";
import { outline } from "../../../automation/runbook/step.ts";
import { NotInLogError } from "../../../journal/index.ts";
import { mortal } from "../failover/fake-world.ts";
import { cutAt, FakeRestoreWorld, HERE, mission, NOW } from "./fake-world.ts";

// Thousands of fsyncs: on a disk they would be the whole test.
const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

async function newRecord(t: ExecutionContext, changes: Partial<RestoreMission> = {}): Promise<RunRecord> {
  const directory = mkdtempSync(path.join(scratch, "dr-restore-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const record = await RunRecord.create(directory, { id: "run-1", verb: "restore", target: HERE, now: NOW });
  await record.update((data) => {
    data.facts = { mission: mission(changes) };
  });
  return record;
}

const execution = (world: FakeRestoreWorld, record: RunRecord, ports: RestorePorts = world.ports) => ({
  nodes: restoreRunbook,
  ...{ ports, record, clock: world.clock, emit: () => {}, signal: new AbortController().signal },
  guard: async () => {
    const changed = decideStillValid(await ports.journal.decision(), mission());
    if (changed !== undefined) throw new LockedError(changed);
  },
  report: async () => {},
});

const CUT = { kind: "time", time: NOW - 300_000 } as const;
const cutting = (): FakeRestoreWorld => {
  const world = new FakeRestoreWorld();
  world.cuts = [cutAt(0, 31), { shard: 1, cut: null, lastTs: NOW - 60_000 }];
  return world;
};
const ALL = [
  ...["restore exchange-r1", "attach exchange-r1-0", "attach exchange-r1-1", "attach exchange-r1-2"],
  ...["rename exchange", "restart exchange-damaged", "cut 0", "flip"],
];

test("the plan: all is added beside what is there, until it is proven; then the point of no return", (t) => {
  t.deepEqual(outline(restoreRunbook), [
    "1. assess: see that nobody writes, what can be restored, and where the journal would be cut",
    "2. confirm: the operator confirms by typing the region",
    "3. restore: restore the database to the whole second before, beside the damaged one (RestoreDBClusterToPointInTime)",
    "4. attach: give the restored cluster its instances",
    "5. verify: every watermark at or before its cut, and the rows equal to the journal's fold up to there",
    "6. set-aside: rename the damaged database and make it read-only",
    "7. cut: cut the journal: no later replay crosses it",
    "8. cutover: the program's database is the restored cluster: config flip, state import, clean preview",
    "9. catch-up: replay the journal into the restored database, to its end",
  ]);
});

test("a restore with a cut: each act once, the second before, the cut only where there is something to cut", async (t) => {
  const world = cutting();
  const record = await newRecord(t, { cut: CUT });
  await execute(execution(world, record));
  t.deepEqual(world.acts, ALL);
  t.is(world.clusters.get("exchange-r1")?.restoredTo, NOW - 600_000);
  t.deepEqual([...world.clusters.keys()], ["exchange-r1", "exchange-damaged"]);
  t.deepEqual([...world.sealed], [[0, { epoch: 1, seq: 30, index: null }]]);
  t.deepEqual([...world.marked], [[0, 30]]);
  t.deepEqual(world.quarantined, [0]);
  t.is(restoreFacts(record.data).acknowledgedAfterCut, 4);
  t.is(
    record.data.steps["cut"]?.detail,
    "1 shard(s) cut, 10 event(s) are no longer log, 3 checkpoint(s) behind it marked and never used",
  );
  t.is(
    record.data.steps["catch-up"]?.detail,
    "40 event(s) replayed, every watermark is the journal's last record",
  );
  t.is(restoreFacts(record.data).watermarks?.[0]?.seq, 20);
});

test("without --cut the journal stays whole, and what was damaged costs nothing", async (t) => {
  const world = new FakeRestoreWorld();
  const record = await newRecord(t);
  await execute(execution(world, record));
  t.is(world.sealed.size, 0);
  t.is(record.data.steps["cut"]?.detail, "no --cut: the journal stays whole");
});

test("killed at any call, before or after its effect, the same command finishes and nothing is done twice", async (t) => {
  const counting = cutting();
  const counted = mortal(counting.ports, { call: 0, after: false }, () => {});
  await execute(execution(counting, await newRecord(t, { cut: CUT }), counted.ports));
  t.true(counted.calls() > 25, `${counted.calls()} calls`);
  for (let call = 1; call <= counted.calls(); call++) {
    for (const after of [false, true]) {
      const at = `call ${call}, ${after ? "after" : "before"} its effect`;
      const world = cutting();
      const record = await newRecord(t, { cut: CUT });
      const file = path.join(record.directory, "record.json");
      let atDeath = "";
      const { ports } = mortal(world.ports, { call, after }, () => {
        atDeath = readFileSync(file, "utf8");
        world.clock.dead = true;
      });
      await t.throwsAsync(execute(execution(world, record, ports)), undefined, at);
      writeFileSync(file, atDeath);
      world.clock.dead = false;
      await execute(execution(world, await RunRecord.open(record.directory)));
      // A flip or a restart is repeated when nobody knows whether it ended; it comes to the same.
      t.deepEqual([...new Set(world.acts)], ALL, at);
      for (const once of ALL.filter((act) => !/^(flip|restart)/.test(act)))
        t.is(world.count(once), 1, `${once}, ${at}`);
      t.is(world.current, "exchange-r1", at);
    }
  }
});

test("a dry run says what would be cut and does nothing", async (t) => {
  const world = cutting();
  const record = await newRecord(t, { cut: CUT });
  const notes: string[] = [];
  await rehearse({
    ...execution(world, record),
    emit: (event) => void (event.type === "note" && notes.push(event.message)),
  });
  t.deepEqual(world.acts, []);
  t.deepEqual(notes, [
    "shard 0: stays up to epoch 1, seq 30; 10 event(s) go, the first at epoch 1, seq 31, index 0, 2027-01-15T07:55:00.000Z",
    "shard 1: nothing is cut",
  ]);
});

test("a person confirms with the cut in view; another word changes nothing", async (t) => {
  const world = cutting();
  world.answer = "yes";
  await t.throwsAsync(execute(execution(world, await newRecord(t, { cut: CUT, confirmation: "ask" }))), {
    instanceOf: UsageError,
    message: 'not confirmed: got "yes", must be us-east-1. Nothing was changed',
  });
  t.deepEqual(world.acts, []);
  t.deepEqual(world.asked, [
    "shard 0: stays up to epoch 1, seq 30; 10 event(s) go, the first at epoch 1, seq 31, index 0, 2027-01-15T07:55:00.000Z\n" +
      "shard 1: nothing is cut\n" +
      "What goes never comes back into the journal. Type us-east-1 to go: ",
  ]);
});

interface Refusal {
  readonly title: string;
  readonly mission?: Partial<RestoreMission>;
  readonly prepare?: (world: FakeRestoreWorld) => void;
  readonly message: string;
}
const refusals: readonly Refusal[] = [
  {
    title: "while writes are accepted",
    prepare: (world) => {
      world.halted = false;
    },
    message:
      "writes are accepted in us-east-1 (shard 0, 1): halt it first with toggle-maintenance.sh --enable. Nothing was changed",
  },
  {
    title: "to a time in the future",
    mission: { restoreTo: NOW + 1_000 },
    message:
      "--restore-to 2027-01-15T08:00:01.000Z lies in the future: it is 2027-01-15T08:00:00.000Z. Nothing was changed",
  },
  {
    title: "to a time outside of the window, which is named",
    mission: { restoreTo: NOW - 3_600_001 },
    message:
      "--restore-to 2027-01-15T06:59:59.999Z is outside of what can be restored: 2027-01-15T07:00:00.000Z to 2027-01-15T07:59:00.000Z. Nothing was changed",
  },
  {
    title: "with a cut before the oldest backup",
    mission: { cut: { kind: "time", time: NOW - 7_200_000 } },
    prepare: (world) => {
      const { cut, ...rest } = cutAt(0, 2);
      const first = { epoch: 1, seq: 2, index: 0, ts: NOW - 7_200_000 };
      world.cuts = [{ ...rest, cut: cut && { ...cut, first } }];
    },
    message:
      "the cut of shard 0 lies at 2027-01-15T06:00:00.000Z, before the oldest backup (2027-01-15T07:00:00.000Z): no restored database can be older than it. Nothing was changed",
  },
  {
    title: "with a cut after the last record",
    mission: { cut: { kind: "time", time: NOW - 30_000 } },
    message:
      "--cut 2027-01-15T07:59:30.000Z lies after the last record of every shard (2027-01-15T07:59:00.000Z): there is nothing to cut. Leave --cut out. Nothing was changed",
  },
  {
    title: "to a time after the cut",
    mission: { cut: CUT, restoreTo: NOW - 240_000 },
    prepare: (world) => {
      world.cuts = [cutAt(0, 31)];
    },
    message:
      "--restore-to 2027-01-15T07:56:00.000Z lies after the cut of shard 0 at 2027-01-15T07:55:00.000Z: the database would hold what goes. Restore earlier. Nothing was changed",
  },
];
for (const { title, mission: changes = {}, prepare = () => {}, message } of refusals) {
  test(`refused: ${title}`, async (t) => {
    const world = new FakeRestoreWorld();
    prepare(world);
    await t.throwsAsync(execute(execution(world, await newRecord(t, changes))), {
      instanceOf: RefusedError,
      message,
    });
    t.deepEqual(world.acts, []);
  });
}

test("refused: a place that is not in the valid journal", async (t) => {
  const world = new FakeRestoreWorld();
  const { journal, ...others } = world.ports;
  const cuts = async () => {
    throw new NotInLogError(0, { epoch: 1, seq: 99 }, "a cut must lie in the valid log");
  };
  const ports = { ...others, journal: { ...journal, cuts } };
  await t.throwsAsync(execute(execution(world, await newRecord(t), ports)), {
    instanceOf: RefusedError,
    message:
      "--cut: shard 0, epoch 1, seq 99 is not in the valid log: a cut must lie in the valid log. Nothing was changed",
  });
});

const UNUSED =
  ". exchange-r1 stays beside the damaged database and is not used: delete it, then give the command with an earlier --restore-to";
const unusable: readonly Refusal[] = [
  {
    title: "a watermark behind its cut",
    prepare: (world) => {
      world.mark = 31;
    },
    message:
      "shard 0 of the restored database is at epoch 1, seq 31, behind its cut at epoch 1, seq 30: restore earlier",
  },
  {
    title: "a watermark that is not in the valid journal",
    prepare: (world) => {
      world.markHash = () => "another";
    },
    message:
      "shard 0 of the restored database is at epoch 1, seq 20, which is not in the valid journal: restore earlier",
  },
  {
    title: "rows that the journal does not say",
    prepare: (world) => {
      world.differences = ["orders of shard 0: 3 rows, total 9; the journal says 4, 12", "another"];
    },
    message:
      "the restored rows are not what the journal says up to their watermarks: orders of shard 0: 3 rows, total 9; the journal says 4, 12 (and 1 more): restore earlier",
  },
];
for (const { title, prepare = () => {}, message } of unusable) {
  test(`not used: ${title}; the damaged database and the journal stay as they are`, async (t) => {
    const world = cutting();
    prepare(world);
    await t.throwsAsync(execute(execution(world, await newRecord(t, { cut: CUT }))), {
      instanceOf: HalfwayError,
      message: `${message}${UNUSED}`,
    });
    t.deepEqual(world.acts, ALL.slice(0, 4));
    t.is(world.current, "exchange");
  });
}

test("a watermark exactly at its cut is used", async (t) => {
  const world = cutting();
  world.mark = 30;
  await execute(execution(world, await newRecord(t, { cut: CUT })));
  t.deepEqual(world.acts, ALL);
});

/** Stopped right before the cut, as by a kill; something happens; the same command goes on. */
async function interrupted(
  t: ExecutionContext,
  meanwhile: (world: FakeRestoreWorld) => void,
  confirmation: "ask" | "given",
): Promise<{ readonly world: FakeRestoreWorld; readonly goOn: () => Promise<void> }> {
  const world = cutting();
  const record = await newRecord(t, { cut: CUT, confirmation });
  const { database, ...others } = world.ports;
  const rename = async () => {
    throw new Error("killed");
  };
  await t.throwsAsync(execute(execution(world, record, { ...others, database: { ...database, rename } })));
  meanwhile(world);
  return { world, goOn: () => execute(execution(world, record)) };
}

const resumed = (world: FakeRestoreWorld) => {
  world.halted = false;
};

test("writes that were accepted again before the cut stop it: they would go with it", async (t) => {
  const { world, goOn } = await interrupted(t, resumed, "given");
  await t.throwsAsync(goOn(), {
    instanceOf: HalfwayError,
    message:
      "writes are accepted again in us-east-1 (shard 0, 1): halt it with toggle-maintenance.sh --enable, then the same command resumes",
  });
  t.is(world.sealed.size, 0);
});

test("a journal that went on since the cut was confirmed is shown again: to a person it is a question, else the end", async (t) => {
  const wentOn = (world: FakeRestoreWorld) => {
    world.headTs = NOW;
    const cuts = world.cuts.map((one) => ({ ...one, lastTs: NOW }));
    world.cuts = cuts.map((one) => (one.cut === null ? one : { ...one, cut: { ...one.cut, events: 12 } }));
  };
  const shown =
    "shard 0 went on since the cut was confirmed: its last record is of 2027-01-15T08:00:00.000Z, not of 2027-01-15T07:59:00.000Z. What would go now:\n" +
    "shard 0: stays up to epoch 1, seq 30; 12 event(s) go, the first at epoch 1, seq 31, index 0, 2027-01-15T07:55:00.000Z\n" +
    "shard 1: nothing is cut\n";
  const given = await interrupted(t, wentOn, "given");
  await t.throwsAsync(given.goOn(), {
    instanceOf: HalfwayError,
    message: `${shown}Give the same command at a terminal, to confirm it`,
  });
  t.is(given.world.sealed.size, 0);

  const { world, goOn } = await interrupted(t, wentOn, "ask");
  world.answer = "no";
  await t.throwsAsync(goOn(), {
    instanceOf: HalfwayError,
    message: 'not confirmed: got "no", must be us-east-1. Nothing was cut; the same command asks again',
  });
  world.answer = HERE;
  await goOn();
  t.is(world.asked.at(-1), `${shown}Type us-east-1 to go: `);
  t.deepEqual([...world.sealed.keys()], [0]);
});
