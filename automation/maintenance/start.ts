/** Halts the platform or lets it go on, from the command to its result. */
import { randomBytes } from "node:crypto";
import type { Context } from "../commands/command.ts";
import type { MaintenanceRequest } from "../commands/maintenance.ts";
import { EXIT, LockedError, RefusedError } from "../errors.ts";
import { systemClock } from "../runbook/clock.ts";
import { conclude, end, unfinished } from "../runbook/conclude.ts";
import type { Execution } from "../runbook/engine.ts";
import { createOutput } from "../runbook/output.ts";
import { RunRecord } from "../runbook/record.ts";
import { flatten } from "../runbook/step.ts";
import { decideResume, decideStillValid } from "./decide.ts";
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
  if (request.action === "disable") {
    const { projectDirectory } = context.settings;
    const begun = async (verb: string) => (await unfinished(projectDirectory, verb)).map(({ data }) => data);
    const refusal = decideResume(await begun("restore"), await begun("journal-rebuild"));
    if (refusal !== undefined) throw new RefusedError(`${refusal}. Nothing was changed`);
  }
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
    await conclude(execution, output, () =>
      mission.maintenance === "on"
        ? {
            verdict: "halted",
            message: `${mission.region} is halted: no write is accepted until toggle-maintenance.sh --disable`,
          }
        : { verdict: "resumed", message: `${mission.region} takes orders` },
    );
  } finally {
    await output.flushed();
  }
  const { standings = [], via } = maintenanceFacts(record.data);
  // With --json the events are the data.
  if (!request.json) for (const standing of standings) context.stdout.write(`${placeOf(standing)}\n`);
  if (via?.how === "direct")
    context.stderr.write("Pulumi's state does not know it yet: run `dr reconcile`\n");
  return EXIT.done;
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
  const before = await unfinished(settings.projectDirectory, VERB);
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
    data.children = before.flatMap((one) => one.data.children);
  });
  for (const one of before) await end(one, "superseded", EXIT.halfway);
  return record;
}
