import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { type ExecutionContext } from "ava";
import { expectedRecovery } from "../../../automation/failover/expected.ts";
import type { Mission } from "../../../automation/failover/facts.ts";
import type { Capacity } from "../../../automation/failover/ports.ts";
import { failover } from "../../../automation/failover/runbook.ts";
import { type Emission, rehearse } from "../../../automation/runbook/engine.ts";
import { RunRecord } from "../../../automation/runbook/record.ts";
import { readSettings } from "../../../automation/settings.ts";
import { outputsOf } from "../commands/outputs.ts";
import { FakeWorld, mission, TARGET } from "./fake-world.ts";

test("what may be expected is longer when nodes must start first", async (t) => {
  const expected = await expectedRecovery(outputsOf("dr"), readSettings({}, "/nowhere"));
  t.true(expected !== undefined && expected.warmSeconds > 45 && expected.warmSeconds < 120);
  t.true(expected !== undefined && expected.coldSeconds > expected.warmSeconds + 60);
});

/** What `assess` tells the operator before the go. */
async function told(t: ExecutionContext, changes: Partial<Mission>, capacity?: Capacity): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "dr-expected-"));
  t.teardown(() => rm(directory, { recursive: true }));
  const record = await RunRecord.create(directory, {
    id: "run-1",
    verb: "failover --dry-run",
    target: TARGET,
    now: 1_800_000_000_000,
  });
  await record.update((data) => {
    data.facts = { mission: { ...mission, ...changes } };
  });
  const world = new FakeWorld();
  const { ports } = world;
  const events: Emission[] = [];
  await rehearse({
    nodes: failover.slice(0, 1),
    ports:
      capacity === undefined
        ? ports
        : { ...ports, cluster: { ...ports.cluster, capacity: async () => capacity } },
    record,
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
    guard: async () => {},
    report: async () => {},
    clock: world.clock,
  });
  const done = events.find((event) => event.type === "step" && event.state === "done");
  return done?.type === "step" ? (done.detail ?? "") : "";
}

test("the operator hears it before the go, with and without room on the nodes", async (t) => {
  const expected = { warmSeconds: 53.4, coldSeconds: 190 };
  const room: Capacity = {
    free: { cpu: 8, memory: 16e9 },
    needed: { cpu: 4, memory: 8e9 },
    missingImages: [],
  };
  t.regex(
    await told(t, { expected }, room),
    /; orders may be expected again 53 s after the loss, had the go come at once$/,
  );
  const full = { ...room, free: { cpu: 1, memory: 1e9 } };
  t.regex(await told(t, { expected }, full), /; orders may be expected again 190 s after the loss/);
  t.false((await told(t, {}, room)).includes("expected"));
});
