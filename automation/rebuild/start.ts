/** Rebuilds the halted journal in a fresh table, or goes on where an earlier start ended. */
import { randomBytes } from "node:crypto";
import { incarnatedTableName } from "../../components/names.ts";
import { describeTable } from "../adapters/journal-table.ts";
import type { Context } from "../commands/command.ts";
import type { RebuildRequest } from "../commands/journal.ts";
import { EXIT } from "../errors.ts";
import { checkConfirmed, runSession } from "../maintenance/session.ts";
import { type Active, activeRegion } from "../maintenance/world.ts";
import { type Conclusion, unfinished } from "../runbook/conclude.ts";
import { processIdentity } from "../runbook/process.ts";
import { RunRecord } from "../runbook/record.ts";
import { type RebuildFacts, type RebuildMission, rebuildFacts } from "./facts.ts";
import type { RebuildPorts } from "./ports.ts";
import { rebuildRunbook } from "./runbook.ts";
import { rebuildPorts } from "./world.ts";

const VERB = "journal-rebuild";

export async function runRebuild(request: RebuildRequest, context: Context): Promise<number> {
  const active = await activeRegion(request.region, context.settings);
  checkConfirmed(active, request.confirmedRegion);
  const record = await openRecord(request, context, active);
  await runSession<RebuildPorts, RebuildFacts>(
    {
      ...{ verb: VERB, active, record, nodes: rebuildRunbook, json: request.json, dryRun: request.dryRun },
      ports: rebuildPorts,
      // Of the table that this run closes: the fresh one may not know the decision yet.
      decision: ({ damaged }) => damaged.decision(),
      conclusion: () => conclusionOf(record),
    },
    context,
  );
  return EXIT.done;
}

function conclusionOf({ data }: RunRecord): Conclusion {
  const { mission } = rebuildFacts(data);
  const message = `the journal is ${mission?.into}; ${mission?.from} is closed for good and kept. Look once more with dr validate, then let the platform go on: toggle-maintenance.sh --disable. Roles that name the table: dr bootstrap`;
  return { verdict: "rebuilt", message };
}

/** The unfinished run, or a new one. */
async function openRecord(
  { confirmedRegion, dryRun }: RebuildRequest,
  { settings: { projectDirectory } }: Context,
  active: Active,
): Promise<RunRecord> {
  const confirmation = confirmedRegion === undefined ? "ask" : "given";
  if (dryRun) return await create(`${VERB} --dry-run`, projectDirectory, active, confirmation);
  const [begun] = await unfinished(projectDirectory, VERB);
  if (begun === undefined) return await create(VERB, projectDirectory, active, confirmation);
  const owner = await processIdentity(process.pid);
  await begun.update((data) => {
    data.owner = owner;
    data.facts["mission"] = { ...(data.facts["mission"] as RebuildMission), confirmation };
  });
  return begun;
}

async function create(
  verb: string,
  projectDirectory: string,
  { world, decision }: Active,
  confirmation: RebuildMission["confirmation"],
): Promise<RunRecord> {
  const { region, journalTable: from, journalIncarnation, shards } = world.outputs;
  const now = Date.now();
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const base = from.replace(new RegExp(`-r${journalIncarnation}$`), "");
  let incarnation = journalIncarnation + 1;
  while ((await describeTable(world.clients.dynamodb, incarnatedTableName(base, incarnation))) !== undefined)
    incarnation += 1;
  const record = await RunRecord.create(projectDirectory, {
    id: `${stamp}-${VERB}-${region}-${randomBytes(2).toString("hex")}`,
    verb,
    target: region,
    now,
  });
  const { generation } = decision;
  const into = incarnatedTableName(base, incarnation);
  const mission: RebuildMission = { region, generation, shards, incarnation, from, into, confirmation };
  await record.update((data) => {
    data.facts = { mission };
  });
  return record;
}
