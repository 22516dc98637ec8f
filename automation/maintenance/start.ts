/** Halts the platform or lets it go on, from the command to its result. */
import { randomBytes } from "node:crypto";
import type { Context } from "../commands/command.ts";
import type { MaintenanceRequest } from "../commands/maintenance.ts";
import { EXIT, exitCodeOf, LockedError, messageOf } from "../errors.ts";
import { writeEvidence } from "../failover/evidence.ts";
import { systemClock } from "../runbook/clock.ts";
import { type Execution, execute } from "../runbook/engine.ts";
import { createOutput, type Output } from "../runbook/output.ts";
import { isAlive } from "../runbook/process.ts";
import { RunRecord } from "../runbook/record.ts";
import { flatten } from "../runbook/step.ts";
import { decideStillValid } from "./decide.ts";
import { type MaintenanceFacts, type MaintenanceMission, maintenanceFacts } from "./facts.ts";
import type { MaintenancePorts } from "./ports.ts";
import { disable, enable } from "./runbook.ts";
import { placeOf } from "./status.ts";
import { type Active, activeRegion, maintenancePorts } from "./world.ts";

const VERB = "maintenance";

export async function runMaintenance(request: MaintenanceRequest, context: Context): Promise<number> {
  const active = await activeRegion(request.region, context.settings);
  const { outputs, journal } = active.world;
  const mission: MaintenanceMission = {
    region: outputs.region,
    maintenance: request.action === "enable" ? "on" : "off",
    generation: active.decision.generation,
    shards: outputs.shards,
    reason: request.reason ?? null,
  };
  const record = await newRecord(context, mission);
  const output = createOutput(context, {
    run: record.data.id,
    json: request.json,
    directory: record.directory,
  });
  const note = (message: string) => output.emit({ type: "note", message });
  const nodes = mission.maintenance === "on" ? enable : disable;
  sayWhatToKnow(active, note);
  output.emit({
    type: "run",
    verb: record.data.verb,
    target: outputs.region,
    resumed: false,
    dryRun: false,
    steps: flatten(nodes).map(({ id, title }) => ({ id, title })),
  });
  const execution: Execution<MaintenancePorts, MaintenanceFacts> = {
    nodes,
    ports: maintenancePorts({ active, record, direct: request.direct, note, context }),
    record,
    emit: output.emit,
    signal: context.signal,
    clock: systemClock,
    guard: async () => {
      const changed = decideStillValid(await journal.decision(), mission);
      if (changed !== undefined) throw new LockedError(changed);
    },
    report: async () => {},
  };
  try {
    return await finish(execution, output, request, context);
  } finally {
    await output.flushed();
  }
}

function sayWhatToKnow({ deployment, decision }: Active, note: (message: string) => void): void {
  if (deployment.stale !== undefined) note(`warning: ${deployment.stale}`);
  if (!decision.finished) note(`warning: failover run ${decision.runId} has not finished`);
}

/**
 * Every step reads before it acts, so a killed run is not resumed but begun again. What it may have left behind is a
 * lock on Pulumi's state: its engines are handed on, so that the lock is known.
 */
async function newRecord({ settings }: Context, mission: MaintenanceMission): Promise<RunRecord> {
  const unfinished = (await RunRecord.all(settings.projectDirectory)).filter(
    ({ data }) => data.verb.startsWith(VERB) && data.finished === null,
  );
  for (const { data } of unfinished) {
    if ((await isAlive(data.owner)) !== true) continue;
    throw new LockedError(`run ${data.id} is at work in process ${data.owner.pid} on this machine`);
  }
  const now = Date.now();
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const action = mission.maintenance === "on" ? "enable" : "disable";
  const record = await RunRecord.create(settings.projectDirectory, {
    id: `${stamp}-${action}-${mission.region}-${randomBytes(2).toString("hex")}`,
    verb: `${VERB} --${action} --region`,
    target: mission.region,
    now,
  });
  await record.update((data) => {
    data.facts = { mission };
    data.children = unfinished.flatMap((before) => before.data.children);
  });
  for (const before of unfinished) {
    await before.update((data) => {
      data.finished = { at: now, verdict: "superseded", exitCode: EXIT.halfway };
    });
  }
  return record;
}

async function finish(
  execution: Execution<MaintenancePorts, MaintenanceFacts>,
  output: Output,
  { json }: MaintenanceRequest,
  { stdout, stderr }: Context,
): Promise<number> {
  const { record } = execution;
  try {
    await execute(execution);
  } catch (error) {
    const exitCode = exitCodeOf(error);
    const isRefused = exitCode === EXIT.refused || exitCode === EXIT.usage || exitCode === EXIT.credentials;
    const verdict = isRefused ? "refused" : "stopped";
    if (isRefused) await end(record, verdict, exitCode);
    await writeEvidence(record);
    output.emit({ type: "result", verdict, exitCode, message: messageOf(error) });
    throw error;
  }
  const facts = maintenanceFacts(record.data);
  const { mission, standings = [] } = facts;
  const verdict = mission?.maintenance === "on" ? "halted" : "resumed";
  await end(record, verdict, EXIT.done);
  const evidence = await writeEvidence(record);
  const message =
    verdict === "halted"
      ? `${mission?.region} is halted: no write is accepted until toggle-maintenance.sh --disable`
      : `${mission?.region} takes orders`;
  output.emit({ type: "result", verdict, exitCode: EXIT.done, message, data: { evidence, facts } });
  // With --json the events are the data.
  if (!json) for (const standing of standings) stdout.write(`${placeOf(standing)}\n`);
  if (facts.via?.how === "direct") stderr.write("Pulumi's state does not know it yet: run `dr reconcile`\n");
  return EXIT.done;
}

async function end(record: RunRecord, verdict: string, exitCode: number): Promise<void> {
  await record.update((data) => {
    data.finished = { at: Date.now(), verdict, exitCode };
  });
}
