import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { LockedError, RefusedError } from "../../../automation/errors.ts";
import { decideOwnership } from "../../../automation/failover/decide.ts";
import { factsOf, type Mission } from "../../../automation/failover/facts.ts";
import type { Ports } from "../../../automation/failover/ports.ts";
import { failover } from "../../../automation/failover/runbook.ts";
import { type Emission, execute, rehearse } from "../../../automation/runbook/engine.ts";
import { RunRecord } from "../../../automation/runbook/record.ts";
import { outline } from "../../../automation/runbook/step.ts";
import { FakeWorld, LOST, mission, mortal, TARGET } from "./fake-world.ts";

// Thousands of fsyncs: on a disk they would be the whole test.
const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

function directory(t: ExecutionContext): string {
  const made = mkdtempSync(path.join(scratch, "dr-runbook-"));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

async function newRecord(t: ExecutionContext, changes: Partial<Mission> = {}): Promise<RunRecord> {
  const record = await RunRecord.create(directory(t), {
    id: "run-1",
    verb: "failover",
    target: TARGET,
    now: 1_800_000_000_000,
  });
  await record.update((data) => {
    data.facts = { mission: { ...mission, ...changes } };
  });
  return record;
}

interface Run {
  readonly world: FakeWorld;
  readonly record: RunRecord;
  readonly ports?: Ports;
  readonly signal?: AbortSignal;
  readonly emit?: (event: Emission) => void;
}

const execution = ({ world, record, ports = world.ports, ...options }: Run) => ({
  nodes: failover,
  ports,
  record,
  emit: options.emit ?? (() => {}),
  signal: options.signal ?? new AbortController().signal,
  clock: world.clock,
  guard: async () => {
    const facts = factsOf(record.data);
    const lost = decideOwnership(await ports.journal.decision(), {
      id: record.data.id,
      generation: facts.generation ?? null,
      seenGeneration: facts.mission?.seenGeneration ?? 0,
    });
    if (lost !== undefined) throw new LockedError(lost);
  },
  report: async () => {},
});

const run = (options: Run) => execute(execution(options));
const states = (record: RunRecord) =>
  Object.fromEntries(Object.entries(record.data.steps).map(([id, { state }]) => [id, state]));

test("the plan reads as the disaster does", (t) => {
  t.deepEqual(outline(failover), [
    "1. assess: gather evidence that the region is lost, and what moving would cost",
    "2. confirm: the operator confirms by typing the target region",
    "3. fence: put the decision, then seal every shard so that the old region cannot acknowledge",
    "at the same time:",
    "  at the same time:",
    "    4. scale: role promoting: scale the target region to its production size",
    "  and:",
    "    5. rebuild: engines load checkpoint and tail, and prove it against the journal",
    "    6. smoke: an order on a reserved instrument of every shard, through the target's load balancer",
    "  7. traffic: traffic on; watch the public name and both sides until traffic has moved",
    "and:",
    "  8. promote: promote the database of the target region (FailoverGlobalCluster, data loss allowed: the journal has it)",
    "  9. catch-up: the projection catches up with the seal",
    "10. hand-over: role active: the autoscaler owns the number of replicas",
    "11. verdict: verdict and evidence",
  ]);
});

test("a failover decides once, seals every shard, scales, switches traffic and promotes", async (t) => {
  const world = new FakeWorld();
  const record = await newRecord(t);
  await run({ world, record });
  t.deepEqual(world.acts.toSorted(), [
    "decide",
    "fence 0",
    "fence 1",
    "hand-over",
    "promote",
    "scale",
    "traffic",
  ]);
  const facts = factsOf(record.data);
  t.is(facts.generation, 1);
  t.is(facts.assessment?.loss.finding, "lost");
  t.is(facts.assessment?.predictedGapEvents, 14);
  t.is(facts.measuredGapEvents, 14);
  t.deepEqual(facts.verdict?.verdict, "recovered");
});

/** A run has more, whatever it has to wait for. */
const CALLS = 24;

test("killed at any call, before or after its effect, the same command finishes and nothing is done twice", async (t) => {
  const reference = new FakeWorld();
  const counted = mortal(reference.ports, { call: 0, after: false }, () => {});
  await run({ world: reference, record: await newRecord(t), ports: counted.ports });
  const calls = counted.calls();
  t.true(calls > CALLS, `${calls} calls`);
  for (let call = 1; call <= calls; call++) {
    for (const after of [false, true]) {
      const at = `call ${call}, ${after ? "after" : "before"} its effect`;
      const world = new FakeWorld();
      const record = await newRecord(t);
      const file = path.join(record.directory, "record.json");
      let atDeath: string | undefined;
      const { ports } = mortal(world.ports, { call, after }, () => {
        atDeath = readFileSync(file, "utf8");
        world.clock.dead = true;
      });
      const survived = await run({ world, record, ports }).then(
        () => true,
        () => false,
      );
      // How often branches look at what they wait for is left to chance: a run may have fewer calls than another.
      t.true(!survived || call > CALLS, at);
      if (survived) continue;
      if (atDeath === undefined) return t.fail(`${at}: nobody died`);
      // What a dead process would have written after its death never was.
      writeFileSync(file, atDeath);
      world.clock.dead = false;
      const resumed = await RunRecord.open(record.directory);
      await run({ world, record: resumed });
      t.is(factsOf(resumed.data).verdict?.verdict, "recovered", at);
      t.is(world.decision.generation, 1, at);
      t.deepEqual([world.traffic, world.deployed.role, world.writer], ["on", "active", TARGET], at);
      for (const once of ["decide", "fence 0", "fence 1", "promote"])
        t.is(world.count(once), 1, `${once}, ${at}`);
      // A flip is repeated when nobody knows whether it ended; it sets the same values.
      t.true(world.count("scale") <= 2 && world.count("traffic") <= 2, at);
    }
  }
});

test("killed during a direct run, the same command finishes by API", async (t) => {
  const reference = new FakeWorld();
  reference.direct = true;
  const counted = mortal(reference.ports, { call: 0, after: false }, () => {});
  await run({ world: reference, record: await newRecord(t), ports: counted.ports });
  t.is(reference.deployed.role, "passive");
  for (let call = 1; call <= counted.calls(); call++) {
    const world = new FakeWorld();
    world.direct = true;
    const record = await newRecord(t);
    const file = path.join(record.directory, "record.json");
    let atDeath = "";
    const { ports } = mortal(world.ports, { call, after: true }, () => {
      atDeath = readFileSync(file, "utf8");
      world.clock.dead = true;
    });
    const survived = await run({ world, record, ports }).then(
      () => true,
      () => false,
    );
    t.true(!survived || call > CALLS, `call ${call}`);
    if (survived) continue;
    writeFileSync(file, atDeath);
    world.clock.dead = false;
    const resumed = await RunRecord.open(record.directory);
    await run({ world, record: resumed });
    t.is(factsOf(resumed.data).verdict?.verdict, "recovered", `call ${call}`);
    t.deepEqual([world.traffic, world.writer], ["on", TARGET], `call ${call}`);
  }
});

test("every step looks at the decision before it acts: another run's ends this one with 75 and without an act", async (t) => {
  for (const rival of ["after-assess", "after-fence", "after-scale"] as const) {
    const world = new FakeWorld();
    const record = await newRecord(t);
    const trigger = { "after-assess": "assess", "after-fence": "fence", "after-scale": "scale" }[rival];
    let acts: number | undefined;
    const emit = (event: Emission) => {
      if (event.type !== "step" || event.step !== trigger || event.state !== "done") return;
      world.decision = { generation: 9, active: TARGET, runId: "rival", finished: false, summary: undefined };
      acts = world.acts.length;
    };
    const error = await t.throwsAsync(run({ world, record, emit }), { instanceOf: LockedError });
    t.is(error?.exitCode, 75);
    t.regex(error?.message ?? "", /generation 9 \(us-west-2 active\) was decided by run rival/);
    t.false(
      world.acts.slice(acts).some((act) => act === "traffic" || act === "scale"),
      rival,
    );
  }
});

test("a failed promotion leaves the platform recovered, degraded, with 13; the same command heals it", async (t) => {
  const world = new FakeWorld();
  world.databaseBroken = true;
  const record = await newRecord(t);
  const error = await t.throwsAsync(run({ world, record }));
  t.is((error as { exitCode?: number }).exitCode, 13);
  t.is(
    error?.message.replace(/\d+\.\d s/, "0.0 s"),
    "recovered in 0.0 s, degraded: promote: step promote failed: InvalidGlobalClusterStateFault. The same command resumes. Orders are taken; the same command resumes the database",
  );
  t.is(world.traffic, "on");
  t.like(states(record), { traffic: "done", promote: "failed", verdict: "failed" });
  world.databaseBroken = false;
  await run({ world, record });
  t.is(factsOf(record.data).verdict?.verdict, "recovered");
  t.is(world.count("decide"), 1);
});

test("a moving journal refuses with 10 before anything is changed, even by an operator at a terminal", async (t) => {
  const world = new FakeWorld();
  const { ports } = world;
  let looks = 0;
  const journal = {
    ...ports.journal,
    heads: async () =>
      (await ports.journal.heads()).map((head) => ({ ...head, ts: head.ts + 700 * looks++ })),
  };
  const record = await newRecord(t, { confirmation: { kind: "ask" } });
  const error = await t.throwsAsync(run({ world, record, ports: { ...ports, journal } }));
  t.is((error as { exitCode?: number }).exitCode, 10);
  t.regex(
    error?.message ?? "",
    /^us-east-1: its journal moves: .* Use --force only to move production from a living region$/,
  );
  t.deepEqual(world.acts, []);
});

test("another word than the target's name is no confirmation: 2, and nothing is changed", async (t) => {
  const world = new FakeWorld();
  world.answer = "yes";
  const record = await newRecord(t, { confirmation: { kind: "ask" } });
  const error = await t.throwsAsync(run({ world, record }));
  t.is((error as { exitCode?: number }).exitCode, 2);
  t.is(error?.message, 'not confirmed: got "yes", must be us-west-2. Nothing was changed');
  t.deepEqual(world.acts, []);
});

test("Ctrl-C between two steps ends with 130, and the same command resumes", async (t) => {
  const world = new FakeWorld();
  const record = await newRecord(t);
  const interrupt = new AbortController();
  const emit = (event: Emission) => {
    if (event.type === "step" && event.step === "fence" && event.state === "done") interrupt.abort();
  };
  const error = await t.throwsAsync(run({ world, record, emit, signal: interrupt.signal }));
  t.is((error as { exitCode?: number }).exitCode, 130);
  t.deepEqual(world.acts, ["decide", "fence 0", "fence 1"]);
  await run({ world, record });
  t.is(factsOf(record.data).verdict?.verdict, "recovered");
  t.is(world.count("decide"), 1);
});

test("a fence that is not proven stops with 14 and switches nothing", async (t) => {
  const world = new FakeWorld();
  const { ports } = world;
  const journal: Ports["journal"] = {
    ...ports.journal,
    fence: async (shard, seal) => {
      if (shard === 1) throw new Error("no answer");
      return await ports.journal.fence(shard, seal);
    },
  };
  const record = await newRecord(t);
  const error = await t.throwsAsync(run({ world, record, ports: { ...ports, journal } }));
  t.is((error as { exitCode?: number }).exitCode, 14);
  t.is(
    error?.message,
    "the fence of generation 1 is not proven, the old region may still acknowledge: shard 1: no answer. The same command tries again",
  );
  t.deepEqual(world.acts, ["decide", "fence 0"]);
});

test("an engine whose hash is not the journal's stops the run before traffic", async (t) => {
  const world = new FakeWorld();
  const { ports } = world;
  const gateway: Ports["gateway"] = {
    ...ports.gateway,
    status: async () => {
      const status = await ports.gateway.status();
      return {
        ...status,
        shards: status.shards.map((one) => ({
          ...one,
          head: one.head && { ...one.head, hash: "other" },
        })),
      };
    },
  };
  const error = await t.throwsAsync(run({ world, record: await newRecord(t), ports: { ...ports, gateway } }));
  t.is((error as { exitCode?: number }).exitCode, 13);
  t.regex(
    error?.message ?? "",
    /shard 0 reports other at epoch 1, seq 40, which is not in the valid journal/,
  );
  t.is(world.traffic, "off");
});

test("a dry run gathers the evidence, says what every step would do, and does none of it", async (t) => {
  const world = new FakeWorld();
  const said: Emission[] = [];
  await rehearse(execution({ world, record: await newRecord(t), emit: (event) => said.push(event) }));
  t.deepEqual(world.acts, []);
  t.is(world.decision.active, LOST);
  const details = said.flatMap((event) => (event.type === "step" && event.detail ? [event.detail] : []));
  t.is(details.length, 11);
  t.true(details.includes("would put generation 1 with us-west-2 active, then seal 2 shard(s)"));
  t.true(
    details.includes(
      "would set role promoting and scale gateway to 3, engine-0 to 1, engine-1 to 1, projector to 1",
    ),
  );
});

test("a take-over puts a decision of its own, seals again under it, and ends the run it took over from", async (t) => {
  const world = new FakeWorld();
  const first = await newRecord(t);
  const stopAfterFence = new AbortController();
  const emit = (event: Emission) => {
    if (event.type === "step" && event.step === "fence" && event.state === "done") stopAfterFence.abort();
  };
  await t.throwsAsync(run({ world, record: first, emit, signal: stopAfterFence.signal }));
  const second = await RunRecord.create(directory(t), {
    id: "run-2",
    verb: "failover",
    target: TARGET,
    now: 1,
  });
  await second.update((data) => {
    data.facts = { mission: { ...mission, seenGeneration: 1 } };
  });
  await run({ world, record: second });
  t.like(world.decision, { generation: 2, active: TARGET, runId: "run-2" });
  t.deepEqual(
    [...world.fences.values()].map(({ generation }) => generation),
    [2, 2],
  );
  t.is(factsOf(second.data).verdict?.verdict, "recovered");
  const acts = world.acts.length;
  const error = await t.throwsAsync(run({ world, record: first }), { instanceOf: LockedError });
  t.is(error?.exitCode, 75);
  t.is(world.acts.length, acts);
});

test("a critical branch that fails stops the wait of the others: the operator must not wait for what cannot come", async (t) => {
  const world = new FakeWorld();
  const { ports } = world;
  const stack: Ports["stack"] = {
    ...ports.stack,
    flip: async () => {
      throw new Error("no capacity");
    },
  };
  const record = await newRecord(t);
  const error = await t.throwsAsync(run({ world, record, ports: { ...ports, stack } }));
  t.is((error as { exitCode?: number }).exitCode, 13);
  t.is(error?.message, "step scale failed: no capacity. The same command resumes");
  t.like(states(record), { scale: "failed", promote: "done", "catch-up": "failed" });
});

test("a decision that cannot be read before the fence refuses with 10: nothing was changed", async (t) => {
  const world = new FakeWorld();
  const record = await newRecord(t);
  const options = execution({ world, record });
  const guard = async () => {
    if (record.data.steps["confirm"]?.state === "done") throw new Error("no answer");
  };
  const error = await t.throwsAsync(execute({ ...options, guard }));
  t.is((error as { exitCode?: number }).exitCode, 10);
  t.is(error?.message, "step fence failed: no answer. Nothing was changed");
  t.deepEqual(world.acts, []);
});

test("a promotion that has begun already is waited for, not begun again", async (t) => {
  const world = new FakeWorld();
  const { ports } = world;
  let looks = 0;
  const database: Ports["database"] = {
    ...ports.database,
    state: async () =>
      ++looks < 4 ? { status: "failing-over", writer: LOST } : { status: "available", writer: TARGET },
    promote: async () => t.fail("promoted again"),
  };
  const gateway: Ports["gateway"] = {
    ...ports.gateway,
    status: async () => {
      world.writer = TARGET;
      return await ports.gateway.status();
    },
  };
  const record = await newRecord(t);
  await run({ world, record, ports: { ...ports, database, gateway } });
  t.is(factsOf(record.data).verdict?.verdict, "recovered");
});

test("a halted platform is not set going by a failover unless that is asked for; a dry run says so", async (t) => {
  const world = new FakeWorld();
  world.haltedBy = "20261123T100000-us-east-1-ab12";
  const halted =
    "shard(s) 0, 1 are halted by 20261123T100000-us-east-1-ab12, and the failover ends that: orders would be taken again";
  const record = await newRecord(t);
  await t.throwsAsync(run({ world, record }), {
    instanceOf: RefusedError,
    message: `${halted}. Add --end-halt when that is meant; afterwards dr maintenance --enable halts the target region again`,
  });
  t.deepEqual(world.acts, []);
  const notes: string[] = [];
  await rehearse(
    execution({
      world,
      record: await newRecord(t),
      emit: (event) => void (event.type === "note" && notes.push(event.message)),
    }),
  );
  t.deepEqual(notes, [`warning: ${halted}`]);
  await run({ world, record: await newRecord(t, { endHalt: true }) });
  t.true(world.acts.includes("fence 0"));
});

test("a copy of a database that was found damaged is warned of: orders are safe, the projection is not", async (t) => {
  const world = new FakeWorld();
  const { database, ...others } = world.ports;
  const writerCluster = "exchange-us-east-1-damaged-20261123t120000z";
  const state = async () => ({ ...(await database.state()), writerCluster });
  const record = await newRecord(t);
  await run({ world, record, ports: { ...others, database: { ...database, state } } });
  t.deepEqual(factsOf(record.data).assessment?.warnings, [
    `the database here is a copy of ${writerCluster}, which was found damaged and set aside: orders are safe in the journal, but the projection must be restored or rebuilt afterwards`,
  ]);
});
