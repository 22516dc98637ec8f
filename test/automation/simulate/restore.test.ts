/** Restores on the virtual clock: the operator's commands by their own runbooks. */
import test from "ava";
import { disable, enable } from "../../../automation/maintenance/runbook.ts";
import { rebuildRunbook } from "../../../automation/rebuild/runbook.ts";
import { restoreRunbook } from "../../../automation/restore/runbook.ts";
import { flatten, type Node } from "../../../automation/runbook/step.ts";
import { Draws, quantilesOf } from "../../../automation/simulate/draws.ts";
import {
  attemptRestore,
  type Damaged,
  HALT,
  LOOK_OPERATIONS,
  REBUILD,
  RESTORE,
  RESUME,
  type RestoreSetting,
  SEAL_OPERATIONS,
  simulateRestore,
} from "../../../automation/simulate/restore.ts";
import { unmodelled } from "../../../automation/simulate/walk.ts";
import { fence, openWriter, readHead } from "../../../journal/index.ts";
import { countRounds, MemoryTable, memoryJournal } from "../../journal/memory.ts";
import { tableOf } from "./table.ts";

const draw = { runs: 50, seed: 7 };
const setting: RestoreSetting = {
  ...{ shards: 2, instances: 3, records: 4_000, recordsToReplay: 500 },
  testedSeconds: null,
};
/** Everything that takes time by itself takes another power of two. */
const waits = {
  ...{ command: 1, engineStop: 2, maintenanceSwitch: 4, engineResume: 16 },
  ...{ clusterRestore: 32, instanceStart: 64, proofStart: 128, setAside: 256, databaseCutover: 512 },
  ...{ projectorStart: 1_024, tableCreate: 2_048, journalCutover: 4_096 },
};

function stepsOf(
  damaged: Damaged,
  latencies: Parameters<typeof tableOf>[0],
  change: Partial<RestoreSetting> = {},
) {
  const draws = new Draws(1, 0, quantilesOf(tableOf(latencies)));
  const spans = attemptRestore(damaged, { draws, setting: { ...setting, ...change } });
  return Object.fromEntries(spans.map(({ step, start, end }) => [step, end - start]));
}
const total = (
  damaged: Damaged,
  latencies: Parameters<typeof tableOf>[0],
  change: Partial<RestoreSetting> = {},
) => simulateRestore(damaged, { ...setting, ...change }, tableOf(latencies), draw).fromGo.p50;

const RUNBOOKS = { enable, disable, restoreRunbook, rebuildRunbook };
const MODELS = { enable: HALT, disable: RESUME, restoreRunbook: RESTORE, rebuildRunbook: REBUILD };
for (const name of ["enable", "disable", "restoreRunbook", "rebuildRunbook"] as const) {
  test(`every step of ${name} is modelled, and nothing else is`, (t) => {
    t.deepEqual(unmodelled(RUNBOOKS[name], MODELS[name]), []);
  });
}

const named = (verb: string, nodes: readonly Node<never, never>[]) =>
  ["start", ...flatten(nodes).map(({ id }) => id)].map((id) => `${verb}: ${id}`);

test("a restore takes every step of its four commands once, in their order", (t) => {
  t.deepEqual(Object.keys(stepsOf("database", {})), [
    ...named("halt", enable),
    ...named("restore", restoreRunbook),
    ...["validate: start", "validate: validate"],
    ...named("resume", disable),
  ]);
  t.deepEqual(Object.keys(stepsOf("journal", {})), [
    ...named("halt", enable),
    ...named("rebuild", rebuildRunbook),
    ...["validate: start", "validate: validate"],
    ...named("resume", disable),
  ]);
});

test("the time of a restored database is the sum of what its steps wait for", (t) => {
  const { command, maintenanceSwitch, engineResume, clusterRestore, instanceStart, proofStart } = waits;
  const { setAside, databaseCutover, projectorStart } = waits;
  t.is(
    total("database", waits),
    4 * command +
      2 * maintenanceSwitch +
      engineResume +
      clusterRestore +
      instanceStart +
      proofStart +
      setAside +
      databaseCutover +
      projectorStart,
  );
});

test("the time of a rebuilt journal is the sum of what its steps wait for, both stacks' cutovers among them", (t) => {
  const { command, maintenanceSwitch, engineResume, tableCreate, journalCutover } = waits;
  t.is(
    total("journal", waits),
    4 * command + 2 * maintenanceSwitch + engineResume + tableCreate + 2 * journalCutover,
  );
});

test("engines stop while Pulumi sets the switch: the longer of them counts, and the shares say which", (t) => {
  const shares = (engineStop: number) =>
    simulateRestore("database", setting, tableOf({ engineStop, maintenanceSwitch: 5 }), draw).shares.filter(
      ({ seconds }) => seconds > 0,
    );
  t.deepEqual(shares(3), [
    { name: "halt: switch", seconds: 5 },
    { name: "resume: switch", seconds: 5 },
  ]);
  t.deepEqual(shares(7), [
    { name: "halt: drain", seconds: 7 },
    { name: "resume: switch", seconds: 5 },
  ]);
});

test("proofs read the whole journal, a replay only what the database lacks", (t) => {
  const read = stepsOf("database", { readThousand: 1, applyThousand: 10 });
  t.is(read["restore: verify"], 4);
  t.is(read["validate: validate"], 4);
  t.is(read["restore: catch-up"], 5);
  const rebuilt = stepsOf("journal", { readThousand: 1, putThousand: 3 });
  // Shards at once: table and archive, later the fresh table.
  t.is(rebuilt["rebuild: assess"], 4);
  t.is(rebuilt["rebuild: prove"], 2);
  t.is(rebuilt["rebuild: fill"], 6);
});

test("the account's own tested restore counts instead of what is assumed", (t) => {
  const latencies = { clusterRestore: 900 };
  t.is(stepsOf("database", latencies)["restore: restore"], 900);
  t.is(stepsOf("database", latencies, { testedSeconds: 840 })["restore: restore"], 840);
});

test("all instances must be there: three are slower than one", (t) => {
  const latencies = { instanceStart: { uniform: [0, 100] as [number, number] } };
  const median = (instances: number) => total("database", latencies, { instances });
  t.true(median(16) > median(1) + 20);
});

test("own work goes with the host's speed, waits do not", (t) => {
  const table = tableOf({ databaseCutover: 10, tableCreate: 4, clusterRestore: 100 });
  const { databaseCutover, ...rest } = table.latencies;
  const work = { ...table, latencies: { ...rest, databaseCutover: { ...databaseCutover, work: true } } };
  t.is(simulateRestore("database", setting, work, { ...draw, hostFactor: 1.5 }).fromGo.p50, 115);
});

test("a seal and a look at where a shard ends take the operations that the model says, one after the other", async (t) => {
  const memory = new MemoryTable();
  const writer = await openWriter({
    store: memoryJournal(memory),
    shard: 0,
    region: "us-east-1",
    writer: "a",
    window: 4,
  });
  await Promise.all([writer.append("1", 1), writer.append("2", 1)]);
  const { table, rounds } = countRounds(memory);
  const store = memoryJournal(table);
  await readHead(store, 0);
  t.is(rounds(), LOOK_OPERATIONS);
  const by = { region: "us-east-1", generation: 0, reason: "halt", sealer: "run", window: 4 } as const;
  await fence(store, 0, by);
  await readHead(store, 0);
  await readHead(store, 0);
  t.is(rounds(), LOOK_OPERATIONS + SEAL_OPERATIONS);
});
