/** Rebuilds the halted journal in a fresh table, or goes on where an earlier start ended. */
import { randomBytes } from "node:crypto";
import { incarnatedTableName } from "../../components/names.ts";
import { describeTable } from "../adapters/journal-table.ts";
import type { Context } from "../commands/command.ts";
import type { RebuildRequest } from "../commands/journal.ts";
import { EXIT, LockedError, UsageError } from "../errors.ts";
import { decideStillValid } from "../maintenance/decide.ts";
import { type Active, activeRegion } from "../maintenance/world.ts";
import { systemClock } from "../runbook/clock.ts";
import { conclude, end, unfinished } from "../runbook/conclude.ts";
import { type Execution, rehearse } from "../runbook/engine.ts";
import { createOutput } from "../runbook/output.ts";
import { processIdentity } from "../runbook/process.ts";
import { RunRecord } from "../runbook/record.ts";
import { flatten } from "../runbook/step.ts";
import { type RebuildFacts, type RebuildMission, rebuildFacts } from "./facts.ts";
import type { RebuildPorts } from "./ports.ts";
import { rebuildRunbook } from "./runbook.ts";
import { rebuildPorts } from "./world.ts";

const VERB = "journal-rebuild";

export async function runRebuild(request: RebuildRequest, context: Context): Promise<number> {
  const active = await activeRegion(request.region, context.settings);
  const { region } = active.world.outputs;
  if (request.confirmedRegion !== undefined && request.confirmedRegion !== region) {
    throw new UsageError(
      `--confirm-region ${request.confirmedRegion} is not the active region ${region}: nothing was changed`,
    );
  }
  const record = await openRecord(request, context, active);
  const output = createOutput(context, {
    run: record.data.id,
    json: request.json,
    directory: record.directory,
  });
  const note = (message: string) => output.emit({ type: "note", message });
  if (active.deployment.stale !== undefined) note(`warning: ${active.deployment.stale}`);
  output.emit({
    type: "run",
    verb: VERB,
    target: region,
    resumed: Object.keys(record.data.steps).length > 0,
    dryRun: request.dryRun,
    steps: flatten(rebuildRunbook).map(({ id, title }) => ({ id, title })),
  });
  const ports = await rebuildPorts({ active, record, note, context });
  const execution: Execution<RebuildPorts, RebuildFacts> = {
    nodes: rebuildRunbook,
    ...{ ports, record, emit: output.emit, signal: context.signal, clock: systemClock },
    guard: async (data) => {
      const { mission } = rebuildFacts(data);
      const changed = mission && decideStillValid(await ports.damaged.decision(), mission);
      if (changed !== undefined) throw new LockedError(changed);
    },
    report: async () => {},
  };
  try {
    if (request.dryRun) {
      await rehearse(execution);
      await end(record, "dry-run", EXIT.done);
      output.emit({
        ...{ type: "result", verdict: "dry-run", exitCode: EXIT.done },
        message: "dry run: nothing was changed",
      });
    } else await conclude(execution, output, () => conclusionOf(record));
  } finally {
    await output.flushed();
  }
  return EXIT.done;
}

function conclusionOf({ data }: RunRecord) {
  const { mission } = rebuildFacts(data);
  const message = `the journal is ${mission?.into}; ${mission?.from} is closed for good and kept. Look once more with dr validate, then let the platform go on: toggle-maintenance.sh --disable. Roles that name the table: dr bootstrap`;
  return { verdict: "rebuilt" as const, message };
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
