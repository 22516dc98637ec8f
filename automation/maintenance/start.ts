/** Halts the platform or lets it go on, from the command to its result. */
import { randomBytes } from "node:crypto";
import type { Context } from "../commands/command.ts";
import type { MaintenanceRequest } from "../commands/maintenance.ts";
import { EXIT, RefusedError } from "../errors.ts";
import { type Conclusion, end, unfinished } from "../runbook/conclude.ts";
import { RunRecord } from "../runbook/record.ts";
import { decideResume } from "./decide.ts";
import { type MaintenanceFacts, type MaintenanceMission, maintenanceFacts } from "./facts.ts";
import type { MaintenancePorts } from "./ports.ts";
import { disable, enable } from "./runbook.ts";
import { runSession } from "./session.ts";
import { placeOf } from "./status.ts";
import { activeRegion, maintenancePorts } from "./world.ts";

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
  const { decision } = active;
  await runSession<MaintenancePorts, MaintenanceFacts>(
    {
      ...{ verb: record.data.verb, active, record, json: request.json },
      nodes: mission.maintenance === "on" ? enable : disable,
      warnings: decision.finished ? [] : [`failover run ${decision.runId} has not finished`],
      ports: (of) => maintenancePorts(of, request.direct),
      decision: () => journal.decision(),
      conclusion: () => conclusionOf(mission),
    },
    context,
  );
  const { standings = [], via } = maintenanceFacts(record.data);
  // With --json the events are the data.
  if (!request.json) for (const standing of standings) context.stdout.write(`${placeOf(standing)}\n`);
  if (via?.how === "direct")
    context.stderr.write("Pulumi's state does not know it yet: run `dr reconcile`\n");
  return EXIT.done;
}

const conclusionOf = ({ maintenance, region }: MaintenanceMission): Conclusion =>
  maintenance === "on"
    ? {
        verdict: "halted",
        message: `${region} is halted: no write is accepted until toggle-maintenance.sh --disable`,
      }
    : { verdict: "resumed", message: `${region} takes orders` };

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
