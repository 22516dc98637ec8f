import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { FenceError, HalfwayError, LockedError } from "../../../automation/errors.ts";
import { decideStillValid } from "../../../automation/maintenance/decide.ts";
import { maintenanceFacts } from "../../../automation/maintenance/facts.ts";
import type { MaintenancePorts } from "../../../automation/maintenance/ports.ts";
import { disable, enable } from "../../../automation/maintenance/runbook.ts";
import { execute } from "../../../automation/runbook/engine.ts";
import { RunRecord } from "../../../automation/runbook/record.ts";
import { outline } from "../../../automation/runbook/step.ts";
import type { OnOff } from "../../../components/model.ts";
import { mortal } from "../failover/fake-world.ts";
import { FakePlatform, HERE, mission } from "./fake-world.ts";

// Thousands of fsyncs: on a disk they would be the whole test.
const scratch = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

async function newRecord(t: ExecutionContext, maintenance: OnOff, id = "run-1"): Promise<RunRecord> {
  const directory = mkdtempSync(path.join(scratch, "dr-halt-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const record = await RunRecord.create(directory, { id, verb: "maintenance", target: HERE, now: 0 });
  await record.update((data) => {
    data.facts = { mission: mission(maintenance) };
  });
  return record;
}

async function run(
  t: ExecutionContext,
  world: FakePlatform,
  maintenance: OnOff,
  { record, ports = world.ports }: { readonly record?: RunRecord; readonly ports?: MaintenancePorts } = {},
): Promise<RunRecord> {
  const mine = record ?? (await newRecord(t, maintenance));
  await execute({
    nodes: maintenance === "on" ? enable : disable,
    ...{ ports, record: mine, clock: world.clock },
    emit: () => {},
    signal: new AbortController().signal,
    guard: async () => {
      const changed = decideStillValid(await ports.journal.decision(), mission(maintenance));
      if (changed !== undefined) throw new LockedError(changed);
    },
    report: async () => {},
  });
  return mine;
}

const detail = (record: RunRecord, step: string) => record.data.steps[step]?.detail;

test("the seal stands first: only then the switch, and then what clients see", (t) => {
  t.deepEqual(outline(enable), [
    "1. assess: see how every shard stands",
    "2. halt: seal every shard: nobody may write any more",
    "at the same time:",
    "  3. drain: engines answer what is in the journal, checkpoint and stop",
    "and:",
    "  4. switch: set maintenance in the stack's config and deploy that one control item",
    "  5. closed: the public name refuses writes: 503, maintenance, Retry-After",
  ]);
  t.deepEqual(outline(disable), [
    "1. assess: see how every shard stands",
    "2. resume: seal over the halt of every shard: engines may write again",
    "3. restart: engines load checkpoint and tail, and prove it against the journal",
    "4. switch: set maintenance in the stack's config and deploy that one control item",
    "5. open: an order on a reserved instrument of every shard, by the public name",
  ]);
});

test("enabled, enabled again, disabled, disabled again: each act once", async (t) => {
  const world = new FakePlatform();
  const first = await run(t, world, "on");
  t.deepEqual(world.acts, ["halt 0", "halt 1", "switch on"]);
  t.is(detail(first, "halt"), "2 shard(s) halted at 40, 40");
  t.is(detail(first, "drain"), "2 engine(s) stopped, 2 with a checkpoint at the seal");
  t.is(detail(first, "closed"), "2 address(es) answer 503 maintenance, the public name's among them");
  const second = await run(t, world, "on");
  t.is(detail(second, "assess"), "us-east-1 is active (generation 3), 2 of 2 shard(s) halted");
  t.is(second.data.steps["switch"]?.state, "already-done");
  t.is(maintenanceFacts(second.data).standings?.[0]?.halt?.by, "run-1");
  await run(t, world, "off");
  await run(t, world, "off");
  t.deepEqual(world.acts.slice(3), [
    "resume 0",
    "resume 1",
    "switch off",
    "smoke 0",
    "smoke 1",
    "smoke 0",
    "smoke 1",
  ]);
});

test("killed at any call, before or after its effect, the same command finishes", async (t) => {
  for (const maintenance of ["on", "off"] as const) {
    const start = async () => {
      const world = new FakePlatform();
      if (maintenance === "off") await run(t, world, "on");
      world.acts.splice(0);
      return world;
    };
    const counting = await start();
    const counted = mortal(counting.ports, { call: 0, after: false }, () => {});
    await run(t, counting, maintenance, { ports: counted.ports });
    t.true(counted.calls() > 12, `${counted.calls()} calls`);
    for (let call = 1; call <= counted.calls(); call++) {
      for (const after of [false, true]) {
        const at = `${maintenance}, call ${call}, ${after ? "after" : "before"} its effect`;
        const world = await start();
        const record = await newRecord(t, maintenance);
        const file = path.join(record.directory, "record.json");
        let atDeath = "";
        const { ports } = mortal(world.ports, { call, after }, () => {
          atDeath = readFileSync(file, "utf8");
          world.clock.dead = true;
        });
        await t.throwsAsync(run(t, world, maintenance, { record, ports }), undefined, at);
        writeFileSync(file, atDeath);
        world.clock.dead = false;
        await run(t, world, maintenance);
        t.deepEqual(
          [world.control, world.deployed, world.written],
          [maintenance, maintenance, maintenance],
          at,
        );
        t.is(world.halted.size, maintenance === "on" ? 2 : 0, at);
        const seal = maintenance === "on" ? "halt" : "resume";
        t.deepEqual([world.count(`${seal} 0`), world.count(`${seal} 1`)], [1, 1], at);
      }
    }
  }
});

test("a shard that cannot be sealed: 14, the halt is not proven, and no switch is touched", async (t) => {
  const world = new FakePlatform();
  world.unreachable.add(1);
  await t.throwsAsync(run(t, world, "on"), {
    instanceOf: FenceError,
    message:
      "the halt is not proven, writes may still be accepted: shard 1: no answer within 60 s. The same command tries again",
  });
  t.deepEqual(world.acts, ["halt 0"]);
  world.unreachable.clear();
  await run(t, world, "on");
  t.deepEqual(world.acts, ["halt 0", "halt 1", "switch on"]);
});

test("a seal that did not hold is seen from outside: 14", async (t) => {
  const world = new FakePlatform();
  const { journal, ...others } = world.ports;
  const ports = {
    ...others,
    journal: { ...journal, seal: (shard: number) => journal.standings().then((all) => all[shard] as never) },
  };
  await t.throwsAsync(run(t, world, "on", { ports }), {
    instanceOf: FenceError,
    message:
      "the halt is not proven, writes may still be accepted: shard 0 takes orders; shard 1 takes orders. The same command tries again",
  });
});

test("an engine that does not answer is named and not waited for beyond 15 s", async (t) => {
  const world = new FakePlatform();
  world.frozen.add(1);
  const began = world.clock.now;
  const record = await run(t, world, "on");
  t.is(
    detail(record, "drain"),
    "not known to have stopped: engine 1 is unreachable. The seal keeps them from writing; the next start replays from an older checkpoint",
  );
  t.deepEqual(maintenanceFacts(record.data).silentEngines, ["engine 1 is unreachable"]);
  t.true(world.clock.now - began < 20_000);
});

test("a public name that does not say maintenance is not done: 13, and the halt stands", async (t) => {
  const world = new FakePlatform();
  world.answers = [
    { resolver: "r", address: "10.0.0.1", status: 503, said: "maintenance", retryAfter: "5" },
    { resolver: "r", address: "10.0.0.2", status: 201, said: "accepted", retryAfter: null },
  ];
  await t.throwsAsync(run(t, world, "on"), {
    instanceOf: HalfwayError,
    message:
      "step closed failed: gave up after 60 s waiting for the public name to say maintenance: 10.0.0.2 answers 201 accepted. The same command resumes",
  });
  t.is(world.halted.size, 2);
});

test("without Pulumi the switch is set by API; the next time Pulumi's state is still behind, and it is set again", async (t) => {
  const world = new FakePlatform();
  world.direct = true;
  const record = await run(t, world, "on");
  t.is(detail(record, "switch"), "maintenance is on, by API (no Pulumi CLI)");
  t.deepEqual(maintenanceFacts(record.data).via, { how: "direct", reason: "no Pulumi CLI" });
  world.direct = false;
  await run(t, world, "on");
  t.is(world.deployed, "on");
});

test("another decision meanwhile ends the run: 75, and no shard is sealed for a region that is not active any more", async (t) => {
  const world = new FakePlatform();
  world.decision = { generation: 4, active: "us-west-2", runId: "run-9", finished: false };
  await t.throwsAsync(run(t, world, "on"), {
    instanceOf: LockedError,
    message: "generation 4 (us-west-2 active) was decided meanwhile by run run-9: give the command again",
  });
  t.deepEqual(world.acts, []);
});
